;; attack: calls a function that is not there
;; expect: load A07
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (call 99)
    (i64.const 0)))
