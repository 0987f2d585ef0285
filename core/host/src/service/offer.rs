//! Services of a host's own, from a declaration that its guests share.

use super::{Form, Operation, Scalar};
use crate::inspect::ValueType;
use ampoule_abi::{Decode, EncodeError, Status, encode, encoded_len, service};
use serde::Serialize;

/// Makes a trait of a service that `ampoule_abi::service!` declares, and a [`Service`](crate::Service) of
/// what implements it.
///
/// ```
/// # pub mod lamp_service {
/// // In the crate `lamp-service`, which the guests compile, too:
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
/// // In the host:
/// ampoule::offer_service!(lamp_service::lamp);
///
/// use ampoule::{Caller, OfferError, Services, Status};
///
/// struct Lamp {
///     level: i32,
///     names: Vec<((u8, u8, u8), String)>,
/// }
///
/// impl lamp::Operations for Lamp {
///     fn set(&mut self, _: &Caller<'_>, level: i32) -> Result<i32, Status> {
///         if !(0..=100).contains(&level) {
///             return Err(Status::Invalid);
///         }
///         Ok(std::mem::replace(&mut self.level, level))
///     }
///
///     fn name<'a>(&'a mut self, _: &Caller<'_>, of: (u8, u8, u8)) -> Result<&'a str, Status> {
///         let found = self.names.iter().find(|(colour, _)| *colour == of);
///         found.map(|(_, name)| name.as_str()).ok_or(Status::NotFound)
///     }
/// }
///
/// # fn main() -> Result<(), OfferError> {
/// let mut services = Services::new(|| 0);
/// let lamp = Lamp { level: 0, names: vec![((255, 0, 0), "red".into())] };
/// services.offer(Box::new(lamp::Offered(lamp)))?;
/// # Ok(())
/// # }
/// ```
///
/// This makes a module of the service's name; `offer_service!(pub lamp_service::lamp)` makes that public. In it
/// are the trait `Operations` and `Offered`, which makes a [`Service`](crate::Service) of what implements the
/// trait. Each method gets the [`Caller`](crate::Caller) and the operation's parameters:
///
/// - a **scalar** its numbers, for a `Result<number, Status>`. A number that stands for a refusal, such as -1 or
///   NaN (`ampoule_abi::service!` lists them), is answered as [`Status::Failed`]. A scalar without result can't
///   refuse: its method answers nothing.
/// - a **message** its request, decoded where it lies in the guest's memory, for a `Result<reply, Status>`, which
///   is encoded to where the guest wants it. A request that doesn't decode is [`Status::Invalid`], and the
///   method isn't called. It has been called when a reply turns out not to fit.
///
/// An operation that can't answer yet refuses with [`Status::Pending`], if the trait's `parks` says of its name
/// that it may: the call is parked, see [`Service::parks`](crate::Service::parks). `parks`, `again_at` and
/// `cancel` are therefore no names for operations.
///
/// A guest that was built with another declaration is refused at load, by the name of the import, where an
/// operation isn't there or its numbers differ. The types of messages aren't in an import: give an operation a
/// new name when its types change.
#[macro_export]
macro_rules! offer_service {
    ($vis:vis $service:path) => {
        $service! { $crate::offer_declared { $vis } }
    };
}

