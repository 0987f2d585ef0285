;; attack: answers an error with escape codes; the caller shows it quoted
;; expect: call ok
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 128) "\00\00\01\04\1b[2J")
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x80_0000_0008))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
