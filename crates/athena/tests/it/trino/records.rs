//! The records of the landing: rows of the CSV, a feed that is alive, and what raw JSON may hold.

use std::path::Path;

use chrono::{Days, NaiveDate, NaiveTime};

/// Symbols whose records are dated and sent on the last nine days: what they answer moves with the
/// day of the test.
pub(crate) const LIVE: [&str; 2] = ["LIVE", "LIV2"];

/// How many days the live feed goes back, today included.
pub(crate) const LIVE_DAYS: u64 = 9;

/// The indexes taken from the CSV, each with its last rows: its partition is its place here.
const INDEXES: [&str; 3] = ["HSI", "NYA", "IXIC"];
const ROWS: usize = 80;

/// A record of the topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SentRecord {
    pub(crate) partition: i32,
    /// Milliseconds since 1970 UTC, of Kafka.
    pub(crate) timestamp: i64,
    pub(crate) value: String,
}

/// What goes into the topic, in this order.
pub(crate) fn all(today: NaiveDate) -> Vec<SentRecord> {
    let mut records = csv();
    records.extend(live(today));
    records.extend(odd());
    records
}

/// Some rows with the names of the columns as keys, as `--fields snake` sends them.
pub(crate) fn snake() -> Vec<SentRecord> {
    let mut records = csv();
    records.truncate(20);
    for record in &mut records {
        for (title, column) in [("Adj Close", "adj_close"), ("CloseUSD", "close_usd")] {
            record.value = record.value.replace(title, column);
        }
        for title in ["Index", "Date", "Open", "High", "Low", "Close", "Volume"] {
            let quoted = format!("\"{title}\"");
            record.value = record.value.replace(&quoted, &quoted.to_lowercase());
        }
    }
    records
}

fn millis(day: NaiveDate, hour: u32) -> i64 {
    let time = NaiveTime::from_hms_opt(hour, 0, 1).unwrap();
    day.and_time(time).and_utc().timestamp_millis()
}

/// A day on which records arrived, within the range of the tables.
fn november(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

/// A row of the CSV.
#[derive(Debug, Clone)]
pub(crate) struct CsvBar {
    pub(crate) date: NaiveDate,
    pub(crate) open: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) close: f64,
    pub(crate) volume: f64,
    members: String,
}

/// The rows of an index that are landed, the oldest first.
pub(crate) fn csv_bars(index: &str) -> Vec<CsvBar> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/indexProcessed.csv");
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let bar = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let members = names.iter().zip(&cells).map(|(name, cell)| match *name {
            "Index" | "Date" => format!("\"{name}\":\"{cell}\""),
            _ => format!("\"{name}\":{cell}"),
        });
        let number = |at: usize| cells[at].parse::<f64>().unwrap();
        CsvBar {
            date: cells[1].parse().unwrap(),
            open: number(2),
            high: number(3),
            low: number(4),
            close: number(5),
            volume: number(7),
            members: members.collect::<Vec<_>>().join(","),
        }
    };
    let of_index = |line: &&str| line.split(',').next() == Some(index);
    let mut bars: Vec<CsvBar> = lines.filter(of_index).map(bar).collect();
    bars.drain(..bars.len() - ROWS);
    bars
}

fn csv() -> Vec<SentRecord> {
    let mut records = Vec::new();
    for (partition, index) in (0..).zip(INDEXES) {
        for (at, bar) in (0..).zip(csv_bars(index)) {
            records.push(SentRecord {
                partition,
                timestamp: millis(november(2 + at / 16), 9 + at % 2),
                value: format!("{{{}}}", bar.members),
            });
        }
    }
    records
}

fn live(today: NaiveDate) -> Vec<SentRecord> {
    let mut records = Vec::new();
    for back in (0..LIVE_DAYS).rev() {
        let day = today.checked_sub_days(Days::new(back)).unwrap();
        for (symbol, base) in LIVE.into_iter().zip([100.25, 50.5]) {
            let close = base + [1.0, -2.5, 4.0, 0.25][usize::try_from(back % 4).unwrap()];
            records.push(SentRecord {
                partition: 1,
                timestamp: millis(day, 0),
                value: bar(symbol, &day.to_string(), &close.to_string(), "1000.0"),
            });
        }
    }
    records
}

/// A bar around its close, each part as JSON.
fn bar(symbol: &str, date: &str, close: &str, volume: &str) -> String {
    format!(
        r#"{{"Index":"{symbol}","Date":"{date}","Open":90.5,"High":120.75,"Low":45.125,"Close":{close},"Adj Close":{close},"Volume":{volume},"CloseUSD":0.5}}"#
    )
}

