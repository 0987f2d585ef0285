;; attack: answers an outcome whose success is 2
;; expect: call F08 a tag
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 128) "\02\00\00")
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x80_0000_0003))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
