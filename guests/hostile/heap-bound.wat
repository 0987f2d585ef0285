;; attack: asks for all the heap as its memory, which leaves none for its code
;; expect: load A30 largest part memory
;; limits: MICRO heap_bytes=65536
(module
  (memory (export "memory") 1 1)
  (func (export "ampoule_mailbox") (result i64) (i64.const 64)))
