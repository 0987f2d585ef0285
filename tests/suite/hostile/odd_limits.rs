//! Limits at their ends: a user's mistake is no panic either.

use super::binary::echo;
use super::cuts::run;
use ampoule::{Limits, Shape};

fn nothing() -> Limits {
    Limits {
        module_bytes: 0,
        memory_bytes: 0,
        table_elements: 0,
        message_bytes: 0,
        heap_bytes: 0,
        init_fuel: 0,
        call_fuel: 0,
        destroy_fuel: 0,
        slice_fuel: 0,
        value_stack_bytes: 0,
        recursion_depth: 0,
        shape: shape(0),
    }
}

fn everything() -> Limits {
    Limits {
        module_bytes: u32::MAX,
        memory_bytes: u32::MAX,
        table_elements: u32::MAX,
        message_bytes: u32::MAX,
        heap_bytes: u32::MAX,
        init_fuel: u64::MAX,
        call_fuel: u64::MAX,
        destroy_fuel: u64::MAX,
        slice_fuel: u64::MAX,
        // More would be refused for want of heap, which is counted thrice.
        value_stack_bytes: u32::MAX / 4,
        recursion_depth: u16::MAX,
        shape: shape(u16::MAX),
    }
}

fn shape(most: u16) -> Shape {
    Shape {
        types: most,
        params: most,
        imports: most,
        functions: most.into(),
        globals: most,
        exports: most,
        elements: most,
        data: most.into(),
        name_bytes: most,
        locals: most,
        nesting: most,
        operands: most,
        br_table: most,
        operators: most.into(),
    }
}

/// Each limit taken from `odd`, and the others good.
fn one_odd(odd: &Limits) -> Vec<Limits> {
    let good = Limits { heap_bytes: u32::MAX, ..Limits::MICRO };
    vec![
        Limits { module_bytes: odd.module_bytes, ..good },
        Limits { memory_bytes: odd.memory_bytes, ..good },
        Limits { table_elements: odd.table_elements, ..good },
        Limits { message_bytes: odd.message_bytes, ..good },
        Limits { heap_bytes: odd.heap_bytes, ..good },
        Limits { init_fuel: odd.init_fuel, ..good },
        Limits { call_fuel: odd.call_fuel, ..good },
        Limits { destroy_fuel: odd.destroy_fuel, ..good },
        Limits { slice_fuel: odd.slice_fuel, ..good },
        Limits { value_stack_bytes: odd.value_stack_bytes, ..good },
        Limits { recursion_depth: odd.recursion_depth, ..good },
        Limits { shape: odd.shape, ..good },
    ]
}

#[test]
fn no_limit_at_its_end_makes_the_host_panic() {
    for odd in [nothing(), everything()] {
        run(&echo(), &odd);
        for limits in one_odd(&odd) {
            run(&echo(), &limits);
        }
    }
}

#[test]
fn a_limit_at_its_upper_end_is_no_hindrance() {
    for limits in one_odd(&everything()) {
        assert!(run(&echo(), &limits), "{limits:?}");
    }
}
