;; attack: has a mailbox that ends with its memory
;; expect: call ok
;; request: hello
;; reply: text
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 0xf0_0000_0010))
  (func (export "attack") (param $length i32) (result i64)
    (i64.or (i64.const 0xf0_0000_0000) (i64.extend_i32_u (local.get $length)))))
