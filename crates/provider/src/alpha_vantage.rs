//! Replies of Alpha Vantage to `TIME_SERIES_INTRADAY` and `TIME_SERIES_DAILY`. Pure.
//!
//! Bars come newest first, their times without a zone; the zone is a field of the reply. An error
//! is a sentence in one of three fields, with status 200: its words tell the kinds apart.

use chrono::{Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use chrono_tz::Tz;
use serde_json::value::RawValue;

use crate::{
    bar::{BadBar, Bar, BarDate, BarEncoder, BarReply, BarTexts, BarTime},
    interval::BarInterval,
    json::{RawMember, RawObject, text_of},
    refusal::Refusal,
    reply::{HttpReply, shown},
};

/// The day from which days are counted.
const EPOCH: Option<NaiveDate> = NaiveDate::from_ymd_opt(1970, 1, 1);

/// Reads a reply.
///
/// # Errors
/// Why it has no bars.
pub(crate) fn read_alpha_vantage(
    reply: &HttpReply,
    symbol: &str,
    interval: BarInterval,
    encoder: &BarEncoder,
) -> Result<BarReply, Refusal> {
    let text = reply.text()?;
    let object: RawObject = serde_json::from_str(text).map_err(|error| reply.no_json(&error))?;
    let wanted = series_name(interval);
    let Some(series) = object.get(&wanted) else {
        return Err(refusal(&object, reply, &wanted));
    };
    let meta = object.get("Meta Data").map(RawValue::get).unwrap_or("{}");
    let meta: RawObject = serde_json::from_str(meta).map_err(|error| reply.no_json(&error))?;
    let about = field(&meta, "Symbol").unwrap_or_default();
    if !about.eq_ignore_ascii_case(symbol) {
        let reason = format!("it is about {:?} and not about {symbol:?}", shown(&about));
        return Err(Refusal::Unexpected { reason });
    }
    let zone = field(&meta, "Time Zone").unwrap_or_default();
    let Ok(zone) = zone.parse::<Tz>() else {
        let reason = format!("its time zone is none that is known: {:?}", shown(&zone));
        return Err(Refusal::Unexpected { reason });
    };
    let series: RawObject =
        serde_json::from_str(series.get()).map_err(|error| reply.no_json(&error))?;
    Ok(BarReply::new(series.members.iter().map(|member| {
        bar(member, symbol, interval, zone, encoder)
    })))
}

/// The member with the bars: `Time Series (5min)`.
fn series_name(interval: BarInterval) -> String {
    match interval.minutes() {
        Some(minutes) => format!("Time Series ({minutes}min)"),
        None => "Time Series (Daily)".to_owned(),
    }
}

/// The text of a field whose name has a number in front, which differs between functions: `2.
/// Symbol`.
fn field(object: &RawObject<'_>, name: &str) -> Option<String> {
    let is_named = |member: &&RawMember| {
        let bare = member.name.split_once(". ");
        bare.map_or(member.name.as_str(), |(_, bare)| bare) == name
    };
    let found = object.members.iter().find(is_named)?;
    text_of(found.value)
}

fn bar(
    member: &RawMember<'_>,
    symbol: &str,
    interval: BarInterval,
    zone: Tz,
    encoder: &BarEncoder,
) -> Result<Bar, BadBar> {
    let label = member.name.as_str();
    let time = bar_time(label, interval, zone).ok_or_else(|| BadBar {
        reason: format!("{:?} is no time in {zone}", shown(label)),
    })?;
    let fields: RawObject = serde_json::from_str(member.value.get()).map_err(|_| BadBar {
        reason: format!("the bar of {:?} is no JSON object", shown(label)),
    })?;
    let text = |name| field(&fields, name).unwrap_or_default();
    let texts = BarTexts {
        open: text("open"),
        high: text("high"),
        low: text("low"),
        close: text("close"),
        volume: text("volume"),
        adjusted_close: field(&fields, "adjusted close"),
    };
    encoder.bar(symbol, time, &texts)
}

/// When the bar of this label begins and ends; `None` for a time that the zone does not have.
fn bar_time(label: &str, interval: BarInterval, zone: Tz) -> Option<BarTime> {
    let Some(minutes) = interval.minutes() else {
        let day = NaiveDate::parse_from_str(label, "%Y-%m-%d").ok()?;
        let days = i32::try_from((day - EPOCH?).num_days()).ok()?;
        return Some(BarTime {
            start_ms: begin_of(day, zone)?,
            end_ms: begin_of(day.succ_opt()?, zone)?,
            date: BarDate::Day(days),
        });
    };
    let local = NaiveDateTime::parse_from_str(label, "%Y-%m-%d %H:%M:%S").ok()?;
    // In the hour that an autumn night has twice, the first one is meant as well as the second.
    let start = zone.from_local_datetime(&local).earliest()?;
    let start_ms = start.timestamp_millis();
    Some(BarTime {
        start_ms,
        end_ms: start_ms + minutes * 60_000,
        date: BarDate::Start,
    })
}

/// The first instant of a day. Some zones have no midnight on the day when summer time begins.
fn begin_of(day: NaiveDate, zone: Tz) -> Option<i64> {
    let midnight = day.and_time(NaiveTime::MIN);
    let begins = [midnight, midnight + Duration::hours(1)];
    let begin = begins
        .iter()
        .find_map(|begin| zone.from_local_datetime(begin).earliest())?;
    Some(begin.timestamp_millis())
}

/// What a reply without bars means.
fn refusal(object: &RawObject<'_>, reply: &HttpReply, wanted: &str) -> Refusal {
    let said = ["Error Message", "Note", "Information"]
        .into_iter()
        .find_map(|name| Some((name, text_of(object.get(name)?)?)));
    if let Some((name, said)) = said {
        return spoken(name, &said);
    }
    match object.members.first() {
        None => reply.status_refusal().unwrap_or(Refusal::Empty {
            status: reply.status,
        }),
        Some(first) => reply.refused_or(format!(
            "{wanted:?} is missing; it has {:?}",
            shown(&first.name)
        )),
    }
}

/// The kind of a sentence. The order counts: the sentence about calls a second also names the calls
/// of the day and the premium plans, and the one about the day names the plans.
fn spoken(name: &str, said: &str) -> Refusal {
    let lower = said.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|words| lower.contains(words));
    let message = shown(said);
    if has(&[
        "apikey is invalid",
        "apikey\" is invalid",
        "api key is invalid",
    ]) {
        Refusal::WrongKey { message }
    } else if has(&["demo** api key", "demo purposes"]) {
        Refusal::DemoKey
    } else if has(&["per second", "spreading out your", "burst pattern"]) {
        Refusal::TooManyPerSecond
    } else if has(&["per minute", "minute-level"]) {
        Refusal::TooManyPerMinute
    } else if has(&["per day", "daily rate limit"]) {
        Refusal::TooManyPerDay
    } else if has(&["premium"]) {
        Refusal::Premium { message }
    } else if name == "Error Message" || has(&["invalid api call"]) {
        Refusal::BadRequest { message }
    } else {
        let reason = format!("{name}: {message}");
        Refusal::Unexpected { reason }
    }
}