/// What a declaration calls for [`offer_service!`].
#[doc(hidden)]
#[macro_export]
macro_rules! offer_declared {
    ({ $vis:vis } $wire:literal $name:ident [$($docs:tt)*] [$($use:tt)*] $([
        $kind:ident $operation:ident $params:tt $reply:tt ($fuel:expr) ($($byte_fuel:expr)?)
        $operation_docs:tt
    ])*) => {
        $($docs)*
        #[allow(unused_imports, unused_parens, unreachable_pub, dead_code, clippy::all, clippy::pedantic)]
        $vis mod $name {
            $($use)*

            /// What the service does: a method for each operation.
            pub trait Operations: ::core::marker::Send {
                $($crate::offer_method! { $kind $operation $params $reply $operation_docs })*

                /// [`Service::parks`]($crate::Service::parks), by the operation's name.
                fn parks(&self, operation: &str) -> bool {
                    let _ = operation;
                    false
                }

                /// [`Service::again_at`]($crate::Service::again_at), by the operation's name.
                fn again_at(
                    &self,
                    caller: &$crate::Caller<'_>,
                    operation: &str,
                ) -> ::core::option::Option<$crate::Micros> {
                    let _ = (caller, operation);
                    ::core::option::Option::None
                }

                /// [`Service::cancel`]($crate::Service::cancel).
                fn cancel(&mut self, plugin: &str) {
                    let _ = plugin;
                }
            }

            /// An operation's name.
            fn name_of(operation: usize) -> &'static str {
                OPERATIONS.get(operation).map_or("", |declared| declared.name)
            }

            /// Makes a service of what implements [`Operations`].
            #[derive(Clone, Copy, Debug)]
            pub struct Offered<T>(pub T);

            /// The places of the operations.
            #[allow(non_camel_case_types)]
            enum At {
                $($operation),*
            }

            const OPERATIONS: &[$crate::Operation] = &[$($crate::offered::operation(
                stringify!($operation),
                $crate::offer_form!($kind $params $reply),
                $fuel,
                0 $(+ $byte_fuel)?,
            )),*];

            impl<T: Operations> $crate::Service for Offered<T> {
                fn name(&self) -> &'static str {
                    $wire
                }

                fn operations(&self) -> &'static [$crate::Operation] {
                    OPERATIONS
                }

                fn scalar(
                    &mut self,
                    caller: &$crate::Caller<'_>,
                    operation: usize,
                    params: &[$crate::Scalar],
                ) -> ::core::result::Result<$crate::Scalar, $crate::Status> {
                    let _ = (caller, params);
                    $(if operation == At::$operation as usize {
                        $crate::offer_scalar! { $kind $operation $params $reply [self caller params] }
                    })*
                    Err($crate::Status::NotFound)
                }

                fn message(
                    &mut self,
                    caller: &$crate::Caller<'_>,
                    operation: usize,
                    request: &[u8],
                    reply: &mut [u8],
                ) -> ::core::result::Result<usize, $crate::Status> {
                    let _ = (caller, request, &reply);
                    $(if operation == At::$operation as usize {
                        $crate::offer_message! { $kind $operation $params [self caller request reply] }
                    })*
                    Err($crate::Status::NotFound)
                }

                fn parks(&self, operation: usize) -> bool {
                    T::parks(&self.0, name_of(operation))
                }

                fn again_at(
                    &self,
                    caller: &$crate::Caller<'_>,
                    operation: usize,
                ) -> ::core::option::Option<$crate::Micros> {
                    T::again_at(&self.0, caller, name_of(operation))
                }

                fn cancel(&mut self, plugin: &str) {
                    T::cancel(&mut self.0, plugin);
                }
            }
        }
    };
}

/// The method of one operation.
#[doc(hidden)]
#[macro_export]
macro_rules! offer_method {
    (scalar $operation:ident ($($param:ident: $number:ty),* $(,)?) () [$($docs:tt)*]) => {
        $($docs)*
        fn $operation(&mut self, caller: &$crate::Caller<'_> $(, $param: $number)*);
    };
    (scalar $operation:ident ($($param:ident: $number:ty),* $(,)?) ($result:ty) [$($docs:tt)*]) => {
        $($docs)*
        ///
        /// # Errors
        /// Refuses.
        fn $operation(
            &mut self,
            caller: &$crate::Caller<'_>
            $(, $param: $number)*
        ) -> ::core::result::Result<$result, $crate::Status>;
    };
    (message $operation:ident ($($request:ty)?) ($($reply:ty)?) [$($docs:tt)*]) => {
        $($docs)*
        ///
        /// # Errors
        /// Refuses.
        fn $operation<'a>(
            &'a mut self,
            caller: &$crate::Caller<'_>
            $(, request: $request)?
        ) -> ::core::result::Result<($($reply)?), $crate::Status>;
    };
}

/// The form of one operation.
#[doc(hidden)]
#[macro_export]
macro_rules! offer_form {
    (scalar ($($param:ident: $number:ty),* $(,)?) ()) => {
        $crate::Form::Scalar {
            params: &[$(<$number as $crate::offered::Number>::TYPE),*],
            result: ::core::option::Option::None,
        }
    };
    (scalar ($($param:ident: $number:ty),* $(,)?) ($result:ty)) => {
        $crate::Form::Scalar {
            params: &[$(<$number as $crate::offered::Number>::TYPE),*],
            result: ::core::option::Option::Some(<$result as $crate::offered::Number>::TYPE),
        }
    };
    (message $params:tt $reply:tt) => {
        $crate::Form::Message
    };
}

