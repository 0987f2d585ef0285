;; attack: has a name that climbs out of a folder
;; expect: load A26 the name
;; meta: none
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (@custom "ampoule.meta" "\01\08../../ab\051.0.0\00\00"))
