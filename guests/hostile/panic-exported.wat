;; attack: exports the host's own panic as an entry
;; expect: load A21 attack
(module
  (import "ampoule" "panic" (func $panic (param i32 i32)))
  (export "attack" (func $panic))
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64)))
