;; attack: calls itself for ever when asked for its mailbox
;; expect: load F02
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func $f (export "ampoule_mailbox") (result i64) (call $f)))
