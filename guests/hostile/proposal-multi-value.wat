;; attack: has a function of two results
;; expect: load A09 2 results of a type
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (result i32 i32) (i32.const 0) (i32.const 0)))
