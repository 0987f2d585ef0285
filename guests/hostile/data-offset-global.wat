;; attack: takes a data offset from a global
;; expect: load A10 constant expression
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (global $g i32 (i32.const 0))
  (data (global.get $g) "a"))
