;; attack: has a block of one parameter
;; expect: load A10 block type
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i32.const 0) (block (param i32) drop)
    (i64.const 0)))
