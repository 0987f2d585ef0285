;; attack: divides the least number by -1
;; expect: call F03 integer overflow
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.div_s (i64.const 0x8000000000000000) (i64.sub (i64.extend_i32_u (local.get $length)) (i64.const 1))))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
