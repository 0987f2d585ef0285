;; attack: says no when it is unloaded
;; expect: unload C04 code 100: no
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 128) "\64\02no")
  (func (export "ampoule_destroy") (param $length i32) (result i64)
    (i64.const 0x80000080_00000004)))