#[cfg(test)]
mod tests {
    use schema::FieldNames;

    use super::*;
    use crate::reply::tests::reply;

    fn read(reply: &HttpReply, interval: BarInterval) -> Result<BarReply, Refusal> {
        let encoder = BarEncoder::new(FieldNames::Original);
        read_alpha_vantage(reply, "IBM", interval, &encoder)
    }

    fn refused(status: u16, body: &str) -> Refusal {
        read(&reply(status, body), BarInterval::Minutes1).unwrap_err()
    }

    fn intraday(zone: &str, labels: &[&str]) -> String {
        let bars: Vec<String> = labels
            .iter()
            .map(|label| {
                format!(
                    "\"{label}\":{{\"1. open\":\"1.0\",\"2. high\":\"2.50\",\"3. low\":\"0.5\",\
                     \"4. close\":\"1.10\",\"5. volume\":\"7\"}}"
                )
            })
            .collect();
        format!(
            "{{\"Meta Data\":{{\"1. Information\":\"Intraday\",\"2. Symbol\":\"IBM\",\
             \"6. Time Zone\":\"{zone}\"}},\"Time Series (1min)\":{{{}}}}}",
            bars.join(",")
        )
    }

    fn starts(zone: &str, labels: &[&str]) -> Vec<String> {
        let body = intraday(zone, labels);
        let read = read(&reply(200, &body), BarInterval::Minutes1).unwrap();
        let dates = read.bars.iter().map(|bar| {
            assert_eq!(bar.end_ms - bar.start_ms, 60_000);
            let value = String::from_utf8(bar.value.clone()).unwrap();
            value.split('"').nth(7).unwrap().to_owned()
        });
        dates
            .chain(read.bad.iter().map(|bad| bad.reason.clone()))
            .collect()
    }

