;; attack: is one byte short of its limit and takes it, which makes a buffer double
;; expect: call ok
;; limits: MICRO memory_bytes=262144 heap_bytes=1000000
;; reply: unit
(module
  (memory (export "memory") 262143 262144 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (drop (memory.grow (i32.const 1)))
    (i64.const 0)))
