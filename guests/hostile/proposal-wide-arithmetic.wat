;; attack: multiplies into 128 bits
;; expect: load A10 operator 0xfc
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.mul_wide_u (i64.const 1) (i64.const 1)) drop drop
    (i64.const 0)))
