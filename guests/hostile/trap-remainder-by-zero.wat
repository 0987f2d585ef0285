;; attack: takes a remainder by zero
;; expect: call F03 division by zero
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.rem_s (i64.const 1) (i64.extend_i32_u (local.get $length))))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
