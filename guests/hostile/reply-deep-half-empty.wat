;; attack: answers lists of an empty list and a deeper one
;; expect: call ok
;; reply: value
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 128) "\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\02\06\00\06\00")
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x80_0000_007e))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
