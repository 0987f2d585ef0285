;; attack: exports a global called ampoule_mailbox
;; expect: load A22
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (global (export "ampoule_mailbox") i64 (i64.const 64)))
