;; attack: loops for ever when it is unloaded
;; expect: unload F01 100000
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "ampoule_destroy") (param $length i32) (result i64)
    (loop (br 0))
    (unreachable)))