/// Carries out a scalar operation.
#[doc(hidden)]
#[macro_export]
macro_rules! offer_scalar {
    (scalar $operation:ident ($($param:ident: $number:ty),* $(,)?) ($($result:ty)?)
        [$service:ident $caller:ident $params:ident]
    ) => {
        let [$($param),*] = $params else { return Err($crate::Status::Failed) };
        $(let $param = <$number as $crate::offered::Number>::of(*$param)?;)*
        let result = T::$operation(&mut $service.0, $caller $(, $param)*);
        return $crate::offered::Answer::answer(result);
    };
    (message $($rest:tt)*) => {};
}

/// Carries out a message operation.
#[doc(hidden)]
#[macro_export]
macro_rules! offer_message {
    (message $operation:ident () [$service:ident $caller:ident $bytes:ident $out:ident]) => {
        let () = $crate::offered::read($bytes)?;
        return $crate::offered::write(&T::$operation(&mut $service.0, $caller)?, $out);
    };
    (message $operation:ident ($request:ty) [
        $service:ident $caller:ident $bytes:ident $out:ident
    ]) => {
        // Its type is the method's to say: `'a` means something there.
        let request = $crate::offered::read($bytes)?;
        return $crate::offered::write(&T::$operation(&mut $service.0, $caller, request)?, $out);
    };
    (scalar $($rest:tt)*) => {};
}

/// [`Operation`] with its fields in a row.
#[must_use]
pub const fn operation(
    name: &'static str,
    form: Form,
    base_fuel: u32,
    byte_fuel: u32,
) -> Operation {
    Operation { name: plain(name), form, base_fuel, byte_fuel }
}

/// The name of the import that an identifier makes: `r#move` makes `move`.
const fn plain(identifier: &str) -> &str {
    match identifier.as_bytes() {
        [b'r', b'#', ..] => identifier.split_at(2).1,
        _ => identifier,
    }
}

/// Reads a request that fills its bytes.
///
/// # Errors
/// [`Status::Invalid`].
pub fn read<'a, T: Decode<'a>>(request: &'a [u8]) -> Result<T, Status> {
    T::decode(request).map_err(|_| Status::Invalid)
}

/// Writes a reply, or tells the length that it needs.
///
/// # Errors
/// [`Status::Failed`] if it can't be encoded at all.
pub fn write<T: Serialize + ?Sized>(message: &T, reply: &mut [u8]) -> Result<usize, Status> {
    match encode(message, reply) {
        Ok(written) => Ok(written.len()),
        Err(EncodeError::Full) => Ok(encoded_len(message)),
        Err(_) => Err(Status::Failed),
    }
}

/// A number of a scalar operation, as what it is.
pub trait Number: service::Number {
    /// Its type on the wire.
    const TYPE: ValueType;

    /// What it is, from any number.
    ///
    /// # Errors
    /// [`Status::Failed`] of one of another type.
    fn of(scalar: Scalar) -> Result<Self, Status>;

    /// Any number, from what it is.
    fn scalar(self) -> Scalar;
}

macro_rules! numbers {
    ($($number:ty = $variant:ident)*) => {$(
        impl Number for $number {
            const TYPE: ValueType = ValueType::$variant;

            fn of(scalar: Scalar) -> Result<Self, Status> {
                if let Scalar::$variant(number) = scalar { Ok(number) } else { Err(Status::Failed) }
            }

            fn scalar(self) -> Scalar {
                Scalar::$variant(self)
            }
        }
    )*};
}

numbers!(i32 = I32 i64 = I64 f32 = F32 f64 = F64);

/// What the method of a scalar operation answers.
pub trait Answer {
    /// The number, unless it is a refusal or looks like one.
    ///
    /// # Errors
    /// The refusal.
    fn answer(self) -> Result<Scalar, Status>;
}

impl Answer for () {
    fn answer(self) -> Result<Scalar, Status> {
        Ok(Scalar::None)
    }
}

