;; attack: has a table of 10,000,000 elements
;; expect: load A16 10000000
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (table 10000000 funcref))
