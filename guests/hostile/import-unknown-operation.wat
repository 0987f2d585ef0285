;; attack: asks the host to exit
;; expect: load A19 ampoule.exit
(module
  (import "ampoule" "exit" (func (param i32)))
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64)))
