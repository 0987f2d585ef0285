;; attack: answers a map with a name in no encoding
;; expect: call F08 UTF-8
;; reply: value
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 128) "\07\01\01\ff\00")
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x80_0000_0005))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
