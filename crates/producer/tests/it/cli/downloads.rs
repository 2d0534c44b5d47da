//! Files with the headers that well-known downloads have: five of Kaggle's, and those of four web
//! sites. Each is replayed in the order of its times, with the flags that its form needs. The data
//! are made up.

use crate::cli::support::{dry_run, folder, producer, text, write};

/// What a download looks like, and what is needed to replay it.
struct Download {
    file: &'static str,
    content: &'static str,
    flags: &'static [&'static str],
    /// The first record in the order of time.
    first: &'static str,
}

/// Runs a replay by time, and gives the first record and the key in words.
fn replay(download: &Download) -> (String, String) {
    let folder = folder();
    write(&folder, download.file, download.content);
    let output = producer(&folder)
        .args(["--csv", download.file, "--dry-run", "--order", "time"])
        .args(["--speed", "1000000d/s"])
        .args(download.flags)
        .output()
        .unwrap();
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "{}: {stderr}", download.file);
    let stdout = text(&output.stdout);
    assert_eq!(stdout.lines().count(), 2, "{stdout}");
    let (_, key) = stderr.split_once(" (").unwrap();
    let (key, _) = key.split_once(')').unwrap();
    (stdout.lines().next().unwrap().to_owned(), key.to_owned())
}

#[test]
fn five_well_known_files_of_kaggle() {
    let indexes = Download {
        file: "indexData.csv",
        content: "Index,Date,Open,High,Low,Close,Adj Close,Volume\n\
                  NYA,1965-12-31,2.5,2.5,2.5,2.5,2.5,0\n\
                  HSI,1965-12-30,1.5,1.5,,1.5,1.5,0\n",
        flags: &[],
        first: r#"{"Index":"HSI","Date":"1965-12-30","Open":1.5,"High":1.5,"Low":null,"Close":1.5,"Adj Close":1.5,"Volume":0}"#,
    };
    let five_years = Download {
        file: "all_stocks_5yr.csv",
        content: "date,open,high,low,close,volume,Name\n\
                  2013-02-11,14.9,15.0,14.3,14.5,8882000,AAL\n\
                  2013-02-08,15.1,15.1,14.6,14.8,8407500,AAL\n",
        flags: &["--rename", "Name=Symbol"],
        first: r#"{"date":"2013-02-08","open":15.1,"high":15.1,"low":14.6,"close":14.8,"volume":8407500,"Symbol":"AAL"}"#,
    };
    let new_york = Download {
        file: "prices.csv",
        content: "date,symbol,open,close,low,high,volume\n\
                  2016-01-06 00:00:00,WLTW,125.2,120.0,119.9,125.5,2386400.0\n\
                  2016-01-05 00:00:00,WLTW,123.4,125.8,122.3,126.2,2163600.0\n",
        flags: &["--time-zone", "America/New_York"],
        first: r#"{"date":"2016-01-05 00:00:00","symbol":"WLTW","open":123.4,"close":125.8,"low":122.3,"high":126.2,"volume":2163600.0}"#,
    };
    let huge = Download {
        file: "aapl.us.txt",
        content: "Date,Open,High,Low,Close,Volume,OpenInt\n\
                  1984-09-10,0.42,0.43,0.41,0.42,18022532,0\n\
                  1984-09-07,0.42,0.43,0.42,0.42,23220030,0\n",
        flags: &["--symbol-from-file-name"],
        first: r#"{"Symbol":"aapl.us","Date":"1984-09-07","Open":0.42,"High":0.43,"Low":0.42,"Close":0.42,"Volume":23220030,"OpenInt":0}"#,
    };
    let bitcoin = Download {
        file: "bitstampUSD_1-min_data.csv",
        content: "Timestamp,Open,High,Low,Close,Volume_(BTC),Weighted_Price\n\
                  1325317980,4.4,4.4,4.4,4.4,0.5,4.4\n\
                  1325317920,4.39,4.39,4.39,4.39,0.45,4.39\n",
        flags: &[
            "--time-format",
            "epoch-seconds",
            "--columns",
            "Volume_(BTC):number",
        ],
        first: r#"{"Timestamp":"1325317920","Open":4.39,"High":4.39,"Low":4.39,"Close":4.39,"Volume_(BTC)":0.45,"Weighted_Price":"4.39"}"#,
    };
    for (download, key) in [
        (indexes, "key Index"),
        (five_years, "key Symbol"),
        (new_york, "key symbol"),
        (huge, "key aapl.us"),
        (bitcoin, "no key"),
    ] {
        assert_eq!(
            replay(&download),
            (download.first.to_owned(), key.to_owned())
        );
    }
}

