;; attack: has a function that takes a vector
;; expect: load A10 value type
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (param v128)))
