//! The plugin `{{name}}`: adds up numbers.
#![cfg_attr(target_arch = "wasm32", no_std)]

use ampoule_guest::{Context, Failure, Meta, Plugin, Replied, Reply, Schema, Value, export_plugin};
use serde::{Deserialize, Serialize};

/// What the plugin remembers between calls.
pub struct Adder {
    sum: i64,
}

/// What [`Adder::add`] answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Sum {
    /// Of all the numbers so far.
    pub sum: i64,
}

impl Plugin for Adder {
    const META: Meta<'static> = Meta {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        description: env!("CARGO_PKG_DESCRIPTION"),
        author: "you",
    };

    fn init(_: &Context<'_>) -> Result<Self, Failure<'static>> {
        Ok(Self { sum: 0 })
    }

    /// The general entry: parameters in, any value out.
    fn execute(&mut self, context: &Context<'_>, reply: Reply<'_>) -> Replied {
        let Some(Ok(number)) = context.parameters.get("number").map(str::parse) else {
            return reply.error("the parameter `number` has to be a whole number");
        };
        self.sum = self.sum.wrapping_add(number);
        reply.success(|data| data.put(Value::Int(self.sum)))
    }
}

impl Adder {
    /// A typed entry: the schema in the module tells its message types. The host does not compare
    /// them with the caller's; a message that doesn't decode as a number is refused by the SDK.
    ///
    /// # Errors
    /// None of its own.
    pub fn add(&mut self, number: i64) -> Result<Sum, Failure<'static>> {
        self.sum = self.sum.wrapping_add(number);
        Ok(Sum { sum: self.sum })
    }
}

export_plugin! {
    Adder {
        // Bytes of the longest message and of the longest reply.
        mailbox: 1024,
        reply: 256,
        entries: [execute, add],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ampoule_guest::{Pairs, testing::Guest};

    fn context<'a>(parameters: &'a [(&'a str, &'a str)]) -> Context<'a> {
        Context {
            // The rest is empty.
            parameters: Pairs::from_slice(parameters),
            ..Context::default()
        }
    }

    #[test]
    fn both_entries_add_to_one_sum() {
        let mut guest = Guest::<Adder>::started();
        assert_eq!(guest.call(Adder::add, &40_i64), Ok(Sum { sum: 40 }));

        let outcome = guest.execute(&context(&[("number", "2")])).unwrap();
        assert_eq!(outcome.data, Value::Int(42));
    }

    #[test]
    fn what_is_no_number_is_an_error() {
        let mut guest = Guest::<Adder>::started();
        for parameters in [&[][..], &[("number", "two")]] {
            let outcome = guest.execute(&context(parameters)).unwrap();
            assert!(outcome.error.is_some(), "{outcome:?}");
        }
    }
}
