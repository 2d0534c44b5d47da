//! Values that must never be printed. Whoever reads a secret remembers it here, and whoever prints
//! takes all of them out of the text.
//!
//! A value that cannot be printed by mistake ([`Secret`]) is the first fence. This is the second:
//! libraries write logs, too, and know nothing of ours. The list is the process's own and only
//! grows; it is read for each line that is printed, and a process has few secrets.

use std::{
    borrow::Cow,
    fmt,
    sync::{PoisonError, RwLock},
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands in a text where a secret was.
const HIDDEN: &str = "***";

/// A shorter text is not looked for: taking it out would tear words apart. Passwords that short
/// protect nothing.
const SHORTEST: usize = 6;

/// What a signed request leaves as it is (RFC 3986, unreserved).
const SIGNED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

static KNOWN: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// A text that has no printable form. [`Secret::new`] remembers it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret, and remembers it.
    #[must_use]
    pub fn new(text: String) -> Self {
        remember(&text);
        Self(text)
    }

    /// The text itself, for whoever needs it and nothing else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// Takes this text, and its form in a URL, out of everything that is printed from now on. Of a text
/// of several lines, such as a PEM key, each line is a secret. Too short texts are not remembered.
pub fn remember(text: &str) {
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    let whole = std::iter::once(text.trim());
    for part in whole.chain(text.lines().map(str::trim)) {
        // The frame of a PEM block says what it is, and nothing more.
        if part.len() < SHORTEST || part.starts_with("-----") {
            continue;
        }
        let in_url = utf8_percent_encode(part, SIGNED).to_string();
        // As a text within quotes: `{:?}`, JSON.
        let quoted = format!("{part:?}");
        let quoted = quoted.trim_matches('"').to_owned();
        for form in [part.to_owned(), in_url, quoted] {
            if !known.contains(&form) {
                known.push(form);
            }
        }
    }
    // A secret may be a part of another one, which must go as a whole.
    known.sort_by_key(|form| std::cmp::Reverse(form.len()));
}

/// The user and password of an address (`scheme://user:password@host`), if it has them, are secrets
/// as well.
pub fn remember_user_of(url: &str) {
    let Some((_, rest)) = url.split_once("://") else {
        return;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@') else {
        return;
    };
    remember(user);
    if let Some((_, password)) = user.split_once(':') {
        remember(password);
    }
}

/// The text without any secret that was remembered.
#[must_use]
pub fn without(text: &str) -> Cow<'_, str> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let mut shown = Cow::Borrowed(text);
    for secret in known.iter() {
        if shown.contains(secret.as_str()) {
            shown = Cow::Owned(shown.replace(secret.as_str(), HIDDEN));
        }
    }
    shown
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail at any step")]
mod tests {
    use super::*;

    #[test]
    fn what_was_remembered_is_taken_out_in_each_form() {
        let secret = Secret::new("pass/word+\"one".to_owned());
        assert_eq!(format!("{secret:?}"), "***");
        for text in [
            "password=pass/word+\"one;",
            "url?x=pass%2Fword%2B%22one&y",
            "Some(\"pass/word+\\\"one\")",
        ] {
            let shown = without(text);
            assert!(shown.contains("***") && !shown.contains("word+"), "{shown}");
            assert!(!shown.contains("word%2B"), "{shown}");
        }
        assert_eq!(without("nothing of it"), "nothing of it");
    }

    #[test]
    fn each_line_of_a_key_is_a_secret_and_its_frame_is_not() {
        remember(
            "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQ\n-----END PRIVATE KEY-----\n",
        );
        assert_eq!(without("line hkiG9w0BAQ."), "line ***.");
        let frame = "-----BEGIN PRIVATE KEY-----";
        assert_eq!(without(frame), frame);
    }

    #[test]
    fn a_longer_secret_goes_before_its_part() {
        remember("abcdefgh");
        remember("abcdefghijklm");
        assert_eq!(without("abcdefghijklm"), "***");
    }

    #[test]
    fn a_password_within_an_address_is_one() {
        remember_user_of("http://proxy-user:proxy-password@127.0.0.1:3128/x@y");
        remember_user_of("http://127.0.0.1:4566");
        assert_eq!(without("proxy-user:proxy-password"), "***");
        assert_eq!(without("proxy-password"), "***");
        assert_eq!(without("127.0.0.1:4566"), "127.0.0.1:4566");
    }

    #[test]
    fn a_short_text_is_left_where_it_is() {
        remember("test");
        assert_eq!(without("a test"), "a test");
    }
}
