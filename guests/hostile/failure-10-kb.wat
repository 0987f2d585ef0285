;; attack: fails with a message of 10 KB
;; expect: call C04 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
;; limits: WORKSTATION
(module
  (memory (export "memory") 16384 16384 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param i32) (result i64)
    ;; The code 1, the length 10,240 as a varint, then the text.
    (i32.store (i32.const 128) (i32.const 0x00508001))
    (memory.fill (i32.const 131) (i32.const 120) (i32.const 10240))
    (i64.const 0x80000080_00002803))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
