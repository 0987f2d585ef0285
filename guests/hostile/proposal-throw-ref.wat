;; attack: throws an exception again
;; expect: load A10 operator 0x0a
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (throw_ref)
    (i64.const 0)))
