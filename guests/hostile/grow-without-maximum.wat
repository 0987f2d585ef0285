;; attack: declares no maximum and grows to the host's limit
;; expect: call ok
;; limits: MICRO memory_bytes=131072 heap_bytes=500000
;; reply: unit
(module
  (memory (export "memory") 1)
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (loop $again
      (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (if (i32.ne (memory.size) (i32.const 2)) (then (unreachable)))
    (i64.const 0)))
