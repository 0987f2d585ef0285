;; attack: exits instead of telling its mailbox
;; expect: load F14 code 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1024 1024 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64)
    (call $exit (i32.const 1))
    (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0)))
