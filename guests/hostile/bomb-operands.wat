;; attack: piles up 300 operands
;; expect: load A09 operands in a function
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0 i32.const 0
    unreachable))