#[test]
fn four_web_sites() {
    let yahoo = Download {
        file: "^HSI.csv",
        content: "Date,Open,High,Low,Close,Adj Close,Volume\n\
                  2020-01-03,28883.3,28883.3,28428.1,28451.5,28451.5,2064431900\n\
                  2020-01-02,null,null,null,null,null,null\n",
        flags: &["--symbol-from-file-name"],
        first: r#"{"Symbol":"^HSI","Date":"2020-01-02","Open":null,"High":null,"Low":null,"Close":null,"Adj Close":null,"Volume":null}"#,
    };
    let stooq = Download {
        file: "aapl.us.txt",
        content: "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n\
                  AAPL.US,5,20210603,153500,124.7,124.9,124.6,124.8,762,0\n\
                  AAPL.US,5,20210603,153000,124.6,124.8,124.5,124.7,1033,0\n",
        flags: &[
            "--time-column",
            "<DATE>,<TIME>",
            "--time-format",
            "%Y%m%d %H%M%S",
            "--rename",
            "<TICKER>=Symbol,<VOL>=Volume",
        ],
        first: r#"{"Symbol":"AAPL.US","<PER>":"5","<DATE>":"20210603","<TIME>":"153000","<OPEN>":124.6,"<HIGH>":124.8,"<LOW>":124.5,"<CLOSE>":124.7,"Volume":1033,"<OPENINT>":0}"#,
    };
    let investing = Download {
        file: "Hang Seng Historical Data.csv",
        content: "\u{feff}\"Date\",\"Price\",\"Open\",\"High\",\"Low\",\"Vol.\",\"Change %\"\n\
                  \"31/12/2020\",\"1,234.5\",\"1,240.0\",\"1,250.25\",\"1,230.0\",\"1.2M\",\"-3.1%\"\n\
                  \"30/12/2020\",\"1,274.0\",\"1,270.0\",\"1,280.0\",\"1,265.5\",\"-\",\"0.35%\"\n",
        flags: &[
            "--time-format",
            "%d/%m/%Y",
            "--columns",
            "Price:decimal-point,Open:decimal-point,High:decimal-point,Low:decimal-point,\
             Vol.:decimal-point,Change %:decimal-point",
        ],
        first: r#"{"Date":"30/12/2020","Price":1274.0,"Open":1270.0,"High":1280.0,"Low":1265.5,"Vol.":null,"Change %":0.35}"#,
    };
    let alpha_vantage = Download {
        file: "intraday_5min_IBM.csv",
        content: "timestamp,open,high,low,close,volume\r\n\
                  2020-12-31 16:00:00,125.9,125.9,125.8,125.88,3574\r\n\
                  2020-12-31 15:55:00,125.8,125.9,125.7,125.9,1200\r\n",
        flags: &["--time-zone", "US/Eastern"],
        first: r#"{"timestamp":"2020-12-31 15:55:00","open":125.8,"high":125.9,"low":125.7,"close":125.9,"volume":1200}"#,
    };
    for (download, key) in [
        (yahoo, "key ^HSI"),
        (stooq, "key Symbol"),
        (investing, "no key"),
        (alpha_vantage, "no key"),
    ] {
        assert_eq!(
            replay(&download),
            (download.first.to_owned(), key.to_owned())
        );
    }
}

#[test]
fn neither_numbers_nor_dates_are_guessed() {
    let content = "Date,Price\n31/12/2020,\"1,234.5\"\n";
    let (code, _, stderr) = dry_run(content, &[]);
    assert_eq!(code, 65);
    assert!(
        stderr.contains("--columns Price:decimal-point reads it as 1234.5"),
        "{stderr}"
    );
    let types = ["--columns", "Price:decimal-point", "--from", "2020-01-01"];
    let (code, _, stderr) = dry_run(content, &types);
    assert_eq!(code, 65);
    assert!(stderr.contains("\"31/12/2020\" is not a time"), "{stderr}");
    let (code, _, stderr) = dry_run(content, &["--rename", "Close=Price"]);
    assert_eq!(code, 65);
    assert!(
        stderr.contains("has no column to rename: column \"Close\" is not in the header"),
        "{stderr}"
    );
}
