;; attack: has a passive element segment
;; expect: load A10 element segment kind
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (table 2 funcref)
  (func $f)
  (elem func $f))
