//! A reply as it came, and what is the same for all providers in reading it. Pure.
//!
//! What the body says goes before the status: Alpha Vantage answers nearly everything with 200.

use chrono::DateTime;
use serde::de::DeserializeOwned;

use crate::refusal::Refusal;

/// Status, the headers that matter, and the body; without the key, whatever the provider repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpReply {
    pub(crate) status: u16,
    /// `Date`: the time of the provider.
    pub(crate) date: Option<String>,
    /// `Retry-After`: seconds, or a time.
    pub(crate) retry_after: Option<String>,
    /// `X-MBX-USED-WEIGHT-1M`: what Binance counted for this address in this minute.
    pub(crate) used_weight: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// The longest part of a provider's message that is kept.
const MESSAGE_CHARS: usize = 200;

impl HttpReply {
    /// When the reply was made, in milliseconds since 1970, if the provider says so. It decides
    /// which bars are complete: our own clock may jump.
    pub(crate) fn time_ms(&self) -> Option<i64> {
        let date = DateTime::parse_from_rfc2822(self.date.as_deref()?).ok()?;
        Some(date.timestamp_millis())
    }

    /// How long the provider asks to wait, in milliseconds.
    pub(crate) fn retry_after_ms(&self) -> Option<i64> {
        let text = self.retry_after.as_deref()?.trim();
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            // More digits than a number holds are longer than any wait.
            let seconds = text.parse().unwrap_or(i64::MAX);
            return (!text.is_empty()).then_some(seconds.saturating_mul(1_000));
        }
        let until = DateTime::parse_from_rfc2822(text).ok()?.timestamp_millis();
        Some((until - self.time_ms()?).max(0))
    }

    /// The weight that the provider counted in this minute.
    pub(crate) fn used_weight(&self) -> Option<u32> {
        self.used_weight.as_deref()?.trim().parse().ok()
    }

    /// The body as text, unless it can be no JSON.
    pub(crate) fn text(&self) -> Result<&str, Refusal> {
        let Ok(text) = std::str::from_utf8(&self.body) else {
            return Err(self.refused_or("it is not valid UTF-8".to_owned()));
        };
        // A byte order mark is no part of the JSON.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
        match text.bytes().next() {
            None => Err(self.status_refusal().unwrap_or(Refusal::Empty {
                status: self.status,
            })),
            Some(b'<') => Err(self.status_refusal().unwrap_or(Refusal::WebPage {
                status: self.status,
            })),
            Some(_) => Ok(text),
        }
    }

    /// What the status alone says, where the body says nothing.
    pub(crate) fn status_refusal(&self) -> Option<Refusal> {
        let retry_after_ms = self.retry_after_ms();
        match self.status {
            418 => Some(Refusal::Banned { retry_after_ms }),
            429 => Some(Refusal::SlowDown { retry_after_ms }),
            451 => Some(Refusal::Restricted {
                message: "status 451".to_owned(),
            }),
            status @ 500..=599 => Some(Refusal::Unavailable {
                status,
                retry_after_ms,
            }),
            _ => None,
        }
    }

    /// The status's own refusal, or that the body is not what was asked for.
    pub(crate) fn refused_or(&self, reason: String) -> Refusal {
        self.status_refusal().unwrap_or_else(|| match self.status {
            200 => Refusal::Unexpected { reason },
            status => Refusal::Unexpected {
                reason: format!("status {status}, {reason}"),
            },
        })
    }

    /// Why this text is no JSON of the expected form.
    pub(crate) fn no_json(&self, error: &serde_json::Error) -> Refusal {
        if error.is_eof() {
            return self.status_refusal().unwrap_or(Refusal::Truncated);
        }
        let (line, column) = (error.line(), error.column());
        let what = if error.is_data() {
            "the JSON has another form"
        } else {
            "it is no JSON"
        };
        self.refused_or(format!("{what}, from line {line} column {column} on"))
    }

    /// Reads the text as JSON of this form.
    pub(crate) fn parse<T: DeserializeOwned>(&self, text: &str) -> Result<T, Refusal> {
        serde_json::from_str(text).map_err(|error| self.no_json(&error))
    }
}

/// What a provider wrote, on one line and not too long.
pub(crate) fn shown(message: &str) -> String {
    let words: Vec<&str> = message.split_whitespace().collect();
    let line = words.join(" ");
    // What controls a terminal is no part of a message.
    let shown = line.chars().filter(|letter| !letter.is_control());
    shown.take(MESSAGE_CHARS).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn reply(status: u16, body: &str) -> HttpReply {
        HttpReply {
            status,
            date: None,
            retry_after: None,
            used_weight: None,
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn the_status_counts_where_the_body_says_nothing() {
        let refusal = |status, body| reply(status, body).text().unwrap_err();
        let slow = Refusal::SlowDown {
            retry_after_ms: None,
        };
        assert_eq!(refusal(200, " \r\n"), Refusal::Empty { status: 200 });
        assert_eq!(refusal(429, ""), slow);
        let page = "<!DOCTYPE html><html>";
        assert_eq!(refusal(200, page), Refusal::WebPage { status: 200 });
        assert_eq!(refusal(403, page), Refusal::WebPage { status: 403 });
        assert_eq!(
            refusal(502, page),
            Refusal::Unavailable {
                status: 502,
                retry_after_ms: None
            }
        );
        assert_eq!(refusal(429, page), slow);
        let mut broken = reply(200, "");
        broken.body = vec![b'{', 0xff];
        assert!(matches!(broken.text(), Err(Refusal::Unexpected { .. })));
        assert_eq!(reply(500, "\u{feff}{}").text(), Ok("{}"));
    }

    #[test]
    fn a_wait_is_seconds_or_a_time() {
        let after = |text: &str, date: Option<&str>| {
            let mut reply = reply(429, "");
            reply.retry_after = Some(text.to_owned());
            reply.date = date.map(str::to_owned);
            reply.retry_after_ms()
        };
        let now = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(after("120", None), Some(120_000));
        assert_eq!(after(" 0 ", None), Some(0));
        assert_eq!(after("99999999999999999999", None), Some(i64::MAX));
        assert_eq!(after("Sun, 06 Nov 1994 08:50:37 GMT", now), Some(60_000));
        assert_eq!(after("Sun, 06 Nov 1994 08:40:00 GMT", now), Some(0));
        for nothing in ["", "soon", "-5", "Sun, 06 Nov 1994 08:50:37 GMT"] {
            assert_eq!(after(nothing, None), None, "{nothing}");
        }
    }

    #[test]
    fn a_message_is_one_short_line() {
        assert_eq!(shown(" a\n b\tc\u{1b}[2J "), "a b c[2J");
        assert_eq!(shown(&"x".repeat(1_000)).len(), MESSAGE_CHARS);
    }
}
