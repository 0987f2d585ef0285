;; attack: imports a function that WASI does not have
;; expect: load A19 wasi_snapshot_preview1.proc_exec
(module
  (import "wasi_snapshot_preview1" "proc_exec" (func (param i32)))
  (memory (export "memory") 1024 1024 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0)))
