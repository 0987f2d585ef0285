;; attack: initializes a global from another
;; expect: load A10 constant expression
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (global $a i32 (i32.const 1))
  (global i32 (global.get $a)))
