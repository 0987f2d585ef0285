;; attack: names the section in capitals
;; expect: load A23
;; meta: none
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (@custom "AMPOULE.META" "\01\01a\051.0.0\00\00"))
