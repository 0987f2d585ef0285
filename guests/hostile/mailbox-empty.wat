;; attack: has a mailbox that takes nothing
;; expect: call C01 the mailbox takes 0
;; request: hello
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 0))
  (func (export "attack") (param $length i32) (result i64)
    (unreachable))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
