;; attack: has escape codes in its author
;; expect: load A26 the author
;; meta: none
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (@custom "ampoule.meta" "\01\01a\051.0.0\00\04\1b[0m"))
