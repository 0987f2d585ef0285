;; attack: imports panic with an argument more
;; expect: load A20 ampoule.panic
(module
  (import "ampoule" "panic" (func (param i32 i32 i32)))
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64)))
