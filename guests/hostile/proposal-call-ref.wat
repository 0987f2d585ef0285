;; attack: calls a reference
;; expect: load A10 operator
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (type $t (func))
  (func (export "attack") (param $length i32) (result i64)
    (call_ref $t (ref.null $t))
    (i64.const 0)))
