;; attack: keeps its memory to itself
;; expect: load A13
(module
  (memory 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64)))
