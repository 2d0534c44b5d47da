//! Requests for JSON over HTTP to a server of this machine.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode, body::Bytes};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use tokio::runtime::Runtime;

/// Longer than any answer takes, shorter than a hanging CI.
const ANSWER: Duration = Duration::from_secs(120);

/// A name and its value.
pub(crate) struct Header<'h> {
    pub(crate) name: &'h str,
    pub(crate) value: &'h str,
}

/// A client and the runtime it lives on.
pub(crate) struct HttpClient {
    client: Client<HttpConnector, Full<Bytes>>,
    runtime: Runtime,
}

/// What came back.
pub(crate) struct JsonReply {
    pub(crate) status: StatusCode,
    /// `Null` where the body was no JSON.
    pub(crate) body: Value,
}

impl HttpClient {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            runtime: runtime.unwrap(),
        }
    }

    /// Sends a GET.
    pub(crate) fn get(&self, url: &str) -> JsonReply {
        self.send(Request::get(url).body(Full::default()).unwrap())
    }

    /// Sends a POST.
    pub(crate) fn post(&self, url: &str, headers: &[Header<'_>], body: &str) -> JsonReply {
        let mut request = Request::post(url);
        for header in headers {
            request = request.header(header.name, header.value);
        }
        self.send(request.body(Full::from(body.to_owned())).unwrap())
    }

    fn send(&self, request: Request<Full<Bytes>>) -> JsonReply {
        let url = request.uri().clone();
        let reply = async {
            let reply = self.client.request(request).await.unwrap();
            let status = reply.status();
            let body = reply.into_body().collect().await.unwrap().to_bytes();
            let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
            JsonReply { status, body }
        };
        let reply = self
            .runtime
            .block_on(async { tokio::time::timeout(ANSWER, reply).await });
        reply.unwrap_or_else(|_| panic!("{url} did not answer within {ANSWER:?}"))
    }
}
