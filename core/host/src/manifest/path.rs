//! Paths, compared component by component and never resolved.
//!
//! This is the lexical half: whoever opens files still has to hold a granted directory open and to
//! resolve what lies below it without leaving it, links included.

use ampoule_abi::is_printable;

/// The longest path that is looked at, in bytes. Manifests and policies take 256 of them.
pub const MAX_PATH_BYTES: usize = 1024;

errors! {
    /// Why a path isn't taken.
    pub enum PathError {
        Empty {} = "P01",
            "the path is empty",
            "name a file or directory; `.` is the place where relative paths start";
        TooLong { found: usize, allowed: usize } = "P02",
            "the path has {found} bytes, {allowed} are allowed",
            "shorten it";
        Unprintable {} = "P03",
            "the path has a NUL or another character that can't be shown",
            "use printable characters";
        Backslash {} = "P04",
            "the path has a backslash",
            "separate components by `/`";
        Drive {} = "P05",
            "the path starts with a drive letter",
            "start it with `/`, or with a component for a relative path";
        DoubleSlash {} = "P06",
            "the path starts with two slashes",
            "start it with one; two mean another machine on some systems";
        Dots {} = "P07",
            "the path has a component of dots and blanks only, such as `..`",
            "name the place directly; `..` is never resolved, for a link could change its meaning";
        Wildcard {} = "P08",
            "the path has a `*`",
            "name the directory: all that lies below it is granted with it";
        NotGranted {} = "P09",
            "the path is not granted",
            "add it or a directory above it to capabilities.allowedPaths, and see that the policy allows it";
    }
}

/// A path without tricks: absolute, or relative to a place that the host chooses.
///
/// `.` components, doubled slashes and slashes at the end mean nothing. Case counts, and nothing is
/// decoded or expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainPath<'a>(&'a str);

impl<'a> PlainPath<'a> {
    /// Checks a path that somebody asks for.
    ///
    /// # Errors
    /// [`PathError`]; `..` is refused wherever it stands.
    pub fn parse(text: &'a str) -> Result<Self, PathError> {
        let checks = [
            (text.is_empty(), PathError::Empty {}),
            (text.len() > MAX_PATH_BYTES, too_long(text)),
            (!text.chars().all(is_printable), PathError::Unprintable {}),
            (text.contains('\\'), PathError::Backslash {}),
            (starts_with_drive(text), PathError::Drive {}),
            (text.starts_with("//"), PathError::DoubleSlash {}),
            (text.split('/').any(is_dots), PathError::Dots {}),
        ];
        match checks.into_iter().find(|(wrong, _)| *wrong) {
            Some((_, error)) => Err(error),
            None => Ok(Self(text)),
        }
    }

    /// The text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.0
    }

    /// Tells whether it starts at the root of everything.
    #[must_use]
    pub fn is_absolute(&self) -> bool {
        self.0.starts_with('/')
    }

    /// The names on the way.
    pub fn components(&self) -> impl Iterator<Item = &'a str> + Clone {
        self.0.split('/').filter(|component| !matches!(*component, "" | "."))
    }

    /// The one of two paths that lies in the other.
    pub(crate) fn meet(self, other: Self) -> Option<Self> {
        if other.contains(&self) {
            Some(self)
        } else {
            Some(other).filter(|other| self.contains(other))
        }
    }

    /// Tells whether `other` is this path or lies below it.
    ///
    /// ```
    /// use ampoule::manifest::PlainPath;
    ///
    /// let data = PlainPath::parse("/data/")?;
    /// assert!(data.contains(&PlainPath::parse("/data/./today")?));
    /// assert!(!data.contains(&PlainPath::parse("/database")?));
    /// # Ok::<(), ampoule::manifest::PathError>(())
    /// ```
    #[must_use]
    pub fn contains(&self, other: &PlainPath<'_>) -> bool {
        let mut below = other.components();
        self.is_absolute() == other.is_absolute()
            && self.components().all(|component| below.next() == Some(component))
    }
}

fn too_long(text: &str) -> PathError {
    PathError::TooLong { found: text.len(), allowed: MAX_PATH_BYTES }
}

fn starts_with_drive(text: &str) -> bool {
    matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// Some systems drop dots and blanks at a name's end, which makes `.. ` the same as `..`.
fn is_dots(component: &str) -> bool {
    !matches!(component, "" | ".") && component.trim_matches(['.', ' ']).is_empty()
}

/// What an entry of `allowedPaths` grants: a path and all that lies below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathRule<'a>(Option<PlainPath<'a>>);

impl<'a> PathRule<'a> {
    /// Reads a manifest's entry.
    ///
    /// # Errors
    /// [`PathError`]; wildcards are refused, so that nobody takes them for more than a name.
    pub fn parse(text: &'a str) -> Result<Self, PathError> {
        let path = PlainPath::parse(text)?;
        if text.contains('*') { Err(PathError::Wildcard {}) } else { Ok(Self(Some(path))) }
    }

    /// Reads a policy's entry, where `*` is every path.
    ///
    /// # Errors
    /// [`PathError`], as for [`Self::parse`].
    pub fn parse_ceiling(text: &'a str) -> Result<Self, PathError> {
        if text == "*" { Ok(Self(None)) } else { Self::parse(text) }
    }

    /// The path; none is every path.
    #[must_use]
    pub fn path(&self) -> Option<PlainPath<'a>> {
        self.0
    }

    /// What both grant, if there is anything.
    pub(crate) fn meet(self, other: Self) -> Option<Self> {
        match (self.0, other.0) {
            (Some(path), Some(other)) => path.meet(other).map(|path| Self(Some(path))),
            (path, other) => Some(Self(path.or(other))),
        }
    }

    /// Tells whether it grants `path`.
    #[must_use]
    pub fn allows(&self, path: &PlainPath<'_>) -> bool {
        self.0.is_none_or(|rule| rule.contains(path))
    }
}
