;; attack: fills more memory in one operator than its budget pays for
;; expect: call F01
;; limits: MICRO call_fuel=200
(module
  (memory (export "memory") 16384 16384 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (memory.fill (i32.const 0) (i32.const 7) (i32.const 16384))
    (i64.const 0))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