    #[test]
    fn bars_are_oldest_first_and_in_utc() {
        let labels = ["2024-09-20 19:15:00", "2024-09-20 19:14:00"];
        let dates = ["2024-09-20 23:14:00.000", "2024-09-20 23:15:00.000"];
        assert_eq!(starts("US/Eastern", &labels), dates);
    }

    #[test]
    fn summer_time_begins_and_ends_on_the_right_day() {
        let friday_and_monday = ["2024-03-08 09:30:00", "2024-03-11 09:30:00"];
        let dates = ["2024-03-08 14:30:00.000", "2024-03-11 13:30:00.000"];
        assert_eq!(starts("US/Eastern", &friday_and_monday), dates);
        let friday_and_monday = ["2024-11-01 09:30:00", "2024-11-04 09:30:00"];
        let dates = ["2024-11-01 13:30:00.000", "2024-11-04 14:30:00.000"];
        assert_eq!(starts("US/Eastern", &friday_and_monday), dates);
        // An hour that is there twice means its first time; one that is missing is a bad bar.
        let twice = starts("US/Eastern", &["2024-11-03 01:30:00"]);
        assert_eq!(twice, ["2024-11-03 05:30:00.000"]);
        let missing = starts("US/Eastern", &["2024-03-10 02:30:00"]);
        assert_eq!(
            missing,
            ["\"2024-03-10 02:30:00\" is no time in US/Eastern"]
        );
    }

    #[test]
    fn a_daily_bar_lasts_until_the_next_midnight_of_its_zone() {
        let body = intraday("US/Eastern", &["2024-03-10", "2024-11-03"]);
        let body = body
            .replace("(1min)", "(Daily)")
            .replace("6. Time", "5. Time");
        let read = read(&reply(200, &body), BarInterval::Day1).unwrap();
        let hours: Vec<i64> = read
            .bars
            .iter()
            .map(|bar| (bar.end_ms - bar.start_ms) / 3_600_000)
            .collect();
        // The days when the clock is changed.
        assert_eq!(hours, [23, 25]);
        let value = String::from_utf8(read.bars[0].value.clone()).unwrap();
        assert_eq!(
            value,
            r#"{"Index":"IBM","Date":"2024-03-10","Open":1.0,"High":2.50,"Low":0.5,"Close":1.10,"Adj Close":null,"Volume":7,"CloseUSD":null}"#
        );
    }

    #[test]
    fn a_day_may_begin_without_a_midnight() {
        let day = NaiveDate::from_ymd_opt(2018, 11, 4).unwrap();
        let begin = begin_of(day, chrono_tz::America::Sao_Paulo).unwrap();
        assert_eq!(begin, 1_541_300_400_000);
    }

    #[test]
    fn sentences_are_told_apart_by_their_words() {
        let daily = "We have detected your API key as [key] and our standard API rate limit is 25 \
                     requests per day. Please subscribe to any of the premium plans at \
                     https://www.alphavantage.co/premium/ to instantly remove all daily rate limits.";
        let second = "Thank you for using Alpha Vantage! Please consider spreading out your free API \
                      requests more sparingly (1 request per second). You may subscribe to any of \
                      the premium plans at https://www.alphavantage.co/premium/ to lift the free key \
                      rate limit (25 requests per day), raise the per-second burst limit, and \
                      instantly unlock all premium endpoints";
        let burst = "Burst pattern detected. Please consider spreading out your API requests more \
                     evenly across a 1-minute window and query no more than 30 requests per second.";
        let minute = "Minute-level rate limit exceed. Please stay under the number of API requests \
                      per minute for your premium subscription plan.";
        let old = "Thank you for using Alpha Vantage! Our standard API call frequency is 5 calls per \
                   minute and 500 calls per day.";
        for (name, said, refusal) in [
            ("Information", daily, Refusal::TooManyPerDay),
            ("Information", second, Refusal::TooManyPerSecond),
            ("Note", second, Refusal::TooManyPerSecond),
            ("Information", burst, Refusal::TooManyPerSecond),
            ("Information", minute, Refusal::TooManyPerMinute),
            ("Note", old, Refusal::TooManyPerMinute),
            (
                "Information",
                "The **demo** API key is for demo purposes only.",
                Refusal::DemoKey,
            ),
        ] {
            let body = serde_json::json!({ name: said }).to_string();
            assert_eq!(refused(200, &body), refusal, "{said}");
            // The body goes before the status.
            assert_eq!(refused(503, &body), refusal, "{said}");
        }
    }

