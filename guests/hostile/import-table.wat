;; attack: takes its table from the host
;; expect: load A18 host.table
(module
  (import "host" "table" (table 1 funcref))
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64)))
