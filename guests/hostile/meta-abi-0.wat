;; attack: speaks an ABI before the first
;; expect: load A25 ABI 0
;; meta: none
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (@custom "ampoule.meta" "\00"))
