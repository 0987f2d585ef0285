//! Variables that a host sets for its guests.

use super::{MAX_KEY_BYTES, answer, check_name, message, read};
use crate::{Caller, Operation, Service};
use alloc::{borrow::Cow, vec::Vec};
use ampoule_abi::Status;

type Text = Cow<'static, str>;

/// The service `env`: a fixed list of variables, of which a plugin reads those that its scope names.
///
/// The scope is one name, or several with commas between them. Without one the whole list is granted:
/// put nothing in it that isn't meant for every plugin that may use the service at all. Since a policy
/// compares scopes as a whole, a list there has to be the manifest's own, or be left out on one side.
///
/// ```
/// use ampoule::services::Env;
///
/// let env = Env::new([("TZ", "UTC"), ("SITE", "roof")]);
/// # let _ = env;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Env {
    variables: Vec<(Text, Text)>,
}

// Compares the name with those of a short list and of the scope.
const OPERATIONS: &[Operation] = &[message("get", 100, 1)];

impl Env {
    /// Offers these variables, names first. Of two with one name, the first is seen.
    pub fn new<N: Into<Text>, V: Into<Text>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        let own = |(name, value): (N, V)| (name.into(), value.into());
        Self { variables: variables.into_iter().map(own).collect() }
    }

    /// The grant is looked at before the list, so that nobody learns what is in it.
    fn get(&self, scope: &str, request: &[u8], reply: &mut [u8]) -> Result<usize, Status> {
        let name: &str = read(request)?;
        check_name(name, MAX_KEY_BYTES)?;
        if !granted(scope, name) {
            return Err(Status::NotGranted);
        }
        let found = self.variables.iter().find(|(known, _)| known == name);
        let (_, value) = found.ok_or(Status::NotFound)?;
        answer(value.as_ref(), reply)
    }
}

impl Service for Env {
    fn name(&self) -> &'static str {
        "env"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn message(
        &mut self,
        caller: &Caller<'_>,
        operation: usize,
        request: &[u8],
        reply: &mut [u8],
    ) -> Result<usize, Status> {
        if operation == 0 { self.get(caller.scope, request, reply) } else { Err(Status::NotFound) }
    }
}

fn granted(scope: &str, name: &str) -> bool {
    scope.is_empty() || scope.split(',').any(|granted| granted.trim() == name)
}
