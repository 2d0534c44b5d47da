//! The server behind a relay, and the connections to it.
//!
//! What reaches the server is what the client sent: method, path, query, headers (including `Host`,
//! which the signature covers) and the whole body.

use std::{
    net::{TcpStream, ToSocketAddrs},
    time::Duration,
};

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, Uri,
    header::{CONNECTION, TRANSFER_ENCODING},
    http::uri::{Authority, Scheme},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use s3s::Body;

use super::{
    gate::{Gate, Reply},
    target::RequestTarget,
};

/// How long to wait for the server behind the relay when it starts.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Shorter than servers keep a silent connection, so that hardly a request meets one that they are
/// just closing.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3);

/// The server behind a relay, with the pool of connections to it.
pub(super) struct Upstream {
    client: Client<HttpConnector, Full<Bytes>>,
    authority: Authority,
    gate: Gate,
}

impl Upstream {
    pub(super) fn new(authority: Authority, gate: Gate) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build(connector);
        Self {
            client,
            authority,
            gate,
        }
    }

    /// The server's answer, or the answer of a fault; `None` if the server gave none.
    pub(super) async fn call(
        &self,
        request: Request<Bytes>,
        reply: &Reply,
    ) -> Option<Response<Body>> {
        let (parts, body) = request.into_parts();
        let target = RequestTarget::new(&parts);
        let bucket = target.bucket.as_deref();
        let admitted = self
            .gate
            .admit(target.operation, bucket, &target.key, reply);
        if let Err(error) = admitted.await {
            return error.to_http_response().ok();
        }
        let mut request = Request::from_parts(parts, Full::new(body));
        *request.uri_mut() = self.uri(request.uri())?;
        let (mut answer, body) = self.client.request(request).await.ok()?.into_parts();
        // These two describe the connection to the server, not the one to the client.
        answer.headers.remove(CONNECTION);
        answer.headers.remove(TRANSFER_ENCODING);
        let body = body.collect().await.ok()?.to_bytes();
        Some(Response::from_parts(answer, Body::from(body)))
    }

    fn uri(&self, asked: &Uri) -> Option<Uri> {
        let uri = Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.authority.clone())
            .path_and_query(asked.path_and_query()?.clone());
        uri.build().ok()
    }
}

/// Host and port of the endpoint, if something listens there.
pub(super) fn authority(endpoint_url: &str) -> anyhow::Result<Authority> {
    // The text is not shown: it may carry a password.
    let not_an_endpoint = "the endpoint behind a relay must look like http://127.0.0.1:4566: no https, no path, no user";
    let uri: Uri = endpoint_url.parse().context(not_an_endpoint)?;
    let parts = uri.into_parts();
    let path = parts
        .path_and_query
        .map_or_else(String::new, |path| path.to_string());
    let authority = parts.authority.context(not_an_endpoint)?;
    ensure!(
        parts.scheme == Some(Scheme::HTTP)
            && matches!(path.as_str(), "" | "/")
            && !authority.as_str().contains('@'),
        not_an_endpoint
    );
    let host = authority.host().trim_matches(['[', ']']);
    let addrs = (host, authority.port_u16().unwrap_or(80)).to_socket_addrs();
    let addrs = addrs.with_context(|| format!("there is no host {host}"))?;
    let reached = addrs
        .into_iter()
        .any(|addr| TcpStream::connect_timeout(&addr, CONNECT_TIMEOUT).is_ok());
    ensure!(
        reached,
        "nothing listens at {authority}: start the S3 server there before the relay"
    );
    Ok(authority)
}
