;; attack: has a table of 64-bit indices
;; expect: load A10 limits flags
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (table i64 1 funcref))
