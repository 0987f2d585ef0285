//! Drives a plugin on the workstation, through the code that serves the host on wasm32.
//!
//! ```
//! # use ampoule_guest::*;
//! # struct Doubler;
//! # impl Plugin for Doubler {
//! #     const META: Meta<'static> = Meta { name: "d", version: "1.0.0", description: "", author: "" };
//! #     fn init(_: &Context<'_>) -> Result<Self, Failure<'static>> { Ok(Self) }
//! # }
//! # impl Doubler { fn double(&mut self, n: u32) -> Result<u32, Failure<'static>> { Ok(n * 2) } }
//! # export_plugin! { Doubler { mailbox: 64, reply: 64, entries: [double] } }
//! use ampoule_guest::{failure_code, testing::Guest};
//!
//! let mut guest = Guest::<Doubler>::started();
//! assert_eq!(guest.call(Doubler::double, &21_u32), Ok(42));
//!
//! let failure = guest.raw(b"", |call| call.entry(Doubler::double)).unwrap_err();
//! assert_eq!(failure.code, failure_code::BAD_MESSAGE);
//! ```

use crate::{
    Answer, Context, Decode, Exported, Failure, HandOver, Outcome, Place, Status, buffer::Buffer,
    instance::AnySize,
};
pub use crate::{instance::Call, reply::RawReply};
use alloc::{boxed::Box, vec::Vec};
use ampoule_abi::{encode, encoded_len, service::Number};
use core::cell::RefCell;
use serde::Serialize;
use std::collections::BTreeMap;

/// A plugin with the buffers that its [`export_plugin!`](crate::export_plugin) asks for.
pub struct Guest<P: Exported> {
    instance: Box<P::Instance>,
}

impl<P: Exported> Guest<P> {
    /// A plugin before its [`init`](crate::Plugin::init).
    #[must_use]
    pub fn new() -> Self {
        Self { instance: Box::new(P::Instance::default()) }
    }

    /// A plugin after an [`init`](crate::Plugin::init) with an empty context.
    ///
    /// # Panics
    /// If the plugin's `init` fails.
    #[must_use]
    pub fn started() -> Self {
        let mut guest = Self::new();
        guest.init(&Context::default()).expect("init fails");
        guest
    }

