;; attack: has 70 empty data segments
;; expect: load A09 70 data segments
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (data) (data) (data) (data) (data) (data) (data) (data) (data) (data)
  (data) (data) (data) (data) (data) (data) (data) (data) (data) (data)
  (data) (data) (data) (data) (data) (data) (data) (data) (data) (data)
  (data) (data) (data) (data) (data) (data) (data) (data) (data) (data)
  (data) (data) (data) (data) (data) (data) (data) (data) (data) (data)
  (data) (data) (data) (data) (data) (data) (data) (data) (data) (data)
  (data) (data) (data) (data) (data) (data) (data) (data) (data) (data))
