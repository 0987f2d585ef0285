;; attack: answers bytes that end with its memory
;; expect: call ok []
;; reply: bytes
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 255) "\00")
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0xff_0000_0001)))
