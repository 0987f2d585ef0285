;; attack: addresses memory with 64 bits
;; expect: load A10 limits flags
(module
  (memory (export "memory") i64 1 1)
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.load (i64.const 0))))
