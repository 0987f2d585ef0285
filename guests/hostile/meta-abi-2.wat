;; attack: speaks the next ABI
;; expect: load A25 ABI 2
;; meta: none
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (@custom "ampoule.meta" "\02\ff\ff"))
