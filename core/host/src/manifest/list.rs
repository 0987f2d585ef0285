//! Lists that lie in code or in a document, read the same way.

use super::document::Document;

/// A list of strings: a constant's, or a document's.
///
/// ```
/// use ampoule::manifest::Strings;
///
/// const HOSTS: Strings<'_> = Strings::of(&["example.com", "192.0.2.1:8080"]);
/// assert_eq!(HOSTS.iter().count(), 2);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Strings<'a> {
    constant: &'a [&'a str],
    /// Each followed by [`Self::END`].
    joined: &'a str,
}

impl<'a> Strings<'a> {
    /// Ends a string in a document's store: no string there may hold it.
    pub(super) const END: char = '\n';

    /// No string.
    pub const NONE: Self = Self::of(&[]);

    /// The one string that a policy's lists take for "every".
    pub const EVERY: Self = Self::of(&["*"]);

    /// The strings of a slice.
    #[must_use]
    pub const fn of(strings: &'a [&'a str]) -> Self {
        Self { constant: strings, joined: "" }
    }

    pub(super) fn joined(strings: &'a str) -> Self {
        Self { constant: &[], joined: strings }
    }

    /// The strings, in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.constant.iter().copied().chain(self.joined.split_terminator(Self::END))
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    pub(crate) fn has(&self, string: &str) -> bool {
        self.iter().any(|one| one == string)
    }
}

/// What a manifest asks of one service, or what a policy lets it have.
#[derive(Clone, Copy, Debug)]
pub struct ServiceRule<'a> {
    /// The service: the wasm module name of the import. In a policy `*` is every service.
    pub service: &'a str,
    /// The operations: function names of the import. None means none; in a policy `*` is every one.
    pub operations: Strings<'a>,
    /// The part of the service that is meant, in words of its own written as a path: `a` holds `a/b`.
    /// None is all of it.
    pub scope: Option<&'a str>,
    /// How many calls a second, of each operation by itself. None is no rule.
    pub per_second: Option<u32>,
}

impl ServiceRule<'_> {
    pub(crate) fn names(&self, service: &str, operation: &str) -> bool {
        self.service == service && self.operations.has(operation)
    }

    /// [`Self::names`] where `*` is every name.
    pub(crate) fn covers(&self, service: &str, operation: &str) -> bool {
        let every = |name: &str| name == "*";
        (every(self.service) || self.service == service)
            && self.operations.iter().any(|one| every(one) || one == operation)
    }
}

/// A list of [`ServiceRule`]s: a constant's, or a document's.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServiceRules<'a> {
    constant: &'a [ServiceRule<'a>],
    document: Option<&'a Document>,
}

impl<'a> ServiceRules<'a> {
    /// No service.
    pub const NONE: Self = Self::of(&[]);

    /// Every operation of every service, whole and without a rate.
    pub const EVERY: Self = Self::of(&[ServiceRule {
        service: "*",
        operations: Strings::EVERY,
        scope: None,
        per_second: None,
    }]);

    /// The rules of a slice.
    #[must_use]
    pub const fn of(rules: &'a [ServiceRule<'a>]) -> Self {
        Self { constant: rules, document: None }
    }

    pub(crate) fn of_document(document: &'a Document) -> Self {
        Self { constant: &[], document: Some(document) }
    }

    /// The rules, in order.
    pub fn iter(&self) -> impl Iterator<Item = ServiceRule<'a>> + Clone + use<'a> {
        self.constant.iter().copied().chain(self.document.into_iter().flat_map(Document::rules))
    }
}
