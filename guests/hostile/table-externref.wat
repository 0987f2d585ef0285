;; attack: has a table of host references
;; expect: load A10 table element type
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (table 1 externref))
