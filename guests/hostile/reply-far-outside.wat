;; attack: answers from the largest address
;; expect: call F06 at 2147483647
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x7fffffff_00000001))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
