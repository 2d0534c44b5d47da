//! Replies of Binance to `/api/v3/klines`. Pure.
//!
//! A bar is an array: begin, open, high, low, close, volume, end, and five more. Errors are objects
//! with a `code` and a `msg`; codes are fixed, messages may vary.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    bar::{BadBar, Bar, BarDate, BarEncoder, BarReply, BarTexts, BarTime},
    interval::BarInterval,
    json::text_of,
    refusal::Refusal,
    reply::{HttpReply, shown},
};

/// What Binance says instead of data.
#[derive(Deserialize)]
struct ApiError {
    code: i64,
    #[serde(default)]
    msg: String,
}

const DAY_MS: i64 = 86_400_000;

/// Reads a reply.
///
/// # Errors
/// Why it has no bars.
pub(crate) fn read_binance(
    reply: &HttpReply,
    symbol: &str,
    interval: BarInterval,
    encoder: &BarEncoder,
) -> Result<BarReply, Refusal> {
    let text = reply.text()?;
    if text.starts_with('{') {
        let error: ApiError = reply.parse(text)?;
        return Err(refusal(reply, error.code, &error.msg));
    }
    let bars: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| reply.no_json(&error))?;
    Ok(BarReply::new(
        bars.into_iter()
            .map(|fields| bar(fields, symbol, interval, encoder)),
    ))
}

fn bar(
    fields: &RawValue,
    symbol: &str,
    interval: BarInterval,
    encoder: &BarEncoder,
) -> Result<Bar, BadBar> {
    let fields: Vec<&RawValue> = serde_json::from_str(fields.get()).map_err(|_| BadBar {
        reason: "a bar is no JSON array".to_owned(),
    })?;
    let text = |at: usize| fields.get(at).and_then(|value| text_of(value));
    let number = |at: usize| text(at)?.parse::<i64>().ok();
    let (Some(start_ms), Some(last_ms)) = (number(0), number(6)) else {
        let reason = format!("a bar of {} fields has no begin and end", fields.len());
        return Err(BadBar { reason });
    };
    let date = match interval.minutes() {
        Some(_) => BarDate::Start,
        None => BarDate::Day(i32::try_from(start_ms.div_euclid(DAY_MS)).unwrap_or(i32::MAX)),
    };
    let time = BarTime {
        start_ms,
        end_ms: last_ms.saturating_add(1),
        date,
    };
    let text = |at: usize| text(at).unwrap_or_default();
    let texts = BarTexts {
        open: text(1),
        high: text(2),
        low: text(3),
        close: text(4),
        volume: text(5),
        adjusted_close: None,
    };
    encoder.bar(symbol, time, &texts)
}

fn refusal(reply: &HttpReply, code: i64, said: &str) -> Refusal {
    let message = shown(said);
    let retry_after_ms = reply.retry_after_ms();
    let is_banned = said.contains("IP banned until");
    match code {
        // Too many requests, in the form of the documents and in the one that users report.
        -1003 | -1429 if is_banned || reply.status == 418 => Refusal::Banned { retry_after_ms },
        -1003 | -1429 => Refusal::SlowDown { retry_after_ms },
        -1008 | -1001 | -1006 | -1007 | -1016 | -1000 => Refusal::Unavailable {
            status: reply.status,
            retry_after_ms,
        },
        -1002 | -2014 | -2015 => Refusal::WrongKey { message },
        _ if said.contains("restricted location") => Refusal::Restricted { message },
        // The parameters: an unknown symbol or interval, for example.
        -1199..=-1100 => Refusal::BadRequest { message },
        _ => reply.refused_or(format!("error {code}, {message}")),
    }
}

#[cfg(test)]
mod tests {
    use schema::FieldNames;

    use super::*;
    use crate::reply::tests::reply;

    const KLINES: &str = r#"[[1499040000000,"0.01634790","0.80000000","0.01575800","0.01577100","148976.11427815",1499040059999,"2434.19055334",308,"1756.87402397","28.46694368","0"]]"#;

    fn read(reply: &HttpReply, interval: BarInterval) -> Result<BarReply, Refusal> {
        let encoder = BarEncoder::new(FieldNames::Original);
        read_binance(reply, "BTCUSDT", interval, &encoder)
    }

    fn refused(status: u16, body: &str) -> Refusal {
        read(&reply(status, body), BarInterval::Minutes1).unwrap_err()
    }

