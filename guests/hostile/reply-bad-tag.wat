;; attack: answers a value of an unknown tag
;; expect: call F08 a tag
;; reply: value
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 128) "\08")
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x80_0000_0001))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
