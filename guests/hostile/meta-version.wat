;; attack: has no semantic version
;; expect: load A26 the version
;; meta: none
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (@custom "ampoule.meta" "\01\01a\06latest\00\00"))
