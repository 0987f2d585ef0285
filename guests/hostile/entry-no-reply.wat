;; attack: exports an entry without a reply
;; expect: load A21 attack
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param i32)))
