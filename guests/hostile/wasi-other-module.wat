;; attack: imports a function of WASI from an older module
;; expect: load A19 wasi_unstable.proc_exit
(module
  (import "wasi_unstable" "proc_exit" (func (param i32)))
  (memory (export "memory") 1024 1024 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0)))
