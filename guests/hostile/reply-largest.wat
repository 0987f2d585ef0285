;; attack: answers the largest length
;; expect: call F07 2147483647 bytes
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x7fffffff))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
