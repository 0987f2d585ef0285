;; attack: answers more than a message may have
;; expect: call F07 9 bytes, 8 are allowed
;; limits: MICRO message_bytes=8
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 9))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
