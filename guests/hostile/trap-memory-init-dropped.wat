;; attack: initializes memory from a dropped segment
;; expect: call F03 memory access out of bounds
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data "abc")
  (func (export "attack") (param $length i32) (result i64)
    (data.drop 0)
    (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1))
    (i64.const 0))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