impl<N: Number> Answer for Result<N, Status> {
    fn answer(self) -> Result<Scalar, Status> {
        let number = self?;
        number.checked().map(N::scalar).map_err(|_| Status::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Number, plain};
    use crate::{Caller, Scalar, Service as _, Status};
    use std::{string::String, vec};

    ampoule_abi::service! {
        /// Parameters may be called as the macro calls its own.
        service "kinds" as kinds {
            scalar all(caller: i32, params: i64, operation: f32, reply: f64) -> f32 { fuel: 1 }
            message join(&'a [u8]) -> (&'a str, &'a [u8]) { fuel: 1 }
            scalar r#move() -> i64 { fuel: 1 }
        }
    }
    offer_service!(kinds);

    struct Kinds(String);

    impl kinds::Operations for Kinds {
        fn all(&mut self, _: &Caller<'_>, a: i32, b: i64, c: f32, d: f64) -> Result<f32, Status> {
            if (a, b, c, d) == (1, 2, 3.0, 4.0) { Ok(10.0) } else { Err(Status::Invalid) }
        }

        fn join<'a>(
            &'a mut self,
            _: &Caller<'_>,
            request: &'a [u8],
        ) -> Result<(&'a str, &'a [u8]), Status> {
            Ok((&self.0, request))
        }

        fn r#move(&mut self, _: &Caller<'_>) -> Result<i64, Status> {
            Ok(5)
        }
    }

    const CALLER: Caller<'_> = Caller::new("test", "", 0);

    #[test]
    fn numbers_arrive_in_their_order_and_others_are_a_failure() {
        let mut service = kinds::Offered(Kinds(String::new()));
        let all = [Scalar::I32(1), Scalar::I64(2), Scalar::F32(3.0), Scalar::F64(4.0)];
        assert_eq!(service.scalar(&CALLER, 0, &all), Ok(Scalar::F32(10.0)));
        let swapped = [all[0], all[1], all[3], all[2]];
        for wrong in [&all[..3], &swapped, &[]] {
            assert_eq!(service.scalar(&CALLER, 0, wrong), Err(Status::Failed), "{wrong:?}");
        }
        assert_eq!(service.scalar(&CALLER, 1, &[]), Err(Status::NotFound), "is a message");
        assert_eq!(service.scalar(&CALLER, 2, &[]), Ok(Scalar::I64(5)));
        assert_eq!(service.operations()[2].name, "move");
    }

    #[test]
    fn a_reply_may_borrow_from_the_service_and_from_the_request() {
        let mut service = kinds::Offered(Kinds("own".into()));
        let mut reply = vec![0; 8];
        assert_eq!(service.message(&CALLER, 1, b"\x03abc", &mut reply), Ok(8));
        assert_eq!(reply, b"\x03own\x03abc");
        assert_eq!(service.message(&CALLER, 1, b"\x03abc", &mut reply[..7]), Ok(8), "is needed");
    }

    #[test]
    fn a_number_that_looks_like_a_refusal_is_a_failure() {
        assert_eq!(Ok(7_i32).answer(), Ok(Scalar::I32(7)));
        assert_eq!(Ok(-257_i64).answer(), Ok(Scalar::I64(-257)));
        assert_eq!(Ok(-4_i32).answer(), Err(Status::Failed), "isn't Busy");
        assert_eq!(Ok(f64::NAN).answer(), Err(Status::Failed));
        assert_eq!(Err::<i32, _>(Status::Busy).answer(), Err(Status::Busy));
        assert_eq!(().answer(), Ok(Scalar::None));
    }

    #[test]
    fn a_number_of_another_type_is_none() {
        assert_eq!(i32::of(Scalar::I32(1)), Ok(1));
        for other in [Scalar::I64(1), Scalar::F32(1.0), Scalar::F64(1.0), Scalar::None] {
            assert_eq!(i32::of(other), Err(Status::Failed), "{other:?}");
        }
    }

    #[test]
    fn a_raw_identifier_is_offered_as_it_is_imported() {
        for (identifier, name) in [("r#move", "move"), ("move", "move"), ("r", "r"), ("", "")] {
            assert_eq!(plain(identifier), name);
        }
    }
}
