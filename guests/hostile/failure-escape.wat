;; attack: fails with escape codes in its message
;; expect: call C04 code 100: �[2Jgone�
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data (i32.const 128) "\64\09\1b[2Jgone\07")
  (func (export "attack") (param $length i32) (result i64)
    (i64.const 0x80000080_0000000b))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
