//! Which text of a row says when it happened, and in which form.
//!
//! Nothing is guessed: a text in another form makes the row a bad one, if somebody needs its time.

use schema::TimeFormat;

/// How times are read.
#[derive(Debug, Clone)]
pub(crate) struct TimeOptions {
    /// The columns or fields, whose texts are read as one with a blank in between; none: the one
    /// with a usual name.
    pub(crate) columns: Vec<String>,
    pub(crate) format: TimeFormat,
    /// The flag that needs the time of each row, if there is one.
    pub(crate) needed_by: Option<&'static str>,
}

impl TimeOptions {
    /// The time that the text of a row says; `None` for a blank one.
    ///
    /// # Errors
    /// What is wrong with the row.
    pub(crate) fn read(&self, text: &[u8]) -> Result<Option<i64>, String> {
        let text = String::from_utf8_lossy(text);
        if text.trim().is_empty() {
            return Ok(None);
        }
        match self.format.parse(&text) {
            Some(time) => Ok(Some(time)),
            None => {
                let shown: String = text.chars().take(60).collect();
                Err(format!(
                    "{shown:?} is not a time in the form of --time-format (such as %d/%m/%Y; iso \
                     unless it is given)"
                ))
            }
        }
    }
}

#[cfg(test)]
impl TimeOptions {
    /// The options without any flag.
    pub(crate) fn usual() -> Self {
        Self {
            columns: Vec::new(),
            format: TimeFormat::iso(schema::TimeZone::UTC),
            needed_by: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_is_no_time_and_another_form_is_an_error() {
        let options = TimeOptions::usual();
        assert_eq!(options.read(b" 1970-01-02 "), Ok(Some(86_400_000)));
        assert_eq!(options.read(b"  "), Ok(None));
        let error = options.read(b"31/12/2020").unwrap_err();
        assert!(error.starts_with("\"31/12/2020\" is not a time in the form of --time-format"));
        assert!(options.read(b"\xff").is_err());
    }
}
