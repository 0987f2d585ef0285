;; attack: asks for the host's environment as a browser gives it
;; expect: load A19 env.now
(module
  (import "env" "now" (func))
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64)))
