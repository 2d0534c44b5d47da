//! A reverse proxy with faults: it stands in front of another S3 server, and does to requests what
//! the sandbox's own S3 does on demand.
//!
//! It checks no signature (the server behind it does; so requests with a wrong secret count, too),
//! keeps no copy, and speaks HTTP without TLS, path style.
//!
//! The invariant: what reaches the server is what the client sent: method, path, query, headers
//! (`Host`, which the signature covers, too) and the whole body.

use std::net::{Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONNECTION, TRANSFER_ENCODING};
use hyper::http::uri::{Authority, Scheme};
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use s3s::Body;

use super::faults::Faults;
use super::gate::{Gate, Reply};
use super::server::{Handler, Server};
use super::target::Target;

/// How long to wait for the server behind the relay when it starts.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Shorter than servers keep a silent connection, so that hardly a request meets one that they are
/// just closing.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3);

/// A running relay; it ends when it is dropped.
pub struct Relay {
    server: Server,
    gate: Gate,
}

impl Relay {
    /// Starts a relay on a free port of 127.0.0.1 in front of the S3 server at `endpoint_url`
    /// (`http://HOST:PORT`).
    ///
    /// # Errors
    /// When `endpoint_url` is something else, nothing listens there, or there is no free port.
    pub fn start(endpoint_url: &str) -> anyhow::Result<Relay> {
        let gate = Gate::default();
        let upstream = Upstream::new(authority(endpoint_url)?, gate.clone());
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Ok(Relay {
            server: Server::start(any_port, Handler::Upstream(Arc::new(upstream)))?,
            gate,
        })
    }

    /// What to give to clients instead of the server's own address, for instance
    /// `http://127.0.0.1:41234`.
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.server.addr())
    }

    /// The rules for faults.
    pub fn faults(&self) -> &Faults {
        &self.gate.faults
    }

    /// How many requests there were for this operation, by S3's name (`PutObject`), faults
    /// included.
    pub fn requests(&self, operation: &str) -> u64 {
        self.gate.requests(operation)
    }

    /// From now on this bucket belongs to another account: each request for it is answered 403, its
    /// creation 409.
    pub fn refuse_bucket(&self, name: &str) {
        self.gate.refuse_bucket(name);
    }

    /// From now on this bucket lies in another region: each request for it is answered 301 with the
    /// region's name.
    pub fn redirect_bucket(&self, name: &str, region: &str) {
        self.gate.redirect_bucket(name, region);
    }
}

/// The server behind a relay, with the connections to it.
pub(super) struct Upstream {
    client: Client<HttpConnector, Full<Bytes>>,
    authority: Authority,
    gate: Gate,
}

impl Upstream {
    fn new(authority: Authority, gate: Gate) -> Upstream {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build(connector);
        Upstream {
            client,
            authority,
            gate,
        }
    }

    /// The server's answer, or a fault's; none when the server gave none.
    pub(super) async fn call(
        &self,
        request: Request<Bytes>,
        reply: &Reply,
    ) -> Option<Response<Body>> {
        let (parts, body) = request.into_parts();
        let target = Target::of(&parts);
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
        // These two speak of the connection to the server; the one to the client is another.
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

/// Host and port of the endpoint, when something listens there.
fn authority(endpoint_url: &str) -> anyhow::Result<Authority> {
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
