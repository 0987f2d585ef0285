;; attack: answers ampoule_init with all ones
;; expect: load F05
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "ampoule_init") (param $length i32) (result i64)
    (i64.const -1)))
