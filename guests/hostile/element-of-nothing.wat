;; attack: puts a function that is not there into its table
;; expect: load A31
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (table 2 funcref)
  (elem (i32.const 0) 99))
