//! The secret that a caller has to know.

use super::ServeError;
use core::fmt;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// How many characters a token has.
const LENGTH: core::ops::RangeInclusive<usize> = 16..=1024;

/// A token, kept as its hash. Its `Debug` doesn't tell it.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// Takes a token from text; space and line ends around it are dropped.
    ///
    /// ```
    /// use ampoule_std::{Diagnosis, serve::Token};
    ///
    /// assert!(Token::new("b24a2d7c5ff0a6e8\n").is_ok());
    /// assert_eq!(Token::new("secret").unwrap_err().code(), "T06");
    /// ```
    ///
    /// # Errors
    /// [`ServeError::Token`] if it is shorter than 16 characters or longer than 1024, or has others than the
    /// visible ones of ASCII.
    pub fn new(text: &str) -> Result<Self, ServeError> {
        let text = text.trim();
        if !LENGTH.contains(&text.len()) {
            return Err(ServeError::Token { reason: "is too short or too long" });
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ServeError::Token { reason: "has characters that a header can't carry" });
        }
        Ok(Self(hash(text.as_bytes())))
    }

    /// Compares hashes, in the same time whatever they are: it tells neither length nor beginning.
    pub(super) fn is(&self, given: &[u8]) -> bool {
        self.0.ct_eq(&hash(given)).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Token;

    #[test]
    fn a_token_is_itself_alone_and_one_visible_line() {
        let token = Token::new(" 0123456789abcdef\r\n").unwrap();
        assert!(token.is(b"0123456789abcdef"));
        for other in [&b""[..], b"0123456789abcde", b"0123456789abcdeF", b"0123456789abcdef "] {
            assert!(!token.is(other));
        }
        assert_eq!(format!("{token:?}"), "Token(…)");
        for bad in [
            "",
            "short",
            "0123456789abcdef 0123456789abcdef",
            "0123456789abcdé…xyz",
            "a\0bcdefghijklmnopq",
        ] {
            assert!(Token::new(bad).is_err(), "{bad:?}");
        }
        assert!(Token::new(&"x".repeat(1025)).is_err());
    }
}
