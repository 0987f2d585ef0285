;; attack: answers a message inside a message, which stays bytes
;; expect: call ok
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 128) "\01\05\03\06\ff\ff\00")
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x80_0000_0007))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