    #[test]
    fn klines_become_bars_digit_for_digit() {
        let found = read(&reply(200, KLINES), BarInterval::Minutes1).unwrap();
        let bar = &found.bars[0];
        assert_eq!(
            (bar.start_ms, bar.end_ms),
            (1_499_040_000_000, 1_499_040_060_000)
        );
        assert_eq!(
            String::from_utf8(bar.value.clone()).unwrap(),
            r#"{"Index":"BTCUSDT","Date":"2017-07-03 00:00:00.000","Open":0.01634790,"High":0.80000000,"Low":0.01575800,"Close":0.01577100,"Adj Close":null,"Volume":148976.11427815,"CloseUSD":null}"#
        );
        let daily = read(&reply(200, KLINES), BarInterval::Day1).unwrap();
        let value = String::from_utf8(daily.bars[0].value.clone()).unwrap();
        assert!(value.contains(r#""Date":"2017-07-03","#), "{value}");
        let none = read(&reply(200, "[]"), BarInterval::Day1).unwrap();
        assert_eq!(none, BarReply::default());
    }

    #[test]
    fn a_bar_that_is_none_does_not_spoil_the_others() {
        let inner = KLINES.strip_prefix('[').unwrap().strip_suffix(']').unwrap();
        let body = format!(
            r#"[5,[1,"2"],["a","1","1","1","1","1",2],[1,null,"1","1","1","1",2],[9223372036854775807,"1","1","1","1","1",9223372036854775807],{inner}]"#
        );
        let found = read(&reply(200, &body), BarInterval::Minutes1).unwrap();
        assert_eq!((found.bars.len(), found.bad.len()), (1, 5));
        let found = read(&reply(200, &body), BarInterval::Day1).unwrap();
        assert_eq!((found.bars.len(), found.bad.len()), (1, 5));
    }

    #[test]
    fn no_change_of_a_byte_makes_it_panic() {
        for at in 0..KLINES.len() {
            for byte in *b"\"{}[]:,09-e \\\xff" {
                let mut changed = reply(200, KLINES);
                changed.body[at] = byte;
                for interval in [BarInterval::Minutes1, BarInterval::Day1] {
                    if let Ok(read) = read(&changed, interval) {
                        assert!(read.bars.len() + read.bad.len() <= 12);
                    }
                }
            }
        }
    }

    #[test]
    fn errors_are_told_apart_by_code_and_words() {
        let body = |code: i64, said: &str| format!(r#"{{"code":{code},"msg":"{said}"}}"#);
        let too_much = "Too much request weight used; current limit is 6000 request weight per 1 \
                        MINUTE. Please use WebSocket Streams for live updates to avoid polling.";
        let way_too_much = "Way too much request weight used; IP banned until 1710000000000.";
        let place = "Service unavailable from a restricted location according to 'b. Eligibility'";
        let wait = |status: u16, said: &str| {
            let mut reply = reply(status, &body(-1003, said));
            reply.retry_after = Some("7".to_owned());
            read(&reply, BarInterval::Minutes1).unwrap_err()
        };
        let (slow, ban) = (
            Refusal::SlowDown {
                retry_after_ms: Some(7_000),
            },
            Refusal::Banned {
                retry_after_ms: Some(7_000),
            },
        );
        assert_eq!(wait(429, too_much), slow);
        assert_eq!(wait(200, too_much), slow);
        assert_eq!(wait(418, too_much), ban);
        assert_eq!(wait(418, way_too_much), ban);
        let unknown = refused(400, &body(-1121, "Invalid symbol."));
        let message = "Invalid symbol.".to_owned();
        assert_eq!(unknown, Refusal::BadRequest { message });
        for status in [451, 403, 200] {
            let refusal = refused(status, &body(0, place));
            assert!(matches!(refusal, Refusal::Restricted { .. }), "{status}");
        }
        let busy = refused(503, &body(-1008, "Server is currently overloaded"));
        assert_eq!(
            busy,
            Refusal::Unavailable {
                status: 503,
                retry_after_ms: None
            }
        );
        let other = refused(400, &body(-9999, "who knows"));
        let reason = "status 400, error -9999, who knows".to_owned();
        assert_eq!(other, Refusal::Unexpected { reason });
    }

    #[test]
    fn a_reply_that_is_none_is_named() {
        for cut in 1..KLINES.len() {
            assert_eq!(refused(200, &KLINES[..cut]), Refusal::Truncated, "{cut}");
        }
        assert_eq!(refused(200, "{\"code\":-11"), Refusal::Truncated);
        assert!(matches!(refused(200, "{}"), Refusal::Unexpected { .. }));
        assert!(matches!(refused(200, "true"), Refusal::Unexpected { .. }));
        assert_eq!(
            refused(418, ""),
            Refusal::Banned {
                retry_after_ms: None
            }
        );
    }
}
