;; attack: calls itself for ever in ampoule_init
;; expect: load F02
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func $f (export "ampoule_init") (param i32) (result i64)
    (call $f (local.get 0))))
