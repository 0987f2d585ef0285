;; attack: declares types that name each other
;; expect: load A10 type form
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (rec (type (func)) (type (func))))
