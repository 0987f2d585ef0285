;; attack: declares an entry that is not exported
;; expect: load A29 attack
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (@custom "ampoule.schema" "\01\01\06attack\01T\13\01T\13"))
