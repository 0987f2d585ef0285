;; attack: writes to a constant
;; expect: load A31
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (global $g i32 (i32.const 0))
  (func (export "attack") (param $length i32) (result i64)
    (global.set $g (i32.const 1))
    (i64.const 0)))
