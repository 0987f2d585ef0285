;; attack: starts with 2 pages
;; expect: load A14 131072
(module
  (memory (export "memory") 2)
  (func (export "ampoule_mailbox") (result i64) (i64.const 64)))
