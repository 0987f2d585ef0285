;; attack: has a name that clears the operator's screen
;; expect: load A26 the name
;; meta: none
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (@custom "ampoule.meta" "\01\05a\1b[2J\051.0.0\00\00"))
