;; attack: fails with a message that turns the line around
;; expect: call C04 code 100: �txt.exe
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 128) "\64\0a\e2\80\aetxt.exe")
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x80000080_0000000c))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
