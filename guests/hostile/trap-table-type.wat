;; attack: calls an element of another type
;; expect: call F03 another type
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (type $t (func))
  (table 2 funcref)
  (elem (i32.const 0) $g)
  (func $g (param f64))
  (func (export "attack") (param $length i32) (result i64)
    (call_indirect (type $t) (i32.const 0))
    (i64.const 0))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
