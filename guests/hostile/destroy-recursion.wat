;; attack: calls itself for ever when it is unloaded
;; expect: unload F02
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func $f (export "ampoule_destroy") (param i32) (result i64)
    (call $f (local.get 0))))
