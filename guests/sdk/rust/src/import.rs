//! Functions of services that aren't the SDK's own.

use crate::{
    Decode, Status,
    services::{Ask, length, read},
};
use ampoule_abi::encode;
use serde::Serialize;

/// Asks with a request that is written into the place of the reply, before it.
///
/// # Errors
/// [`Status::TooSmall`]: one of them doesn't fit. [`Status::Failed`]: the reply isn't what is declared. Those
/// of the service.
pub fn exchange<'a, Reply: Decode<'a>>(
    ask: Ask,
    request: &impl Serialize,
    place: &'a mut [u8],
) -> Result<Reply, Status> {
    let written = encode(request, place).map_err(|_| Status::TooSmall)?.len();
    let (request, reply) = place.split_at_mut_checked(written).ok_or(Status::Failed)?;
    let length = length(ask(request, reply))?;
    read(reply.get(..length).ok_or(Status::Failed)?)
}

/// Makes a function of each operation of a service that `ampoule_abi::service!` declares.
///
/// ```
/// # pub mod lamp_service {
/// // In the crate `lamp-service`, which the host's side compiles, too:
/// ampoule_abi::service! {
///     /// The lamp of the device.
///     service "lamp" as lamp {
///         /// Sets how bright it is, from 0 to 100; answers how bright it was.
///         scalar set(level: i32) -> i32 { fuel: 200 }
///         /// The name of a colour.
///         message name((u8, u8, u8)) -> &'a str { fuel: 500, byte_fuel: 2 }
///     }
/// }
/// # pub use lamp;
/// # }
/// // In the plugin:
/// ampoule_guest::import_service!(lamp_service::lamp);
///
/// use ampoule_guest::Status;
///
/// fn greet() -> Result<(), Status> {
///     let before = lamp::set(100)?;
///     let mut place = [0; 32];
///     if lamp::name(&(255, 0, 0), &mut place)? == "red" {
///         lamp::set(before)?;
///     }
///     Ok(())
/// }
///
/// // On the workstation a test offers a double.
/// use ampoule_guest::testing::{encoded, offer};
///
/// # fn main() {
/// offer("lamp", |operation, request| match (operation, request) {
///     ("set", [_, 0, 0, 0]) => Ok(50_i32.to_le_bytes().into()),
///     ("name", [255, 0, 0]) => Ok(encoded("red")),
///     _ => Err(Status::Invalid),
/// });
/// assert_eq!(greet(), Ok(()));
/// assert_eq!(lamp::set(-1), Err(Status::Invalid));
/// # }
/// ```
///
/// The functions are in a module of the service's name; `import_service!(pub lamp_service::lamp)` makes that
/// public. As with the SDK's own [`services`](crate::services), a plugin imports the operations that it
/// calls, and its manifest has to ask for them.
///
/// A **scalar** takes numbers and answers `Result<number, Status>`, where [`Status`](crate::Status) is why the
/// host refuses: see `ampoule_abi::service!` for what it can tell. A scalar without result answers nothing.
///
/// A **message** takes a reference to its request, if it has one, and a place that its request is encoded
/// in and, behind that, its reply: as long as both together. What it answers borrows from there.
/// [`TooSmall`](crate::Status::TooSmall) tells that they don't fit, in which case the host may have done what
/// it was asked, [`Failed`](crate::Status::Failed) that the reply isn't what is declared.
#[macro_export]
macro_rules! import_service {
    ($vis:vis $service:path) => {
        $service! { $crate::import_declared { $vis } }
    };
}

/// What a declaration calls for [`import_service!`].
#[doc(hidden)]
#[macro_export]
macro_rules! import_declared {
    ({ $vis:vis } $wire:literal $name:ident [$($docs:tt)*] [$($use:tt)*] $([
        $kind:ident $operation:ident $params:tt $reply:tt $fuel:tt $byte_fuel:tt $operation_docs:tt
    ])*) => {
        $($docs)*
        #[allow(unused_imports, unused_parens, unreachable_pub, dead_code, clippy::all, clippy::pedantic)]
        #[allow(clashing_extern_declarations)]
        $vis mod $name {
            $($use)*

            $($crate::import_operation! { $kind $wire $operation $params $reply $operation_docs })*
        }
    };
}

/// The function of one operation.
#[doc(hidden)]
#[macro_export]
macro_rules! import_operation {
    (scalar $wire:literal $operation:ident ($($param:ident: $number:ty),* $(,)?) () [$($docs:tt)*]) => {
        $($docs)*
        pub fn $operation($($param: $number),*) {
            $crate::ask_scalar!($wire, $operation, ($($param: $number),*))($($param),*)
        }
    };
    (scalar $wire:literal $operation:ident ($($param:ident: $number:ty),* $(,)?) ($result:ty)
        [$($docs:tt)*]
    ) => {
        $($docs)*
        ///
        /// # Errors
        /// The host refuses.
        pub fn $operation($($param: $number),*) -> ::core::result::Result<$result, $crate::Status> {
            let ask = $crate::ask_scalar!($wire, $operation, ($($param: $number),*) -> $result);
            $crate::glue::Number::checked(ask($($param),*))
        }
    };
    (message $wire:literal $operation:ident () ($($reply:ty)?) [$($docs:tt)*]) => {
        $($docs)*
        ///
        /// # Errors
        /// The host refuses, or the reply doesn't fit into `place`, or isn't what is declared.
        pub fn $operation<'a>(
            place: &'a mut [u8],
        ) -> ::core::result::Result<($($reply)?), $crate::Status> {
            $crate::glue::exchange($crate::ask_message!($wire, $operation), &(), place)
        }
    };
    (message $wire:literal $operation:ident ($request:ty) ($($reply:ty)?) [$($docs:tt)*]) => {
        $($docs)*
        ///
        /// # Errors
        /// The host refuses, or request and reply don't fit into `place`, or the reply isn't what is declared.
        pub fn $operation<'a>(
            request: &$request,
            place: &'a mut [u8],
        ) -> ::core::result::Result<($($reply)?), $crate::Status> {
            $crate::glue::exchange($crate::ask_message!($wire, $operation), request, place)
        }
    };
}

