;; attack: grows by 4,294,967,295 pages
;; expect: call ok
;; reply: unit
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (if (i32.ne (memory.grow (i32.const -1)) (i32.const -1)) (then (unreachable)))
    (i64.const 0)))
