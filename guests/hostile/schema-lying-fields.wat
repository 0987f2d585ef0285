;; attack: claims 4,294,967,295 fields
;; expect: load A27 the bytes end
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (@custom "ampoule.schema" "\01\01\06attack\01T\1a\ff\ff\ff\ff\0f")
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0)))
