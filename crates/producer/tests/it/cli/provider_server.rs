//! A provider of market data on this machine: each path gets the answer that a test gives it.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
};

/// The server; it ends with the process.
pub(crate) struct ProviderServer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl ProviderServer {
    /// Answers each request with what `answer` makes of its path, as JSON.
    pub(crate) fn start(answer: impl Fn(&str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let Some(Ok(request)) = lines.next() else {
                    continue;
                };
                // The headers end with a blank line.
                while lines
                    .next()
                    .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
                {}
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                let body = answer(&path);
                noted.lock().unwrap().push(path);
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                )
                .ok();
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The paths that were asked for so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Two bars of Binance, of 2026-11-02 12:00 and 12:01 UTC.
pub(crate) fn klines() -> String {
    let bar = |minute: i64| {
        let start = 1_793_620_800_000 + minute * 60_000;
        let end = start + 59_999;
        format!(r#"[{start},"1.0","2.50","0.5","1.10","7.000",{end},"1",3,"1","1","0"]"#)
    };
    format!("[{},{}]", bar(0), bar(1))
}

/// A reply of Alpha Vantage with one bar of five minutes.
pub(crate) fn intraday(symbol: &str) -> String {
    format!(
        r#"{{"Meta Data":{{"2. Symbol":"{symbol}","6. Time Zone":"US/Eastern"}},"Time Series (5min)":{{"2026-11-02 09:30:00":{{"1. open":"1.0","2. high":"2.50","3. low":"0.5","4. close":"1.10","5. volume":"7"}}}}}}"#
    )
}

/// The symbol that a path asks for.
pub(crate) fn symbol(path: &str) -> String {
    let (_, rest) = path.split_once("symbol=").unwrap();
    rest.split('&').next().unwrap().to_owned()
}
