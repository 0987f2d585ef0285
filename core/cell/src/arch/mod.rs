//! What is no Rust: one file for each kind of processor, with
//!
//! | item | what |
//! |---|---|
//! | `CAN_RUN` | whether there is such a thing |
//! | `run(start, work, data)` | calls `work(data)` on the stack that begins at `start`; 0 when it returns, 1 when it left, 2 when it left from a fault |
//! | `leave()` | has that `run` return 1 |
//! | `leave_from_fault(start)` | the same with 2, from the handler of a fault |
//! | `in_handler()`, `is_works_fault()` | whether an interrupt's handler runs; whether a fault's handler was called from work and not from another handler |
//! | `GUARD_BYTES` | at the end of a stack, a power of two: nothing may touch them |
//! | `guard(end)`, `unguard()` | the chip's guard there |

#[cfg_attr(all(target_arch = "arm", target_os = "none"), path = "cortex_m.rs")]
#[cfg_attr(all(target_arch = "riscv32", target_os = "none"), path = "riscv.rs")]
#[cfg_attr(
    not(all(target_os = "none", any(target_arch = "arm", target_arch = "riscv32"))),
    path = "other.rs"
)]
mod chosen;

pub(crate) use chosen::{
    CAN_RUN, guard, in_handler, is_works_fault, leave, leave_from_fault, run, unguard,
};

/// Bytes at the end of a stack that nothing may touch: a power of two.
pub const GUARD_BYTES: usize = chosen::GUARD_BYTES;
