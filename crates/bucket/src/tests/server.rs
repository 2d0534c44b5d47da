//! A server on a free port of 127.0.0.1 that answers each request as a test says, byte by byte. It
//! checks no signature.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region, retry::RetryConfig},
};

use crate::bucket::Bucket;

/// A request as it arrived.
#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    /// `PUT /b/key?x-id=PutObject`, without the version of HTTP.
    pub(super) line: String,
    /// `name: value`, the name in lower case.
    pub(super) headers: Vec<String>,
    pub(super) body: Vec<u8>,
}

/// A running server. Its threads end when their connections do.
pub(super) struct Server {
    endpoint: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Writes what `answer` returns for a request, and closes the connection when that is empty.
    pub(super) fn start(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (seen, answer) = (requests.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, answer) = (seen.clone(), answer.clone());
                std::thread::spawn(move || {
                    let mut stream = BufReader::new(stream.unwrap());
                    while let Some(request) = read(&mut stream) {
                        let answered = answer(&request);
                        seen.lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(request);
                        if answered.is_empty() || stream.get_mut().write_all(&answered).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { endpoint, requests }
    }

    /// The bucket `b` at this server.
    pub(super) fn bucket(&self) -> Bucket {
        bucket_at(&self.endpoint)
    }

    /// The requests so far.
    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The bucket `b` at this endpoint.
pub(super) fn bucket_at(endpoint: &str) -> Bucket {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .force_path_style(true);
    Bucket::new(Client::from_conf(config.build()), "b")
}

/// An answer with these lines of headers, without their ends.
pub(super) fn answer(status: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let headers: String = headers
        .iter()
        .map(|header| format!("{header}\r\n"))
        .collect();
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}").into_bytes()
}

/// The next request of a connection; `None` at its end.
fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut request = Request::default();
    let (mut line, mut length) = (String::new(), 0);
    while line != "\r\n" {
        line.clear();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if request.line.is_empty() {
            line.trim_end_matches(" HTTP/1.1\r\n")
                .clone_into(&mut request.line);
        }
        let header = line.to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if let Some((name, value)) = line.split_once(':') {
            let name = name.to_ascii_lowercase();
            request.headers.push(format!("{name}: {}", value.trim()));
        }
    }
    request.body.resize(length, 0);
    stream.read_exact(&mut request.body).ok()?;
    Some(request)
}
