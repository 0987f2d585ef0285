;; attack: loops for ever on a condition that holds
;; expect: call F01
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (loop (br_if 0 (i32.const 1)))
    (i64.const 0))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
