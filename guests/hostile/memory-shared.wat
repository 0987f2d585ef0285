;; attack: shares its memory with threads
;; expect: load A10 limits flags
(module
  (memory (export "memory") 1 1 shared)
  (func (export "ampoule_mailbox") (result i64) (i64.const 64)))