/// A scalar operation as a function from numbers to a number.
#[doc(hidden)]
#[macro_export]
macro_rules! ask_scalar {
    ($wire:literal, $operation:ident, ($($param:ident: $number:ty),*) $(-> $result:ty)?) => {{
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code)]
        fn ask($($param: $number),*) $(-> $result)? {
            #[link(wasm_import_module = $wire)]
            unsafe extern "C" {
                fn $operation($($param: $number),*) $(-> $result)?;
            }
            // SAFETY: plain numbers; the host touches no memory.
            unsafe { $operation($($param),*) }
        }
        #[cfg(not(target_arch = "wasm32"))]
        fn ask($($param: $number),*) $(-> $result)? {
            let params: &[&[u8]] = &[$(&<$number>::to_le_bytes($param)),*];
            $crate::testing::ask_scalar($wire, stringify!($operation), &params.concat())
        }
        ask
    }};
}

/// A message operation as a function from request and place of the reply to the number on the wire.
#[doc(hidden)]
#[macro_export]
macro_rules! ask_message {
    ($wire:literal, $operation:ident) => {{
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code)]
        fn ask(request: &[u8], reply: &mut [u8]) -> i32 {
            #[link(wasm_import_module = $wire)]
            unsafe extern "C" {
                fn $operation(
                    request: *const u8,
                    request_length: usize,
                    reply: *mut u8,
                    reply_capacity: usize,
                ) -> i32;
            }
            let (from, to) = (request.as_ptr(), reply.as_mut_ptr());
            // SAFETY: the host reads the one slice and writes the other, during the call only.
            unsafe { $operation(from, request.len(), to, reply.len()) }
        }
        #[cfg(not(target_arch = "wasm32"))]
        fn ask(request: &[u8], reply: &mut [u8]) -> i32 {
            $crate::testing::ask($wire, stringify!($operation), request, reply)
        }
        ask
    }};
}

#[cfg(test)]
mod tests {
    use crate::{Status, testing::offer};
    use std::{vec, vec::Vec};

    ampoule_abi::service! {
        service "kinds" as kinds {
            scalar all(a: i32, b: i64, c: f32, d: f64) -> i64 { fuel: 1 }
            scalar one() -> f32 { fuel: 1 }
            scalar none(ask: i32) { fuel: 1 }
            scalar r#move() -> i32 { fuel: 1 }
            message nothing() { fuel: 1 }
            message echo(&'_ [u8]) -> &'a [u8] { fuel: 1 }
        }
    }
    import_service!(kinds);

    #[test]
    fn numbers_cross_in_their_order() {
        offer("kinds", |operation, request| {
            assert_eq!(operation, "all");
            let numbers: Vec<u8> = [
                &(-1_i32).to_le_bytes()[..],
                &2_i64.to_le_bytes(),
                &3.0_f32.to_le_bytes(),
                &4.0_f64.to_le_bytes(),
            ]
            .concat();
            assert_eq!(request, numbers);
            Ok(i64::MIN.to_le_bytes().into())
        });
        assert_eq!(kinds::all(-1, 2, 3.0, 4.0), Ok(i64::MIN));
    }

    #[test]
    fn a_raw_identifier_is_imported_as_it_is_offered() {
        offer("kinds", |operation, _| match operation {
            "move" => Ok(7_i32.to_le_bytes().into()),
            _ => Err(Status::NotFound),
        });
        assert_eq!(kinds::r#move(), Ok(7));
    }

    #[test]
    fn refusals_are_told_as_far_as_numbers_can() {
        offer("kinds", |_, _| Err(Status::Busy));
        assert_eq!(kinds::all(0, 0, 0.0, 0.0), Err(Status::Busy));
        assert_eq!(kinds::one(), Err(Status::Failed));
        kinds::none(1);
        assert_eq!(kinds::nothing(&mut []), Err(Status::Busy));
        // Not a number of that width.
        offer("kinds", |_, _| Ok(vec![0; 3]));
        assert_eq!(kinds::one(), Err(Status::Failed));
        assert_eq!(kinds::nothing(&mut [0; 3]), Err(Status::Failed), "nothing has no bytes");
    }

    #[test]
    fn request_and_reply_share_a_place() {
        offer("kinds", |_, request| Ok(request.into()));
        let mut place = [0; 8];
        assert_eq!(kinds::echo(&&b"abc"[..], &mut place), Ok(&b"abc"[..]));
        assert_eq!(place, *b"\x03abc\x03abc");
        assert_eq!(kinds::echo(&&b"abc"[..], &mut place[..7]), Err(Status::TooSmall));
        assert_eq!(kinds::echo(&&b"abc"[..], &mut place[..3]), Err(Status::TooSmall));
        assert_eq!(kinds::nothing(&mut []), Ok(()));
    }
}
