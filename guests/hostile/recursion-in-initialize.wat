;; attack: calls itself for ever in _initialize
;; expect: load F02
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func $f (export "_initialize") (call $f)))
