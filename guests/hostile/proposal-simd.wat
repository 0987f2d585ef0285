;; attack: uses vectors
;; expect: load A10 operator 0xfd
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (drop (v128.const i32x4 0 0 0 0))
    (i64.const 0)))
