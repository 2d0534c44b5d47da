//! A key that cannot be printed, and that is taken out of texts from elsewhere.
//!
//! Does not read the environment: the caller has the value or the name of a file.

use std::{fmt, path::Path};

/// What stands in a text where the key was.
const HIDDEN: &str = "[key]";

/// The key of Alpha Vantage's documentation, which everybody knows.
const PUBLIC: &str = "demo";

/// A shorter text is no key, and taking it out of a reply would tear words apart.
const SHORTEST: usize = 8;

/// The key of an account. Its `Debug` form hides it; there is no other.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Why a text is no key. The text itself is in no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Nothing but blanks.
    #[error("the API key is empty")]
    Empty,
    /// Fewer letters than any key has.
    #[error("the API key has fewer than {SHORTEST} characters; is it cut off?")]
    TooShort,
    /// Something that no key holds, such as a second line.
    #[error(
        "the API key holds a blank or a sign that is no printable ASCII; is it the whole file?"
    )]
    BadCharacter,
    /// The file of the key cannot be read.
    #[error("cannot read the file of the API key, {path}: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        reason: String,
    },
}

impl Secret {
    /// Takes a key, as it stands in `ALPHAVANTAGE_API_KEY`; blanks around it are dropped.
    ///
    /// # Errors
    /// [`SecretError`] for a text that can be no key.
    pub fn new(text: &str) -> Result<Self, SecretError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SecretError::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SecretError::BadCharacter);
        }
        if text.len() < SHORTEST && text != PUBLIC {
            return Err(SecretError::TooShort);
        }
        Ok(Self(text.to_owned()))
    }

    /// Reads the key from a file that holds nothing else.
    ///
    /// # Errors
    /// [`SecretError`] with the file, or for a content that can be no key.
    pub fn from_file(path: &Path) -> Result<Self, SecretError> {
        let text = std::fs::read_to_string(path).map_err(|error| SecretError::Unreadable {
            path: path.display().to_string(),
            reason: error.to_string(),
        })?;
        Self::new(&text)
    }

    /// The key itself, for the address of a request and nothing else.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// The text with something else in the place of the key. Providers repeat it: `We have detected
    /// your API key as …`.
    pub(crate) fn scrub(&self, text: &str) -> String {
        if self.0 == PUBLIC {
            text.to_owned()
        } else {
            text.replace(&self.0, HIDDEN)
        }
    }

    /// The same for bytes that may not be text.
    pub(crate) fn scrub_bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        let key = self.0.as_bytes();
        if self.0 == PUBLIC || !bytes.windows(key.len()).any(|window| window == key) {
            return bytes;
        }
        let mut out = Vec::with_capacity(bytes.len());
        let mut rest = bytes.as_slice();
        while let Some(first) = rest.first() {
            if let Some(after) = rest.strip_prefix(key) {
                out.extend_from_slice(HIDDEN.as_bytes());
                rest = after;
            } else {
                out.push(*first);
                rest = &rest[1..];
            }
        }
        out
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret([key])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_not_printed_and_taken_out_of_texts() {
        let secret = Secret::new(" SECRETKEY123\n").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret([key])");
        let text = "your API key as SECRETKEY123 and SECRETKEY123!";
        assert_eq!(secret.scrub(text), "your API key as [key] and [key]!");
        let bytes = b"\xff=SECRETKEY123SECRETKEY123\xff".to_vec();
        assert_eq!(secret.scrub_bytes(bytes), b"\xff=[key][key]\xff");
        assert_eq!(secret.scrub_bytes(b"SECRETKEY12".to_vec()), b"SECRETKEY12");
    }

    #[test]
    fn the_public_key_is_no_secret() {
        let demo = Secret::new("demo").unwrap();
        assert_eq!(demo.scrub("The **demo** API key"), "The **demo** API key");
    }

    #[test]
    fn texts_that_are_no_keys_are_refused_and_not_repeated() {
        for (text, error) in [
            (" \n", SecretError::Empty),
            ("abcdefg", SecretError::TooShort),
            ("SECRETKEY 123", SecretError::BadCharacter),
            ("SECRETKEY123\nmore", SecretError::BadCharacter),
        ] {
            assert_eq!(Secret::new(text), Err(error.clone()));
            assert!(!error.to_string().contains("SECRET"));
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let missing = Secret::from_file(&path).unwrap_err().to_string();
        assert!(missing.contains(&path.display().to_string()), "{missing}");
        std::fs::write(&path, "SECRETKEY123\n").unwrap();
        assert_eq!(Secret::from_file(&path), Secret::new("SECRETKEY123"));
    }
}
