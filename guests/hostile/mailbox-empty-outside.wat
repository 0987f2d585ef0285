;; attack: has an empty mailbox at the largest address
;; expect: load F10
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 0xffffffff_00000000)))
