;; attack: answers nothing where an outcome is expected
;; expect: call F08 the bytes end
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
