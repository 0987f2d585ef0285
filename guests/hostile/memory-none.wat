;; attack: has no memory
;; expect: load A12
(module
  (func (export "ampoule_mailbox") (result i64) (i64.const 64)))
