;; attack: has a mailbox that reaches one byte outside
;; expect: load F10 65 bytes at 192 reaches outside its memory of 256
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 0xc0_0000_0041)))
