;; attack: throws an exception
;; expect: load A08 section 13
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (tag $t)
  (func (export "attack") (param $length i32) (result i64)
    (throw $t)))
