;; attack: imports a function of WASI with a parameter more
;; expect: load A20 wasi_snapshot_preview1.fd_close
(module
  (import "wasi_snapshot_preview1" "fd_close" (func (param i32 i32) (result i32)))
  (memory (export "memory") 1024 1024 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0)))
