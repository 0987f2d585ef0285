;; attack: panics in _initialize
;; expect: load F04 early
(module
  (import "ampoule" "panic" (func $panic (param i32 i32)))
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 0) "early")
  (func (export "_initialize")
    (call $panic (i32.const 0) (i32.const 5))))
