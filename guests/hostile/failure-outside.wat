;; attack: fails with bytes outside its memory
;; expect: call F06 at 4096
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x80001000_00000004))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
