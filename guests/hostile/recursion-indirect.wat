;; attack: makes two functions call each other through the table
;; expect: call F02
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (type $t (func (param i32) (result i64)))
  (table 2 funcref)
  (elem (i32.const 0) $ping $pong)
  (func $ping (export "attack") (type $t)
    (call_indirect (type $t) (local.get 0) (i32.const 1)))
  (func $pong (type $t)
    (call_indirect (type $t) (local.get 0) (i32.const 0)))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
