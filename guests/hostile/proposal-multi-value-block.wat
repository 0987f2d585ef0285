;; attack: has a block of two results
;; expect: load A09 2 results of a type
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (block (result i32 i32) (i32.const 0) (i32.const 0)) drop drop
    (i64.const 0)))
