;; attack: answers a byte behind its memory
;; expect: call F06 1 bytes at 256
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x100_0000_0001))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
