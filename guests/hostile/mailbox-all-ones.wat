;; attack: has the largest mailbox at the largest address
;; expect: load F10 4294967295 bytes at 4294967295
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const -1)))
