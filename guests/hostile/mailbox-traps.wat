;; attack: traps when asked for its mailbox
;; expect: load F03 unreachable
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (unreachable)))
