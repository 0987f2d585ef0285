;; attack: answers half from the mailbox and half from behind it
;; expect: call ok "lomnop"
;; request: hello
;; reply: text
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 8))
  (data (i32.const 8) "mnop")
  (func (export "attack") (param i32) (result i64)
    (i32.store8 (i32.const 5) (i32.const 6))
    (i32.store8 (i32.const 6) (i32.const 108))
    (i32.store8 (i32.const 7) (i32.const 111))
    (i64.const 0x5_0000_0007)))
