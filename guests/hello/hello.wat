;; The smallest plugin there is, written by hand: it says hello, whatever it is asked.
;;
;; It owns 256 bytes:
;;
;;   address   what
;;   0         the reply, 18 bytes
;;   32        the mailbox, 224 bytes
(module
  ;; Who it is: the host reads this without running anything. Strings start with their length.
  (@custom "ampoule.meta"
    "\01"                       ;; the ABI's version
    "\05hello"                  ;; name
    "\051.0.0"                  ;; version
    "\1bSays hello, written by hand" ;; description
    "\07Ampoule")               ;; author

  ;; What its entry takes and answers. A type is a name, the number of its shape, and its parts.
  (@custom "ampoule.schema"
    "\01\01"                    ;; the layout's version; one entry
    "\07execute"                ;; its name
    "\07Context\1a\03"          ;; it takes a struct (26) of three fields:
    "\0arequest_id\06String\10" ;;   a string (16),
    "\07headers\05Pairs\19"     ;;   a map (25)
    "\06String\10\06String\10"  ;;     from strings to strings,
    "\0aparameters\05Pairs\19"  ;;   and another
    "\06String\10\06String\10"  ;;     like it
    "\07Outcome\1a\03"          ;; it answers a struct of three fields:
    "\07success\04bool\00"      ;;   a truth value (0),
    "\04data\05Value\1c"        ;;   any value (28),
    "\05error\09Option<T>\12"   ;;   and, if at all (18),
    "\06String\10")             ;;     a string

  ;; 256 pages of one byte each, never more.
  (memory (export "memory") 256 256 (pagesize 1))

  ;; The reply lies ready.
  (data (i32.const 0)
    "\01"                       ;; success = true
    "\04\0ehello from wat"      ;; data = a string (4) of 14 bytes
    "\00")                      ;; error = none

  ;; Where the host is to put messages: address << 32 | capacity.
  (func (export "ampoule_mailbox") (result i64)
    i64.const 32                ;; the address
    i64.const 32
    i64.shl                     ;; in the upper half
    i64.const 224               ;; the capacity
    i64.or)                     ;; in the lower

  ;; The message lies in the mailbox, as many bytes of it as the parameter tells. This entry doesn't
  ;; look at it.
  (func (export "execute") (param i32) (result i64)
    i64.const 18))              ;; the reply: address 0 in the upper half, 18 bytes
