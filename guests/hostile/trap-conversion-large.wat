;; attack: converts a number that is too large
;; expect: call F03 overflow
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.trunc_f64_s (f64.const 1e300)))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
