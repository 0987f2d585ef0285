;; attack: answers a tag that runs on
;; expect: call F08 a number runs on
;; reply: value
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 128) "\ff\ff\ff\ff\ff\ff")
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x80_0000_0006))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
