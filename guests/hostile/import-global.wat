;; attack: takes a global from the host
;; expect: load A18 host.stack
(module
  (import "host" "stack" (global i32))
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64)))
