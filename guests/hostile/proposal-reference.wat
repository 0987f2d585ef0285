;; attack: makes a reference
;; expect: load A10 operator 0xd0
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (drop (ref.null func))
    (i64.const 0)))
