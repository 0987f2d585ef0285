//! Limits as a row of numbers, to be sent elsewhere.

use super::{Limits, Shape};

/// Lists the limits once: their names, their way out and their way in.
macro_rules! numbered {
    ($count:literal; $($limit:ident)*; $($shape:ident)*) => {
        impl Limits {
            /// How many numbers limits have.
            pub const COUNT: usize = $count;

            /// What each of [`Self::numbers`] is called; those of the [`Shape`] come last.
            pub const NAMES: [&'static str; $count] =
                [$( stringify!($limit), )* $( stringify!($shape), )*];

            /// All of them, in the order of [`Self::NAMES`].
            #[must_use]
            pub fn numbers(&self) -> [u64; $count] {
                [$( self.$limit.into(), )* $( self.shape.$shape.into(), )*]
            }

            /// What [`Self::numbers`] answered; `None` if one is larger than its limit can be.
            ///
            /// ```
            /// use ampoule::Limits;
            ///
            /// let numbers = Limits::MICRO.numbers();
            /// assert_eq!(Limits::from_numbers(numbers), Some(Limits::MICRO));
            /// assert_eq!(Limits::from_numbers([u64::MAX; Limits::COUNT]), None);
            /// ```
            #[must_use]
            pub fn from_numbers(numbers: [u64; $count]) -> Option<Self> {
                let mut numbers = numbers.into_iter();
                // A struct's fields are computed in the order in which they are written.
                Some(Self {
                    $( $limit: numbers.next()?.try_into().ok()?, )*
                    shape: Shape { $( $shape: numbers.next()?.try_into().ok()?, )* },
                })
            }
        }
    };
}

numbered! { 25;
    module_bytes memory_bytes table_elements message_bytes heap_bytes init_fuel call_fuel destroy_fuel
    slice_fuel value_stack_bytes recursion_depth;
    types params imports functions globals exports elements data name_bytes locals nesting operands
    br_table operators
}

#[cfg(test)]
mod tests {
    use crate::Limits;

    #[test]
    fn each_number_comes_back_to_its_own_limit() {
        let mut numbers = [0; Limits::COUNT];
        numbers.iter_mut().zip(1..).for_each(|(number, at)| *number = at);
        let limits = Limits::from_numbers(numbers).unwrap();
        assert_eq!((limits.module_bytes, limits.slice_fuel, limits.recursion_depth), (1, 9, 11));
        assert_eq!((limits.shape.types, limits.shape.operators), (12, 25));
        assert_eq!(limits.numbers(), numbers);
    }
}
