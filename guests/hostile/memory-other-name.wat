;; attack: exports its memory under another name
;; expect: load A13
(module
  (memory (export "mem") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64)))
