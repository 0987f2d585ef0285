;; attack: panics when asked for its mailbox
;; expect: load F04 no box
(module
  (import "ampoule" "panic" (func $panic (param i32 i32)))
  (memory (export "memory") 256 256 (pagesize 1))
  (data (i32.const 0) "no box")
  (func (export "ampoule_mailbox") (result i64)
    (call $panic (i32.const 0) (i32.const 6))
    (i64.const 0)))
