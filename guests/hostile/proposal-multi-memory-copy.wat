;; attack: copies to a second memory
;; expect: load A10 memory index
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (memory.copy 1 0 (i32.const 0) (i32.const 0) (i32.const 0))
    (i64.const 0)))
