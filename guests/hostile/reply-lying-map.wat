;; attack: answers a map of 4,294,967,295 pairs
;; expect: call F08 the bytes end
;; reply: value
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 128) "\07\ff\ff\ff\ff\0f\01a\00")
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x80_0000_0009))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
