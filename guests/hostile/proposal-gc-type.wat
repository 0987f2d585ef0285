;; attack: declares a struct
;; expect: load A10 type form
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (type (struct (field i32))))
