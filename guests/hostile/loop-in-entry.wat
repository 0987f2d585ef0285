;; attack: loops for ever
;; expect: call F01 1000000
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (loop (br 0))
    (unreachable))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
