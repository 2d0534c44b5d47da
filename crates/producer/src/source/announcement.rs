//! What is said when an input begins.

/// Where records go, in words.
#[derive(Debug, Clone)]
pub(crate) struct Announcement {
    /// `printing`, or `sending`.
    pub(crate) verb: &'static str,
    /// ` to topic …`, or nothing.
    pub(crate) target: String,
}

impl Announcement {
    /// Logs that the records of this input come now, with `key` as their key in words.
    pub(crate) fn input(&self, name: &str, key: &str) {
        let Self { verb, target } = self;
        tracing::info!("{verb} {name}{target} ({key})");
    }
}
