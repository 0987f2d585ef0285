;; attack: grows its table
;; expect: load A10 operator
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (table 1 funcref)
  (func (export "attack") (param $length i32) (result i64)
    (drop (table.grow 0 (ref.null func) (i32.const 1)))
    (i64.const 0)))