/// What a record may hold that the tables must not stumble over.
fn odd() -> Vec<SentRecord> {
    let at = |day, partition, value: String| SentRecord {
        partition,
        timestamp: millis(november(day), 10),
        value,
    };
    let text = "x".repeat(900_000);
    let mut records = vec![
        // Dates with a time: in UTC, with an offset over midnight, with a blank.
        bar("TIME", "2021-06-01T00:00:00Z", "10.5", "1.0"),
        bar("TIME", "2021-06-02T23:30:00-02:00", "11.5", "1.0"),
        bar("TIME", "2021-06-04 15:30:00", "12.25", "1.0"),
        // Dates that are none.
        bar("NODATE", "04.06.2021", "1.5", "1.0"),
        bar("NODATE", "2021-02-30", "1.5", "1.0"),
        r#"{"Index":"NODATE","Date":20210604,"Close":1.5}"#.to_owned(),
        // Numbers as text, and what is none.
        bar("TEXT", "2021-06-01", "\"28500.25\"", "\"100\""),
        bar("TEXT", "2021-06-02", "\"NaN\"", "\"NaN\""),
        bar("TEXT", "2021-06-03", "\"1e999\"", "\"\""),
        bar("TEXT", "2021-06-04", "\" 5\"", "null"),
        bar("TEXT", "2021-06-07", "28600.5", "true"),
        // Larger than a bigint, and more than a double together.
        bar("HUGE", "2021-06-01", "1.0", "1e308"),
        bar("HUGE", "2021-06-02", "2.5", "1e308"),
        bar("HUGE", "2021-07-01", "2.0", "1e300"),
        // Objects and arrays in the place of numbers, and of the symbol.
        bar("OBJECT", "2021-06-01", "{\"a\":1}", "[1,2]"),
        bar("OBJECT", "2021-06-02", "3.5", "4"),
        r#"{"Index":{"a":[1]},"Date":"2021-06-02","Close":3}"#.to_owned(),
        // Names in other cases.
        r#"{"index":"CASE","DATE":"2021-06-01","OPEN":1,"HIGH":2,"LOW":0.5,"CLOSE":1.5,"ADJ CLOSE":1.25,"VOLUME":9,"CLOSEUSD":0.01}"#.to_owned(),
        // To come, not above zero, contradictory.
        bar("FUTURE", "2999-01-01", "1.5", "1.0"),
        bar("ZERO", "2021-06-01", "0", "0"),
        bar("ZERO", "2021-06-02", "-5", "-1"),
        bar("ZERO", "2021-06-03", "50", "1"),
        bar("ZERO", "2021-06-04", "500", "1"),
        // A gap of a month.
        bar("GAP", "2021-04-01", "100.5", "1"),
        bar("GAP", "2021-05-03", "90.25", "1"),
        "{}".to_owned(),
        r#"{"Date":"2021-06-02","Close":1}"#.to_owned(),
        bar("LINE\u{2028}END", "2021-06-02", "5.5", "1"),
        format!(r#"{{"Index":"LONG","Date":"2021-06-02","Open":"{text}","Close":7.5}}"#),
        r#"{"Index":"\"quoted\", \\ and ä","Date":"2021-06-02","Close":8.5}"#.to_owned(),
    ];
    // Bars of a few minutes; one is corrected, one has another offset.
    for (date, close) in [
        ("2021-06-04T13:30:00Z", "10"),
        ("2021-06-04T13:35:00Z", "12"),
        ("2021-06-04T15:40:00+02:00", "11.5"),
        ("2021-06-04T13:35:00Z", "12.5"),
        ("2021-06-07T13:30:00.250Z", "9"),
        ("2021-06-07 13:35:00", "9.5"),
    ] {
        records.push(bar("TICK", date, close, "10"));
    }
    let mut records: Vec<SentRecord> = records.into_iter().map(|value| at(7, 0, value)).collect();
    // The newest rows of two indexes again: one corrected to a smaller close, one as it was.
    let of_csv = csv();
    let last = |partition| {
        of_csv
            .iter()
            .rfind(|record| record.partition == partition)
            .unwrap()
    };
    let date = last(0).value.split('"').nth(7).unwrap();
    records.push(at(8, 0, bar("HSI", date, "27000.5", "5.0")));
    records.push(at(8, 1, last(1).value.clone()));
    records
}
