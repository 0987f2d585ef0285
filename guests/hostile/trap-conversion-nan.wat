;; attack: converts no number to an integer
;; expect: call F03 conversion
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.trunc_f64_s (f64.const nan)))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
