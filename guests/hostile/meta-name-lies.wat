;; attack: claims a name of 4 GiB
;; expect: load A26
;; meta: none
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (@custom "ampoule.meta" "\01\ff\ff\ff\ff\0fab"))
