;; attack: fails with a message of 4 GiB
;; expect: call F09 the bytes end
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 128) "\64\ff\ff\ff\ff\0fa")
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x80000080_00000007))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
