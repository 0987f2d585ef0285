;; attack: exports an entry whose name turns the line around
;; expect: load A33
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "\e2\80\aekcatta") (param i32) (result i64) (i64.const 0)))
