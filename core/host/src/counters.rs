//! What a plugin has done, as plain numbers.

use crate::{breaker::BreakerRefusal, cell::HeapUse, fault::Fault, limits::Micros};
use serde::{Deserialize, Serialize};

/// Declares an enum and a struct that has a number for each variant, so that neither lacks one of
/// the other's.
macro_rules! tally {
    (
        $(#[$kind_attr:meta])*
        pub enum $Kind:ident;
        $(#[$tally_attr:meta])*
        pub struct $Tally:ident: $number:ty;
        $( $(#[$attr:meta])* $Variant:ident, $field:ident; )*
    ) => {
        $(#[$kind_attr])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum $Kind { $( $(#[$attr])* $Variant, )* }

        impl $Kind {
            /// Every kind, in order.
            pub const ALL: &'static [Self] = &[ $( Self::$Variant, )* ];
        }

        $(#[$tally_attr])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[non_exhaustive]
        pub struct $Tally { $( $(#[$attr])* pub $field: $number, )* }

        impl $Tally {
            /// How many of one kind.
            #[must_use]
            pub const fn get(&self, kind: $Kind) -> $number {
                match kind { $( $Kind::$Variant => self.$field, )* }
            }

            /// How many of all kinds.
            #[must_use]
            pub fn total(&self) -> u64 {
                [ $( self.$field, )* ].into_iter().fold(0, |sum, n| sum.saturating_add(n.into()))
            }

            fn merge(&mut self, other: &Self) {
                $( self.$field = self.$field.saturating_add(other.$field); )*
            }

            const fn count(&mut self, kind: $Kind) {
                let number = match kind { $( $Kind::$Variant => &mut self.$field, )* };
                *number = number.saturating_add(1);
            }
        }
    };
}

tally! {
    /// What ended a call that has no reply.
    pub enum FailureKind;
    /// Failed calls by what ended them.
    pub struct Failures: u32;
    /// A trap.
    Trap, trap;
    /// Its fuel was used up.
    OutOfFuel, out_of_fuel;
    /// Its time was over.
    Deadline, deadline;
    /// Its calls went too deep for its stack.
    StackExhausted, stack_exhausted;
    /// It panicked.
    Panic, panic;
    /// Its reply or failure couldn't be read.
    BadReply, bad_reply;
    /// A fresh instance had no usable mailbox.
    BadMailbox, bad_mailbox;
    /// A fresh instance was due, and its `ampoule_init` said no.
    Init, init;
    /// It exited.
    Exit, exit;
    /// There was no memory to make an instance with.
    NoMemory, no_memory;
    /// A reason of the engine's own.
    Engine, engine;
    /// The host didn't want its reply any more.
    Cancelled, cancelled;
}

tally! {
    /// Why the host refused a call before anything of it ran.
    pub enum RefusalKind;
    /// Calls that were refused before anything of them ran, by reason.
    pub struct Refusals: u64;
    /// The breaker was open, or its probe was out.
    BreakerOpen, breaker_open;
    /// The plugin was quarantined.
    Quarantined, quarantined;
    /// Too many calls were waiting.
    QueueFull, queue_full;
    /// The request didn't fit, or wasn't for this plugin.
    Request, request;
}

impl FailureKind {
    /// The kind of a fault.
    #[must_use]
    pub const fn of(fault: &Fault) -> Self {
        match fault {
            Fault::OutOfFuel { .. } => Self::OutOfFuel,
            Fault::StackExhausted {} => Self::StackExhausted,
            Fault::Trap { .. } => Self::Trap,
            Fault::Panic { .. } => Self::Panic,
            Fault::ReplyBits { .. }
            | Fault::ReplyOutside { .. }
            | Fault::ReplyTooLarge { .. }
            | Fault::ReplyMalformed { .. }
            | Fault::FailureMalformed { .. } => Self::BadReply,
            Fault::Mailbox { .. } => Self::BadMailbox,
            Fault::Deadline {} => Self::Deadline,
            Fault::Exit { .. } => Self::Exit,
            Fault::OutOfMemory {} => Self::NoMemory,
            Fault::Engine {} => Self::Engine,
        }
    }
}

impl From<BreakerRefusal> for RefusalKind {
    fn from(refusal: BreakerRefusal) -> Self {
        match refusal {
            BreakerRefusal::Open { .. } | BreakerRefusal::Probing => Self::BreakerOpen,
            BreakerRefusal::Quarantined => Self::Quarantined,
        }
    }
}

/// How a call that ran has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// With a reply.
    Success,
    /// With the plugin's own failure, a code and a text: it said no to this request.
    FailureReply,
    /// With neither.
    Failed(FailureKind),
}

/// What [`Counters::record`] wants to know of a call that ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// How it ended.
    pub outcome: CallEnd,
    /// The fuel that it used.
    pub fuel: u64,
    /// From its start to its end on the host's clock.
    pub duration: Micros,
    /// The linear memory that its instance owned at its end.
    pub memory_bytes: usize,
}

/// How many calls took how long.
///
/// Bucket 0 is up to 100 µs, each further bucket up to four times as long as the one before:
///
/// | bucket | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 |
/// |---|---|---|---|---|---|---|---|---|---|---|---|---|
/// | up to | 100 µs | 400 µs | 1.6 ms | 6.4 ms | 25.6 ms | 102.4 ms | 409.6 ms | 1.6 s | 6.6 s | 26 s | 105 s | longer |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram([u64; Histogram::BUCKETS]);

impl Histogram {
    /// How many buckets there are.
    pub const BUCKETS: usize = 12;

    /// The longest duration that a bucket takes, itself included; `None` for the last, which takes all
    /// that is longer, and for buckets that there aren't.
    #[must_use]
    pub const fn longest(bucket: usize) -> Option<Micros> {
        if bucket < Self::BUCKETS - 1 { Some(100 << (2 * bucket)) } else { None }
    }

    /// The number of calls in each bucket.
    #[must_use]
    pub const fn buckets(&self) -> &[u64; Self::BUCKETS] {
        &self.0
    }

    fn merge(&mut self, other: &Self) {
        for (number, more) in self.0.iter_mut().zip(other.0) {
            add(number, more);
        }
    }

    fn count(&mut self, duration: Micros) {
        let fits = |&(bucket, _): &(usize, _)| Self::longest(bucket).is_none_or(|l| duration <= l);
        if let Some((_, number)) = self.0.iter_mut().enumerate().find(fits) {
            *number = number.saturating_add(1);
        }
    }
}

/// What a plugin has done since it was loaded.
///
/// A copy is a snapshot: its numbers belong together, and serialize as one value. Every number stops
/// at its type's maximum instead of starting over; until one does, `calls` is the sum of `successes`,
/// `failure_replies` and all `failures`, and of all durations' buckets.
///
/// ```
/// use ampoule::{CallEnd, CallRecord, Counters};
///
/// let mut counters = Counters::default();
/// counters.record(&CallRecord {
///     outcome: CallEnd::Success,
///     fuel: 1_200,
///     duration: 250,
///     memory_bytes: 4_096,
/// });
/// let snapshot = counters;
/// assert_eq!((snapshot.calls, snapshot.successes, snapshot.fuel_total), (1, 1, 1_200));
/// assert_eq!(snapshot.durations.buckets()[1], 1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counters {
    /// Calls that ran, however they ended.
    pub calls: u64,
    /// Those with a reply.
    pub successes: u64,
    /// Those to which the plugin said no.
    pub failure_replies: u64,
    /// Those with neither.
    pub failures: Failures,
    /// What ended the latest of these.
    pub last_failure: Option<FailureKind>,
    /// Calls that didn't run. They aren't in `calls`.
    pub refusals: Refusals,
    /// Fuel of all calls.
    pub fuel_total: u64,
    /// Fuel of the dearest call.
    pub fuel_most: u64,
    /// Duration of all calls.
    pub duration_total: Micros,
    /// Duration of the longest call.
    pub duration_most: Micros,
    /// Durations of all calls.
    pub durations: Histogram,
    /// The most linear memory that an instance owned at the end of a call, in bytes.
    pub memory_most_bytes: u32,
    /// How often an instance was made.
    pub instances: u32,
    /// How often a new version took the place of the old one.
    pub reloads: u32,
    /// Uses of services, of all together: [`Host::host_calls`](crate::Host::host_calls) tells those of
    /// each.
    pub host_calls: u64,
    /// What it has on the heap, all its versions together, in bytes as the cell counts them; 0 where plugins run
    /// in no [`Cell`](crate::Cell).
    pub heap_bytes: u32,
    /// The most that it had there at once, loading included, and reloads that came to nothing. While there are
    /// several versions: what each of them had at most, together.
    pub heap_most_bytes: u32,
}

// What a microcontroller can spare for each plugin; the same there, where words are half as long.
const _: () = assert!(size_of::<Counters>() <= 264);

impl Counters {
    /// Counts a call that ran.
    pub fn record(&mut self, call: &CallRecord) {
        add(&mut self.calls, 1);
        self.record_outcome(call.outcome);
        add(&mut self.fuel_total, call.fuel);
        self.fuel_most = self.fuel_most.max(call.fuel);
        add(&mut self.duration_total, call.duration);
        self.duration_most = self.duration_most.max(call.duration);
        self.durations.count(call.duration);
        let memory_bytes = u32::try_from(call.memory_bytes).unwrap_or(u32::MAX);
        self.memory_most_bytes = self.memory_most_bytes.max(memory_bytes);
    }

    /// Counts a call that the host refused.
    pub const fn record_refusal(&mut self, kind: RefusalKind) {
        self.refusals.count(kind);
    }

    /// Counts uses of services.
    pub const fn record_host_calls(&mut self, uses: u64) {
        add(&mut self.host_calls, uses);
    }

    /// Counts an instance that was made.
    pub const fn record_instance(&mut self) {
        self.instances = self.instances.saturating_add(1);
    }

    /// Counts a new version that took over.
    pub const fn record_reload(&mut self) {
        self.reloads = self.reloads.saturating_add(1);
    }

    /// Takes in what it has on the heap now.
    pub fn record_heap(&mut self, heap: HeapUse) {
        let narrow = |bytes| u32::try_from(bytes).unwrap_or(u32::MAX);
        self.heap_bytes = narrow(heap.live);
        self.heap_most_bytes = self.heap_most_bytes.max(narrow(heap.most));
    }

    /// Adds what another copy of the plugin has done: numbers add up, heap too; of what else counts the most the
    /// larger stays. Which of two last failures came later nobody knows; the other's stays, if there is one.
    pub fn merge(&mut self, other: &Self) {
        add(&mut self.calls, other.calls);
        add(&mut self.successes, other.successes);
        add(&mut self.failure_replies, other.failure_replies);
        self.failures.merge(&other.failures);
        self.last_failure = other.last_failure.or(self.last_failure);
        self.refusals.merge(&other.refusals);
        add(&mut self.fuel_total, other.fuel_total);
        self.fuel_most = self.fuel_most.max(other.fuel_most);
        add(&mut self.duration_total, other.duration_total);
        self.duration_most = self.duration_most.max(other.duration_most);
        self.durations.merge(&other.durations);
        self.memory_most_bytes = self.memory_most_bytes.max(other.memory_most_bytes);
        self.instances = self.instances.saturating_add(other.instances);
        self.reloads = self.reloads.saturating_add(other.reloads);
        self.record_host_calls(other.host_calls);
        self.heap_bytes = self.heap_bytes.saturating_add(other.heap_bytes);
        self.heap_most_bytes = self.heap_most_bytes.saturating_add(other.heap_most_bytes);
    }

    const fn record_outcome(&mut self, outcome: CallEnd) {
        match outcome {
            CallEnd::Success => add(&mut self.successes, 1),
            CallEnd::FailureReply => add(&mut self.failure_replies, 1),
            CallEnd::Failed(kind) => {
                self.failures.count(kind);
                self.last_failure = Some(kind);
            }
        }
    }
}

const fn add(total: &mut u64, more: u64) {
    *total = total.saturating_add(more);
}