    #[test]
    fn lasting_refusals_keep_the_words() {
        let premium = "Thank you for using Alpha Vantage! This is a premium endpoint. You may \
                       subscribe to any of the premium plans to instantly unlock all premium \
                       endpoints";
        let wrong = "the parameter apikey is invalid or missing. Please claim your free API key";
        let unknown = "Invalid API call. Please retry or visit the documentation";
        let message = |text: &str| shown(text);
        for name in ["Error Message", "Information"] {
            let body = |said: &str| serde_json::json!({ name: said }).to_string();
            let expected = Refusal::Premium {
                message: message(premium),
            };
            assert_eq!(refused(200, &body(premium)), expected);
            let expected = Refusal::WrongKey {
                message: message(wrong),
            };
            assert_eq!(refused(200, &body(wrong)), expected);
            let expected = Refusal::BadRequest {
                message: message(unknown),
            };
            assert_eq!(refused(200, &body(unknown)), expected);
        }
        let other = refused(200, r#"{"Information":"We are closed."}"#);
        assert!(matches!(other, Refusal::Unexpected { .. }));
    }

    #[test]
    fn a_reply_that_is_none_is_named() {
        let whole = intraday("US/Eastern", &["2024-09-20 19:15:00"]);
        for cut in 1..whole.len() {
            assert_eq!(refused(200, &whole[..cut]), Refusal::Truncated, "{cut}");
        }
        assert_eq!(refused(200, "{}"), Refusal::Empty { status: 200 });
        assert_eq!(
            refused(503, "{}"),
            Refusal::Unavailable {
                status: 503,
                retry_after_ms: None
            }
        );
        for (body, word) in [
            ("[]", "another form"),
            ("timestamp,open,high", "no JSON"),
            (r#"{"Global Quote":{}}"#, "\"Global Quote\""),
            (&whole.replace("US/Eastern", "Mars/Base"), "Mars/Base"),
            (&whole.replace("6. Time Zone", "6. Zone"), "time zone"),
            (&whole.replace("\"IBM\"", "\"MSFT\""), "MSFT"),
            (&whole.replace("(1min)", "(5min)"), "(1min)"),
        ] {
            match refused(200, body) {
                Refusal::Unexpected { reason } => assert!(reason.contains(word), "{reason}"),
                other => panic!("{body}: {other:?}"),
            }
        }
    }

    #[test]
    fn days_at_the_ends_of_time_are_bad_bars() {
        let labels = [
            "262142-12-31",
            "262141-12-31",
            "-262143-01-01",
            "0000-06-01",
            "10000-01-01",
        ];
        let body = intraday("Pacific/Kiritimati", &labels).replace("(1min)", "(Daily)");
        let days = read(&reply(200, &body), BarInterval::Day1).unwrap();
        assert_eq!((days.bars.len(), days.bad.len()), (0, labels.len()));
        let labels = labels.map(|day| format!("{day} 23:59:59"));
        let body = intraday("US/Eastern", &labels.each_ref().map(String::as_str));
        let minutes = read(&reply(200, &body), BarInterval::Minutes1).unwrap();
        assert_eq!((minutes.bars.len(), minutes.bad.len()), (0, labels.len()));
    }

    #[test]
    fn no_change_of_a_byte_makes_it_panic() {
        let body = intraday("US/Eastern", &["2024-09-20 19:15:00"]);
        for at in 0..body.len() {
            for byte in *b"\"{}[]:,09-e \\\xff" {
                let mut changed = reply(200, &body);
                changed.body[at] = byte;
                if let Ok(read) = read(&changed, BarInterval::Minutes1) {
                    assert!(read.bars.len() + read.bad.len() <= 1);
                }
            }
        }
    }

    #[test]
    fn a_bad_bar_does_not_spoil_the_others() {
        let body = intraday(
            "US/Eastern",
            &["2024-09-20 19:15:00", "2024-09-20 19:14:00"],
        );
        let body = body.replacen("\"1.10\"", "null", 1);
        let read = read(&reply(200, &body), BarInterval::Minutes1).unwrap();
        assert_eq!((read.bars.len(), read.bad.len()), (1, 1));
        assert!(read.bad[0].reason.contains("close of 2024-09-20 23:15"));
    }
}
