;; attack: has a mailbox of another type
;; expect: load A21 ampoule_mailbox
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (param i32) (result i64) (i64.const 64)))
