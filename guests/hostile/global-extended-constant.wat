;; attack: initializes a global by a sum
;; expect: load A10 constant expression
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (global i32 (i32.add (i32.const 1) (i32.const 2))))
