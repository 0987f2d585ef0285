;; attack: exports an entry of another type
;; expect: load A21 attack
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param i64) (result i64) (local.get 0)))
