;; attack: grows its memory and answers from there
;; expect: call ok [97, 98]
;; reply: bytes
(module
  (memory (export "memory") 16 32 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 16))
  (func (export "attack") (param $length i32) (result i64)
    (drop (memory.grow (i32.const 16)))
    (i32.store (i32.const 16) (i32.const 0x626102))
    (i64.const 0x10_0000_0003)))
