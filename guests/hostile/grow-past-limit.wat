;; attack: grows its memory past its maximum until it gives up
;; expect: call ok
;; reply: unit
(module
  (memory (export "memory") 16 4096 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 16))
  (func (export "attack") (param $length i32) (result i64)
    (loop $again
      (br_if $again (i32.ne (memory.grow (i32.const 512)) (i32.const -1))))
    (i64.const 0)))
