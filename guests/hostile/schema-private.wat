;; attack: declares the mailbox as an entry
;; expect: load A29 ampoule_mailbox
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (@custom "ampoule.schema" "\01\01\0fampoule_mailbox\01T\13\01T\13"))
