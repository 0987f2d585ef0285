;; attack: panics in no encoding
;; expect: call F04 a�b
(module
  (import "ampoule" "panic" (func $panic (param i32 i32)))
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 0) "a\ffb")
  (func (export "attack") (param $length i32) (result i64)
    (call $panic (i32.const 0) (i32.const 3))
    (i64.const 0))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
