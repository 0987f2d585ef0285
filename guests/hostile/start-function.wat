;; attack: spins in a start function, where no fuel was granted
;; expect: load A11
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (start $spin)
  (func $spin (loop (br 0))))
