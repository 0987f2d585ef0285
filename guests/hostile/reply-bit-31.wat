;; attack: answers a length of 32 bits
;; expect: call F05 0x0000000080000000
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x80000000))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
