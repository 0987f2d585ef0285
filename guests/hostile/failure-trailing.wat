;; attack: fails with a byte too much
;; expect: call F09 1 bytes are left
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 128) "\64\01a\00")
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x80000080_00000004))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
