;; attack: asks for the size of a second memory
;; expect: load A10 memory index
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (drop (memory.size 1))
    (i64.const 0)))
