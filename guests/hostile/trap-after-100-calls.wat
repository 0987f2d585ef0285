;; attack: works a hundred times, then traps
;; expect: call F03 unreachable
;; calls: 101
;; reply: unit
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (global $calls (mut i32) (i32.const 0))
  (func (export "attack") (param i32) (result i64)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (if (i32.gt_u (global.get $calls) (i32.const 100)) (then (unreachable)))
    (i64.const 0))
  (func (export "fine") (param i32) (result i64) (i64.const 0)))
