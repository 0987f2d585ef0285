;; attack: has a mailbox larger than a message may be
;; expect: call C01 the mailbox takes 8
;; request: longer than eight
;; limits: MICRO message_bytes=8
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 256))
  (func (export "attack") (param $length i32) (result i64)
    (unreachable))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
