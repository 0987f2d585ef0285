;; attack: puts functions into no table
;; expect: load A17 table
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func $f)
  (elem (i32.const 0) $f))
