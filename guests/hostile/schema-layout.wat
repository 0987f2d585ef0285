;; attack: has a schema of the next layout
;; expect: load A27
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (@custom "ampoule.schema" "\02\00"))
