;; attack: answers a text in no encoding
;; expect: call F08 UTF-8
;; reply: text
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 128) "\02\ff\fe")
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x80_0000_0003))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
