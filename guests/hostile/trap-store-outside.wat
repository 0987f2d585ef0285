;; attack: stores behind its memory
;; expect: call F03 memory access out of bounds
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.store (i32.const 249) (i64.const 0))
    (i64.const 0))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
