;; attack: traps when it is unloaded
;; expect: unload F03 unreachable
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "ampoule_destroy") (param $length i32) (result i64)
    (unreachable)))
