;; attack: reads a local that is not there
;; expect: load A31
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (drop (local.get 9))
    (i64.const 0)))
