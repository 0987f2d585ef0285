;; attack: starts with the largest memory
;; expect: load A14 4294967296
(module
  (memory (export "memory") 65536)
  (func (export "ampoule_mailbox") (result i64) (i64.const 64)))
