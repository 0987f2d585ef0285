;; attack: answers its unloading from outside its memory
;; expect: unload F06
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "ampoule_destroy") (param $length i32) (result i64)
    (i64.const 0x1000_0000_0001)))
