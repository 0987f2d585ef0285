;; attack: calls through a table that is not there
;; expect: load A31
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (type $t (func))
  (func (export "attack") (param $length i32) (result i64)
    i32.const 0
    call_indirect (type $t)
    i64.const 0))
