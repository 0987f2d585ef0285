//! One declaration of a service's operations, for the host that offers it and the guests that import it.

use crate::{Decode, Status};
use serde::Serialize;

/// The most parameters of a scalar operation.
pub const MAX_SCALARS: usize = 8;

/// The most operations of a service.
pub const MAX_OPERATIONS: usize = 32;

/// Declares a service once, for both sides.
///
/// In a crate that depends on `ampoule-abi` and serde alone:
///
/// ```
/// use ampoule_abi::service;
/// use serde::{Deserialize, Serialize};
///
/// /// A colour, by its name.
/// #[derive(Debug, Serialize, Deserialize)]
/// pub struct Colour<'a> {
///     pub name: &'a str,
/// }
///
/// /// What the lamp makes of it.
/// #[derive(Debug, Serialize, Deserialize)]
/// pub struct Shade<'a> {
///     pub red_green_blue: &'a [u8],
/// }
///
/// service! {
///     /// The lamp of the device.
///     service "lamp" as lamp {
///         use crate::{Colour, Shade};
///
///         /// Sets how bright it is, from 0 to 100; answers how bright it was.
///         scalar set(level: i32) -> i32 { fuel: 200 }
///         /// What a colour looks like.
///         message mix(Colour<'_>) -> Shade<'a> { fuel: 500, byte_fuel: 2 }
///     }
/// }
/// # fn main() {}
/// ```
///
/// The text is the service's name on the wire: the wasm module of the imports. The identifier names what is
/// made of it in Rust: here a macro `lamp!`, which nobody calls by hand. A guest hands it to
/// `ampoule_guest::import_service!` and gets a function for each operation; a host hands it to
/// `ampoule::offer_service!` and gets a trait with a method for each. The docs go to both.
///
/// # Operations
///
/// - A **`scalar`** takes up to [`MAX_SCALARS`] numbers and answers one or none; each is an `i32`, `i64`,
///   `f32` or `f64`.
/// - A **`message`** takes one type and answers one, both `Serialize` and [`Decode`]; a type that is left out
///   is `()`, which has no bytes. The reply's lifetime is `'a`: on the guest's side that of the place that it
///   is decoded in, on the host's that of the service. A request's is `'_`, or `'a` if the reply borrows from
///   it.
/// - `fuel` is the price of each use, `byte_fuel` that of each byte of a message's request and reply.
///
/// There are up to [`MAX_OPERATIONS`]. The types that they name, apart from those of the prelude, are public and
/// stand in a `use crate::…;` at the start.
///
/// # Refusals
///
/// A message tells each [`Status`] from a reply. A scalar has its number alone, so some are kept:
///
/// | result | a refusal is | so that a host can't answer |
/// |---|---|---|
/// | `i32`, `i64` | its number: the guest sees the [`Status`] | -256 to -1 |
/// | `f32`, `f64` | NaN: the guest sees [`Status::Failed`] | NaN |
/// | none | nothing: the guest doesn't see it, not even that of a rate | |
///
/// A service that answers such a number nevertheless is [`Status::Failed`].
///
/// # What doesn't compile
///
/// ```compile_fail
/// ampoule_abi::service! { service "s" as s { scalar name(text: &str) { fuel: 1 } } }
/// # fn main() {}
/// ```
/// ```compile_fail
/// ampoule_abi::service! {
///     service "s" as s {
///         scalar sum(a: i32, b: i32, c: i32, d: i32, e: i32, f: i32, g: i32, h: i32, i: i32) -> i32 { fuel: 1 }
///     }
/// }
/// # fn main() {}
/// ```
/// ```compile_fail
/// ampoule_abi::service! { service "s" as s { message two(u8, u8) { fuel: 1 } } }
/// # fn main() {}
/// ```
/// ```compile_fail
/// pub struct Opaque;
/// ampoule_abi::service! { service "s" as s { message send(Opaque) { fuel: 1 } } }
/// # fn main() {}
/// ```
/// ```compile_fail
/// ampoule_abi::service! { service "s" as s { message name(u8) -> &'_ str { fuel: 1 } } }
/// # fn main() {}
/// ```
/// ```compile_fail
/// ampoule_abi::service! { service "s" as s { scalar a() { fuel: 1 } scalar a() { fuel: 1 } } }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! service {
    ($(#[$doc:meta])* service $wire:literal as $name:ident { $($body:tt)* }) => {
        $crate::service_parts! { uses $wire $name [$(#[$doc])*] [] $($body)* }
    };
}

/// What [`service!`] is made of.
#[doc(hidden)]
#[macro_export]
macro_rules! service_parts {
    (uses $wire:literal $name:ident $docs:tt [$($uses:tt)*]
        use $crate_:tt $(:: $types:tt)+; $($rest:tt)*
    ) => {
        $crate::service_parts! {
            uses $wire $name $docs [$($uses)* use $crate_ $(:: $types)+;] $($rest)*
        }
    };
    (uses $wire:literal $name:ident $docs:tt $uses:tt $($operations:tt)*) => {
        $crate::service_parts! { check_all $name $uses $($operations)* }
        $crate::service_parts! { define ($) $wire $name $docs $uses { $($operations)* } }
    };
    // Hands the declaration to `side`, a macro of the guest's or the host's. `$d` is a dollar sign.
    (define ($d:tt) $wire:literal $name:ident [$($docs:tt)*] [$(use $crate_:tt $(:: $types:tt)+;)*] {
        $($operations:tt)*
    }) => {
        $($docs)*
        ///
        /// A service, declared by `ampoule_abi::service!` for `ampoule_guest::import_service!` and
        /// `ampoule::offer_service!`.
        #[macro_export]
        macro_rules! $name {
            ($d side:path { $d ($d with:tt)* }) => {
                $crate::service_parts! {
                    hand [$d side] { $d ($d with)* } $wire $name [$($docs)*]
                    // `$crate` is where its `crate` was written: in the crate that declares.
                    [$(use $d $crate_ $(:: $types)+;)*] $($operations)*
                }
            };
        }
    };
    // The only place that knows how an operation is written.
    ($step:ident $([$side:path] $with:tt $wire:literal)? $name:ident $([$($header:tt)*])+ $(
        $(#[$doc:meta])*
        $kind:ident $operation:ident ($($params:tt)*) $(-> $reply:ty)? {
            fuel: $fuel:expr $(, byte_fuel: $byte_fuel:expr)? $(,)?
        }
    )*) => {
        $crate::service_step! {
            $step $([$side] $with $wire)? $name $([$($header)*])+
            $([
                $kind $operation ($($params)*) ($($reply)?) ($fuel) ($($byte_fuel)?) [$(#[$doc])*]
            ])*
        }
    };
}

/// What becomes of the operations once they are told apart.
#[doc(hidden)]
#[macro_export]
macro_rules! service_step {
    (hand [$side:path] $($declaration:tt)*) => {
        $side! { $($declaration)* }
    };
    (check_all $name:ident [$($use:tt)*] $([
        $kind:ident $operation:ident $params:tt $reply:tt ($fuel:expr) $byte_fuel:tt $docs:tt
    ])*) => {
        #[allow(unused_imports)]
        const _: () = {
            $($use)*
            assert!(
                <[&str]>::len(&[$(stringify!($operation)),*]) <= $crate::service::MAX_OPERATIONS,
                concat!("the service `", stringify!($name), "` has more than 32 operations"),
            );
            /// Two operations of one name are two variants.
            #[allow(non_camel_case_types, dead_code)]
            enum Operations { $($operation),* }
            $(
                let _: u32 = $fuel;
                $crate::service_check! { $kind $operation $params $reply $byte_fuel }
            )*
        };
    };
}

/// Whether an operation can be what it is declared to be.
#[doc(hidden)]
#[macro_export]
macro_rules! service_check {
    (scalar $operation:ident ($($param:ident: $number:ty),* $(,)?) ($($result:ty)?) ()) => {
        $($crate::service::is_number::<$number>();)*
        $($crate::service::is_number::<$result>();)?
        assert!(
            <[&str]>::len(&[$(stringify!($param)),*]) <= $crate::service::MAX_SCALARS,
            concat!(
                "the scalar `", stringify!($operation), "` takes more than 8 numbers: make it a message"
            ),
        );
    };
    (scalar $operation:ident $params:tt $reply:tt ($($byte_fuel:tt)+)) => {
        compile_error!(concat!(
            "the scalar `", stringify!($operation), "` has no bytes to be paid: remove `byte_fuel`"
        ));
    };
    (scalar $operation:ident $($rest:tt)*) => {
        compile_error!(concat!(
            "the scalar `", stringify!($operation),
            "` takes numbers that have names: write them as in `(level: i32)`"
        ));
    };
    (message $operation:ident ($($request:ty)?) ($($reply:ty)?) ($($byte_fuel:expr)?)) => {
        $(let _: u32 = $byte_fuel;)?
        #[allow(dead_code)]
        fn $operation<'a>() -> ::core::marker::PhantomData<($($reply)?)> {
            $($crate::service::is_message::<$request>();)?
            $($crate::service::is_message::<$reply>();)?
            ::core::marker::PhantomData
        }
    };
    (message $operation:ident $($rest:tt)*) => {
        compile_error!(concat!(
            "the message `", stringify!($operation),
            "` takes one type: put several into a tuple or a struct"
        ));
    };
    ($kind:ident $($rest:tt)*) => {
        compile_error!(concat!(
            "an operation is a `scalar` or a `message`, not a `", stringify!($kind), "`"
        ));
    };
}

mod sealed {
    pub trait Sealed {}
}

/// A number that crosses the sandbox wall as it is: `i32`, `i64`, `f32` or `f64`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no number of a scalar operation",
    label = "not `i32`, `i64`, `f32` or `f64`",
    note = "operations that take or answer anything else are a `message`"
)]
pub trait Number: Copy + sealed::Sealed {
    /// The number, unless it is one that stands for a refusal.
    ///
    /// # Errors
    /// Of an integer from -256 to -1 the [`Status`] of that number, of NaN and of numbers that no status of
    /// this ABI has [`Status::Failed`].
    fn checked(self) -> Result<Self, Status>;

    /// The number that a refusal is.
    fn refused(status: Status) -> Self;
}

macro_rules! integers {
    ($($number:ty)*) => {$(
        impl sealed::Sealed for $number {}

        impl Number for $number {
            fn checked(self) -> Result<Self, Status> {
                if (-256..0).contains(&self) {
                    // Fits: the range is an i32's.
                    return Err(Status::from_code(self as i32).unwrap_or(Status::Failed));
                }
                Ok(self)
            }

            fn refused(status: Status) -> Self {
                status.code().into()
            }
        }
    )*};
}

macro_rules! floats {
    ($($number:ty)*) => {$(
        impl sealed::Sealed for $number {}

        impl Number for $number {
            fn checked(self) -> Result<Self, Status> {
                if self.is_nan() { Err(Status::Failed) } else { Ok(self) }
            }

            fn refused(_: Status) -> Self {
                Self::NAN
            }
        }
    )*};
}

integers!(i32 i64);
floats!(f32 f64);

/// Compiles for what a scalar takes and answers.
#[doc(hidden)]
pub const fn is_number<T: Number>() {}

/// Compiles for what a message takes and answers.
#[doc(hidden)]
pub const fn is_message<'x, T: Serialize + Decode<'x>>() {}

#[cfg(test)]
mod tests {
    use super::Number;
    use crate::Status;

    #[test]
    fn integers_that_are_kept_are_refusals() {
        for (number, expected) in [
            (0, Ok(0)),
            (100, Ok(100)),
            (-257, Ok(-257)),
            (i32::MIN, Ok(i32::MIN)),
            (-1, Err(Status::NotGranted)),
            (-4, Err(Status::Busy)),
            (-7, Err(Status::Pending)),
            (-8, Err(Status::Failed)),
            (-256, Err(Status::Failed)),
        ] {
            assert_eq!(number.checked(), expected);
            assert_eq!(i64::from(number).checked(), expected.map(i64::from));
        }
    }

    #[test]
    fn every_refusal_is_told_from_a_result() {
        for status in Status::ALL {
            assert_eq!(i32::refused(status).checked(), Err(status));
            assert_eq!(i64::refused(status).checked(), Err(status));
            assert_eq!(f32::refused(status).checked(), Err(Status::Failed));
            assert_eq!(f64::refused(status).checked(), Err(Status::Failed));
        }
        assert_eq!((-1.0_f32).checked(), Ok(-1.0));
        assert_eq!(f64::NEG_INFINITY.checked(), Ok(f64::NEG_INFINITY));
    }
}
