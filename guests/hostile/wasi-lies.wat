;; attack: gives WASI addresses, lengths and descriptors of ones
;; expect: call ok
;; reply: unit
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1024 1024 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func $refused (param $found i32) (param $expected i32)
    (if (i32.ne (local.get $found) (local.get $expected)) (then unreachable)))
  (func (export "attack") (param $length i32) (result i64)
    (call $refused (call $write (i32.const -1) (i32.const -1) (i32.const -1) (i32.const -1)) (i32.const 21))
    (call $refused (call $write (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 0)) (i32.const 8))
    (call $refused (call $random (i32.const -1) (i32.const -1)) (i32.const 21))
    (call $refused (call $args (i32.const 1021) (i32.const 0)) (i32.const 21))
    (call $refused (call $open (i32.const -1) (i32.const -1) (i32.const -1) (i32.const -1)
      (i32.const -1) (i64.const -1) (i64.const -1) (i32.const -1) (i32.const -1)) (i32.const 21))
    (call $refused (call $poll (i32.const -1) (i32.const -1) (i32.const -1) (i32.const -1)) (i32.const 28))
    (call $refused (call $poll (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 0)) (i32.const 21))
    (i64.const 0)))
