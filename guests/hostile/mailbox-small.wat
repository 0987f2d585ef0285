;; attack: has a mailbox smaller than the request
;; expect: call C01 the request has 6 bytes, the mailbox takes 4
;; request: hello
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 4))
  (func (export "attack") (param $length i32) (result i64)
    (unreachable))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
