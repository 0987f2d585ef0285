;; attack: puts functions at the end of 32 bits
;; expect: load A17 table
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (table 2 funcref)
  (func $f)
  (elem (i32.const -1) $f $f))
