;; attack: takes its memory from the host
;; expect: load A18 host.memory
(module
  (import "host" "memory" (memory 1))
  (export "memory" (memory 0))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64)))
