;; attack: has a block with a vector as its result
;; expect: load A10 block type
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (block (result v128) (unreachable)) drop
    (i64.const 0)))
