;; attack: looks for the host's own function in WASI
;; expect: load A19 wasi_snapshot_preview1.panic
(module
  (import "wasi_snapshot_preview1" "panic" (func (param i32 i32)))
  (memory (export "memory") 1024 1024 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0)))
