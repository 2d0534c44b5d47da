//! Keeps secrets out of the texts that librdkafka writes.

use std::borrow::Cow;

/// What the client's texts quote from a value that may be a secret comes after one of these.
const BEFORE_A_SECRET: [&str; 2] = ["sasl.oauthbearer.config", "SASL/OAUTHBEARER extension"];

/// A text of the client's without what it may quote from a secret. The client shows a value of
/// `sasl.oauthbearer.config`, which may hold tokens, where it cannot read it; of other secrets it
/// shows nothing.
#[must_use]
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    let ends = BEFORE_A_SECRET
        .iter()
        .filter_map(|words| Some(text.find(words)? + words.len()));
    match ends.min() {
        Some(end) => Cow::Owned(format!(
            "{} (the rest is not shown: it may be a secret)",
            &text[..end]
        )),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_quotes_a_secret_is_cut_before_it() {
        for text in [
            "rdkafka#producer-1: Unrecognized sasl.oauthbearer.config beginning at: hunter2",
            "Invalid sasl.oauthbearer.config: '\"' cannot appear in scope: hunter2",
            "extension: SASL/OAUTHBEARER extension values must only consist of …: hunter2 (2)",
        ] {
            let shown = without_secrets(text);
            assert!(
                shown.contains("not shown") && !shown.contains("hunter"),
                "{shown}"
            );
        }
        assert_eq!(without_secrets("refused"), "refused");
    }
}
