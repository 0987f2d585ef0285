;; attack: declares an entry that clears the screen
;; expect: load A27
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (@custom "ampoule.schema" "\01\01\04\1b[2J\01T\13\01T\13"))
