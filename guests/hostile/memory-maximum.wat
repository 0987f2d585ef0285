;; attack: may grow to 4 GiB
;; expect: load A15 4294967296
(module
  (memory (export "memory") 0 65536)
  (func (export "ampoule_mailbox") (result i64) (i64.const 64)))
