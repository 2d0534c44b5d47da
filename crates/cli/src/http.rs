//! `/metrics` and `/healthz` on an address of this machine, for a Prometheus or a kubelet on any.
//!
//! Nothing else is served: no configuration, no profiler. An answer never waits for Kafka, S3 or
//! the work; it shows the numbers of the moment.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Result, anyhow};
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

/// The server closes a connection that sends no request within this time.
const REQUEST_WITHIN: Duration = Duration::from_secs(5);
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// What to serve. Each request calls one of the two.
pub struct Pages {
    /// Returns the metrics of this moment in Prometheus' text format (version 0.0.4).
    pub numbers: Box<dyn Fn() -> String + Send + Sync>,
    /// Returns what is wrong at this moment, one line each. `/healthz` answers 200 if there is
    /// nothing, otherwise 503.
    pub problems: Box<dyn Fn() -> Vec<String> + Send + Sync>,
}

/// A running server; it ends, with its connections, when it is dropped.
#[derive(Debug)]
pub struct Server(AbortHandle);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Binds the address and serves the pages. Must run on a tokio runtime with I/O and time.
///
/// # Errors
/// When the address cannot be bound, for example because it is taken.
pub async fn serve(address: SocketAddr, pages: Pages) -> Result<Server> {
    let fail = |error: std::io::Error| {
        anyhow!(
            "--metrics-addr {address} cannot be used: {error}; give another address, or end what listens there"
        )
    };
    let listener = TcpListener::bind(address).await.map_err(fail)?;
    let bound = listener.local_addr().map_err(fail)?;
    tracing::info!("metrics at http://{bound}/metrics, health at http://{bound}/healthz");
    if !bound.ip().is_loopback() {
        tracing::warn!(
            "--metrics-addr {address} is not a loopback address: whoever reaches it reads the metrics, without a password"
        );
    }
    let task = tokio::spawn(accept(listener, Arc::new(pages)));
    Ok(Server(task.abort_handle()))
}

async fn accept(listener: TcpListener, pages: Arc<Pages>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, for example: the next connection may do better.
            tokio::time::sleep(ACCEPT_AGAIN).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        connections.spawn(connection(stream, pages.clone()));
    }
}

async fn connection(stream: TcpStream, pages: Arc<Pages>) {
    let page = service_fn(|request: Request<Incoming>| {
        std::future::ready(Ok::<_, Infallible>(pages.answer(request.uri().path())))
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_WITHIN);
    if let Err(error) = server.serve_connection(TokioIo::new(stream), page).await {
        tracing::debug!(%error, "a reader of the metrics left");
    }
}

impl Pages {
    fn answer(&self, path: &str) -> Response<Full<Bytes>> {
        let (code, text) = match path {
            "/metrics" => (StatusCode::OK, (self.numbers)()),
            "/healthz" => match (self.problems)() {
                problems if problems.is_empty() => (StatusCode::OK, "ok\n".to_owned()),
                problems => {
                    let text = problems.join("\n") + "\n";
                    let text = secrets::without(&text).into_owned();
                    (StatusCode::SERVICE_UNAVAILABLE, text)
                }
            },
            _ => (
                StatusCode::NOT_FOUND,
                "there are /metrics and /healthz\n".to_owned(),
            ),
        };
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = code;
        response.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; version=0.0.4"),
        );
        response
    }
}
