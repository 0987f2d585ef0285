;; attack: has an _initialize that takes something
;; expect: load A21 _initialize
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "_initialize") (param i32)))
