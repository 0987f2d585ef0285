;; attack: has a mailbox that covers all its memory
;; expect: call ok "hello"
;; request: hello
;; reply: text
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 256))
  (func (export "attack") (param $length i32) (result i64)
    (i64.extend_i32_u (local.get $length))))
