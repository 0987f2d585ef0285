;; attack: has no mailbox
;; expect: load A22
(module
  (memory (export "memory") 256 256 (pagesize 1)))
