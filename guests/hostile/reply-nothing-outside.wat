;; attack: answers nothing from behind its memory
;; expect: call F06 0 bytes at 257
;; reply: unit
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x101_0000_0000))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
