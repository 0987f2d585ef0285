;; attack: waits for ever by giving way
;; expect: call F01
(module
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (memory (export "memory") 1024 1024 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (loop (drop (call $yield)) (br 0))
    (i64.const 0)))
