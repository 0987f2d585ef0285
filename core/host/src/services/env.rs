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

const OPERATIONS: &[Operation] = &[
    // Compares the name with those of a short list and of the scope.
    message("get", 100, 1),
    // Compares each of them with those of the scope.
    message("names", 500, 1),
];

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

    /// The names that [`Self::get`] would find, in the order of the list.
    fn names(&self, scope: &str, request: &[u8], reply: &mut [u8]) -> Result<usize, Status> {
        let () = read(request)?;
        let names = self.variables.iter().map(|(name, _)| name.as_ref());
        let fit = |name: &str| check_name(name, MAX_KEY_BYTES).is_ok() && granted(scope, name);
        let names: Vec<&str> = names.filter(|name| fit(name)).collect();
        answer(&names, reply)
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
        match operation {
            0 => self.get(caller.scope, request, reply),
            1 => self.names(caller.scope, request, reply),
            _ => Err(Status::NotFound),
        }
    }
}

/// A scope that reads as a path below another could have passed a policy that means a single name, and
/// its commas would then mean more: such a scope grants nothing.
fn granted(scope: &str, name: &str) -> bool {
    if scope.contains('/') {
        return false;
    }
    scope.is_empty() || scope.split(',').any(|granted| granted.trim() == name)
}

#[cfg(test)]
mod tests {
    use super::granted;

    #[test]
    fn a_scope_holds_what_it_lists_and_what_poses_as_a_path_holds_nothing() {
        for (scope, name, holds) in [
            ("", "TZ", true),
            ("TZ", "TZ", true),
            ("TZ", "SECRET", false),
            ("TZ, LANG", "LANG", true),
            ("TZ/,SECRET", "SECRET", false),
            ("TZ/,SECRET", "TZ", false),
            ("TZ/x", "TZ", false),
        ] {
            assert_eq!(granted(scope, name), holds, "{name} in {scope}");
        }
    }
}
