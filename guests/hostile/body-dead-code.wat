;; attack: has code behind a return that takes operands from nowhere
;; expect: call ok
;; reply: unit
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (return (i64.const 0))
    i32.add
    drop
    i64.mul))
