;; attack: may grow its table to 4,294,967,295 elements, but has no operator for it
;; expect: call ok
;; reply: unit
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (table 1 4294967295 funcref)
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0)))