    /// [`Plugin::init`](crate::Plugin::init).
    ///
    /// # Errors
    /// The plugin's own failure, or the SDK's.
    pub fn init(&mut self, context: &Context<'_>) -> Result<(), Failure<'_>> {
        self.raw(&encoded(context), Call::init).map(|_| ())
    }

    /// [`Plugin::execute`](crate::Plugin::execute).
    ///
    /// # Errors
    /// The plugin's own failure, or the SDK's.
    ///
    /// # Panics
    /// If the reply isn't an outcome.
    pub fn execute(&mut self, context: &Context<'_>) -> Result<Outcome<'_>, Failure<'_>> {
        let reply = self.raw(&encoded(context), Call::execute)?;
        Ok(Outcome::decode(reply).expect("the reply is no outcome"))
    }

    /// A typed entry.
    ///
    /// # Errors
    /// The plugin's own failure, or the SDK's.
    ///
    /// # Panics
    /// If the reply isn't the entry's.
    pub fn call<'a, Request, A>(
        &'a mut self,
        entry: impl FnOnce(&'a mut P, Request) -> A,
        request: &(impl Serialize + ?Sized),
    ) -> Result<A::Message, Failure<'a>>
    where
        Request: Decode<'a>,
        A: Answer<'a>,
        A::Message: Decode<'a>,
    {
        let reply = self.raw(&encoded(request), |call| call.entry(entry))?;
        Ok(Decode::decode(reply).expect("the reply is not the entry's"))
    }

    /// [`HandOver::save`], as the host keeps it for [`Self::restore`].
    ///
    /// # Errors
    /// The SDK's own failure: the plugin hasn't started, or the state doesn't fit into its reply buffer.
    pub fn save(&mut self) -> Result<Vec<u8>, Failure<'_>>
    where
        P: HandOver,
    {
        self.raw(&[], |call| call.save(P::STATE_LAYOUT)).map(<[u8]>::to_vec)
    }

    /// [`HandOver::restore`] with what [`Self::save`] of this or another version has answered.
    ///
    /// # Errors
    /// The plugin's own failure, or the SDK's.
    pub fn restore(&mut self, state: &[u8]) -> Result<(), Failure<'_>>
    where
        P: HandOver,
    {
        self.raw(state, Call::restore).map(|_| ())
    }

    /// [`Plugin::destroy`](crate::Plugin::destroy).
    ///
    /// # Panics
    /// Never by itself: the SDK has no failure here, and the plugin can't have one.
    pub fn destroy(&mut self) {
        self.raw(&[], Call::destroy).expect("destroy fails");
    }

    /// Any call with any bytes for a message, and the bytes of its reply.
    ///
    /// # Errors
    /// The plugin's own failure, or the SDK's: also for a message that is larger than the mailbox.
    ///
    /// # Panics
    /// If the failure isn't one.
    pub fn raw<'a>(
        &'a mut self,
        message: &[u8],
        run: impl FnOnce(Call<'a, P>) -> RawReply<'a>,
    ) -> Result<&'a [u8], Failure<'a>> {
        self.instance.mailbox_mut().iter_mut().zip(message).for_each(|(to, from)| *to = *from);
        let reply = run(self.instance.call(message.len()));
        if reply.failed {
            return Err(Decode::decode(reply.bytes).expect("the reply is no failure"));
        }
        Ok(reply.bytes)
    }
}

impl<P: Exported> Default for Guest<P> {
    fn default() -> Self {
        Self::new()
    }
}

/// The bytes of a message: what a double answers, or is asked.
///
/// # Panics
/// If the message can't be encoded.
pub fn encoded(message: &(impl Serialize + ?Sized)) -> Vec<u8> {
    let mut bytes = alloc::vec![0; encoded_len(message)];
    encode(message, &mut bytes).expect("the message can't be encoded");
    bytes
}

/// The bytes of the value that `write` puts into place, of at most 64 KiB.
///
/// # Panics
/// If the value is larger.
pub fn value(write: impl FnOnce(&mut Place<'_>)) -> Vec<u8> {
    let mut buffer = Box::new(Buffer::<[u8; 65_536]>::new());
    let buffer: &mut Buffer = &mut *buffer;
    write(&mut Place::new(buffer));
    buffer.written().expect("the value is larger than 64 KiB").into()
}

type Double = Box<dyn FnMut(&str, &[u8]) -> Result<Vec<u8>, Status>>;

std::thread_local! {
    static DOUBLES: RefCell<BTreeMap<&'static str, Double>> = const { RefCell::new(BTreeMap::new()) };
}

/// Offers a double of a service to the plugins on this thread, in place of the one before.
///
/// It gets the operation's name and the request's bytes, and answers the reply's. The bytes of numbers, which
/// scalar operations take and answer, are those of `to_le_bytes`, one number after the other. Without a
/// double every operation is [`Status::NotFound`]. A double can't ask services itself.
///
/// ```
/// use ampoule_guest::{Status, services::clock, testing};
///
/// testing::offer("clock", |operation, _| match operation {
///     "now_us" => Ok(1_000_000_i64.to_le_bytes().into()),
///     _ => Err(Status::NotFound),
/// });
/// assert_eq!(clock::now_us(), Ok(1_000_000));
/// ```
pub fn offer(
    service: &'static str,
    double: impl FnMut(&str, &[u8]) -> Result<Vec<u8>, Status> + 'static,
) {
    DOUBLES.with_borrow_mut(|doubles| doubles.insert(service, Box::new(double)));
}

fn ask_double(service: &str, operation: &str, request: &[u8]) -> Result<Vec<u8>, Status> {
    // A raw identifier is imported without its `r#`.
    let operation = operation.strip_prefix("r#").unwrap_or(operation);
    DOUBLES.with_borrow_mut(|doubles| {
        let double = doubles.get_mut(service).ok_or(Status::NotFound)?;
        double(operation, request)
    })
}

/// A message operation, as a host answers it.
#[doc(hidden)]
pub fn ask(service: &str, operation: &str, request: &[u8], reply: &mut [u8]) -> i32 {
    match ask_double(service, operation, request) {
        Ok(bytes) => match reply.get_mut(..bytes.len()) {
            Some(place) => {
                place.copy_from_slice(&bytes);
                bytes.len() as i32
            }
            None => Status::TooSmall.code(),
        },
        Err(status) => status.code(),
    }
}

/// A scalar operation, as a host answers it.
#[doc(hidden)]
pub fn ask_scalar<N: ScalarResult>(service: &str, operation: &str, params: &[u8]) -> N {
    N::of(ask_double(service, operation, params))
}

/// What a scalar operation answers.
#[doc(hidden)]
pub trait ScalarResult {
    fn of(answer: Result<Vec<u8>, Status>) -> Self;
}

impl ScalarResult for () {
    fn of(_: Result<Vec<u8>, Status>) -> Self {}
}

macro_rules! scalar_results {
    ($($number:ty)*) => {$(
        impl ScalarResult for $number {
            fn of(answer: Result<Vec<u8>, Status>) -> Self {
                match answer.map(TryInto::try_into) {
                    Ok(Ok(bytes)) => Self::from_le_bytes(bytes),
                    Ok(Err(_)) => Self::refused(Status::Failed),
                    Err(status) => Self::refused(status),
                }
            }
        }
    )*};
}

scalar_results!(i32 i64 f32 f64);
