;; attack: asks for files
;; expect: load A19 wasi_snapshot_preview1.path_open
(module
  (import "wasi_snapshot_preview1" "path_open" (func))
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64)))
