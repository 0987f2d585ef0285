;; attack: has an ampoule_init of another type
;; expect: load A21 ampoule_init
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "ampoule_init")))
