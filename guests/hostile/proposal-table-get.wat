;; attack: reads its table
;; expect: load A10 operator 0x25
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (table 1 funcref)
  (func (export "attack") (param $length i32) (result i64)
    (drop (table.get 0 (i32.const 0)))
    (i64.const 0)))
