;; attack: imports a name with escape codes
;; expect: load A33
(module
  (import "\1b[31m" "b" (func))
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64)))
