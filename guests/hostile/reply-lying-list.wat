;; attack: answers a list of 4,294,967,295 values
;; expect: call F08 the bytes end
;; reply: value
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 128) "\06\ff\ff\ff\ff\0f\00\00")
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x80_0000_0008))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
