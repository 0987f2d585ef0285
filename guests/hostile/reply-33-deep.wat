;; attack: answers lists one deeper than is allowed
;; expect: call F08 deeper than 32
;; reply: value
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 128) "\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\06\01\00")
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x80_0000_0043))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
