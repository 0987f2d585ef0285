//! What the strings of a manifest have to be.

use super::{
    error::{KeyPath, ManifestError, Place},
    keys::{Star, TextRule},
    net_host::{NetHostError, NetHostRule},
    path::{PathError, PathRule, PlainPath},
};
use ampoule_abi::{Meta, MetaError};

/// How a string breaks its rule.
pub(super) enum Broken {
    Empty,
    Meta(MetaError),
    Name,
    Variable,
    Path(PathError),
    Host(NetHostError),
}

impl Broken {
    pub(super) fn at(self, key: KeyPath, place: Place) -> ManifestError {
        match self {
            Self::Empty => ManifestError::Empty { key, place },
            Self::Meta(error) => ManifestError::Meta { key, place, error },
            Self::Name => ManifestError::Name { key, place },
            Self::Variable => ManifestError::Variable { key, place },
            Self::Path(error) => ManifestError::Path { key, place, error },
            Self::Host(error) => ManifestError::Host { key, place, error },
        }
    }
}

/// Holds a string, known to be printable and not too long, to its rule.
pub(super) fn check(rule: TextRule, text: &str) -> Result<(), Broken> {
    match rule {
        TextRule::Line(_) => Ok(()),
        TextRule::PluginName => check_meta(Meta { name: text, ..META }),
        TextRule::Version => check_meta(Meta { version: text, ..META }),
        TextRule::File if text.is_empty() => Err(Broken::Empty),
        TextRule::File => Ok(()),
        TextRule::Name(star) => holds(is_name(text) || is_star(star, text), Broken::Name),
        TextRule::Variable(star) => {
            holds(is_variable(text) || is_star(star, text), Broken::Variable)
        }
        TextRule::Scope => PlainPath::parse(text).map(|_| ()).map_err(Broken::Path),
        TextRule::Path(Star::Refused) => PathRule::parse(text).map(|_| ()).map_err(Broken::Path),
        TextRule::Path(Star::All) => {
            PathRule::parse_ceiling(text).map(|_| ()).map_err(Broken::Path)
        }
        TextRule::Host(Star::Refused) => NetHostRule::parse(text).map(|_| ()).map_err(Broken::Host),
        TextRule::Host(Star::All) => {
            NetHostRule::parse_ceiling(text).map(|_| ()).map_err(Broken::Host)
        }
    }
}

/// A meta that breaks no rule, to try one field at a time in.
const META: Meta<'_> = Meta { name: "a", version: "0.0.0", description: "", author: "" };

fn check_meta(meta: Meta<'_>) -> Result<(), Broken> {
    meta.check().map_err(Broken::Meta)
}

fn holds(rule: bool, broken: Broken) -> Result<(), Broken> {
    if rule { Ok(()) } else { Err(broken) }
}

fn is_star(star: Star, text: &str) -> bool {
    star == Star::All && text == "*"
}

/// The plugins' rule of names serves services and operations too: one to know.
fn is_name(text: &str) -> bool {
    Meta { name: text, ..META }.check().is_ok()
}

fn is_variable(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
