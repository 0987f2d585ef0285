;; attack: has two memories
;; expect: load A09 2 memories
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (memory 1))
