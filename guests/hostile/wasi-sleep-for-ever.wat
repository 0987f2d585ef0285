;; attack: sleeps for ever, and again when it is told that it can't
;; expect: call F01
(module
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1024 1024 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 24) "\ff\ff\ff\ff\ff\ff\ff\7f")
  (func (export "attack") (param $length i32) (result i64)
    (loop
      (br_if 0 (i32.eq (i32.const 58)
        (call $poll (i32.const 0) (i32.const 512) (i32.const 1) (i32.const 600)))))
    (i64.const 0)))
