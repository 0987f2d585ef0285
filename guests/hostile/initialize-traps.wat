;; attack: traps in _initialize
;; expect: load F03 division by zero
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "_initialize")
    (drop (i32.div_u (i32.const 1) (i32.const 0)))))
