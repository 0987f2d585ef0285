;; attack: answers bytes of which the half lies outside
;; expect: call F06 16 bytes at 248
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0xf8_0000_0010))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
