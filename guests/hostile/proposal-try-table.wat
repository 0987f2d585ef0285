;; attack: catches all exceptions
;; expect: load A10 operator 0x1f
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (block (try_table (catch_all 0)))
    (i64.const 0)))
