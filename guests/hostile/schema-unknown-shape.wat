;; attack: has a type of an unknown shape
;; expect: load A27 a tag
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (@custom "ampoule.schema" "\01\01\06attack\01T\1d\01T\13")
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0)))
