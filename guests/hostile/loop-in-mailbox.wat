;; attack: loops for ever when asked for its mailbox
;; expect: load F01
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (loop (br 0)) (unreachable)))
