;; attack: exports a _start that spins, as programs do
;; expect: call ok
;; reply: unit
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "_start") (loop (br 0)))
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0)))
