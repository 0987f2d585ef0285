;; attack: fails with more than a message may have
;; expect: call F07 10243 bytes, 4096
(module
  (memory (export "memory") 16384 16384 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x80000080_00002803))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
