;; attack: has two metas, a good one and another
;; expect: load A24
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (@custom "ampoule.meta" "\01\01a\051.0.0\00\00"))
