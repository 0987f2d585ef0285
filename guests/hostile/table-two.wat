;; attack: has two tables
;; expect: load A09 2 tables
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (table 1 funcref)
  (table 1 funcref))
