;; attack: has bytes behind its schema
;; expect: load A27 2 bytes are left
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (@custom "ampoule.schema" "\01\01\06attack\01T\13\01T\13\00\00")
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0)))
