;; attack: traps in ampoule_init
;; expect: load F03 unreachable
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "ampoule_init") (param $length i32) (result i64)
    (unreachable)))
