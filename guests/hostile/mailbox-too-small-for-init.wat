;; attack: has a mailbox too small for the message of its ampoule_init
;; expect: load C01 the request has 3 bytes, the mailbox takes 2
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 2))
  (func (export "ampoule_init") (param $length i32) (result i64)
    (unreachable)))
