;; attack: grows its memory when asked for its mailbox, and puts it there
;; expect: call ok
;; reply: unit
(module
  (memory (export "memory") 16 64 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64)
    (drop (memory.grow (i32.const 48)))
    (i64.const 0x10_0000_0030))
  (func (export "attack") (param $length i32) (result i64)
    (i64.extend_i32_u (local.get $length))))
