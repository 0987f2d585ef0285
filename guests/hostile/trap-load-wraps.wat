;; attack: loads from an address and an offset that wrap around 32 bits
;; expect: call F03 memory access out of bounds
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.load offset=0xffffffff (i32.const 9)))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
