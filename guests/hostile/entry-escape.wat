;; attack: exports an entry of another type with escape codes in its name
;; expect: load A33
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "\1b[2Jattack")))
