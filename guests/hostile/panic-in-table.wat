;; attack: calls panic through its table
;; expect: call F04 via table
(module
  (import "ampoule" "panic" (func $panic (param i32 i32)))
  (type $t (func (param i32 i32)))
  (table 1 funcref)
  (elem (i32.const 0) $panic)
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 0) "via table")
  (func (export "attack") (param $length i32) (result i64)
    (call_indirect (type $t) (i32.const 0) (i32.const 9) (i32.const 0))
    (i64.const 0))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
