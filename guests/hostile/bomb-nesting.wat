;; attack: nests 200 blocks
;; expect: load A09 nested blocks
(module
  (memory (export "memory") 256 256 (pagesize 1))
  (func (export "ampoule_mailbox") (result i64) (i64.const 64))
  (func (export "attack") (param $length i32) (result i64)
    block block block block block block block block block block block block block block block block block block block block
    block block block block block block block block block block block block block block block block block block block block
    block block block block block block block block block block block block block block block block block block block block
    block block block block block block block block block block block block block block block block block block block block
    block block block block block block block block block block block block block block block block block block block block
    block block block block block block block block block block block block block block block block block block block block
    block block block block block block block block block block block block block block block block block block block block
    block block block block block block block block block block block block block block block block block block block block
    block block block block block block block block block block block block block block block block block block block block
    block block block block block block block block block block block block block block block block block block block block
    end end end end end end end end end end end end end end end end end end end end
    end end end end end end end end end end end end end end end end end end end end
    end end end end end end end end end end end end end end end end end end end end
    end end end end end end end end end end end end end end end end end end end end
    end end end end end end end end end end end end end end end end end end end end
    end end end end end end end end end end end end end end end end end end end end
    end end end end end end end end end end end end end end end end end end end end
    end end end end end end end end end end end end end end end end end end end end
    end end end end end end end end end end end end end end end end end end end end
    end end end end end end end end end end end end end end end end end end end end
    i64.const 0))
