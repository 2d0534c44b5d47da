//! `/metrics` and `/healthz` on a loopback address.
//!
//! Not here: what is measured. Nothing else is served: no configuration, no profiler.
//! Invariant: an answer never waits for Kafka or S3.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Bytes, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

use crate::{metrics, status::Health};

/// Binds the address and serves until the program ends.
///
/// # Errors
/// When the address is taken, or a recorder is already installed.
pub(crate) async fn serve(address: SocketAddr, health: Health) -> Result<()> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("--metrics-addr {address} cannot be used"))?;
    let numbers = PrometheusBuilder::new()
        .install_recorder()
        .context("the metrics cannot be set up")?;
    metrics::describe();
    tracing::info!(
        "metrics at http://{0}/metrics, health at http://{0}/healthz",
        listener.local_addr()?
    );
    tokio::spawn(accept(listener, numbers, health));
    Ok(())
}

async fn accept(listener: TcpListener, numbers: PrometheusHandle, health: Health) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, for example: the next connection may do better.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (numbers, health) = (numbers.clone(), health.clone());
        tokio::spawn(async move {
            let page = service_fn(move |request: Request<hyper::body::Incoming>| {
                std::future::ready(Ok::<_, Infallible>(answer(
                    request.uri().path(),
                    &numbers,
                    &health,
                )))
            });
            let mut server = hyper::server::conn::http1::Builder::new();
            server
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(5));
            if let Err(error) = server.serve_connection(TokioIo::new(stream), page).await {
                tracing::debug!(%error, "a reader of the metrics left");
            }
        });
    }
}

fn answer(path: &str, numbers: &PrometheusHandle, health: &Health) -> Response<Full<Bytes>> {
    let (status, text) = match path {
        "/metrics" => (StatusCode::OK, numbers.render()),
        "/healthz" => match health.problems() {
            problems if problems.is_empty() => (StatusCode::OK, "ok\n".to_owned()),
            problems => (StatusCode::SERVICE_UNAVAILABLE, problems.join("\n") + "\n"),
        },
        _ => (
            StatusCode::NOT_FOUND,
            "there are /metrics and /healthz\n".to_owned(),
        ),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(
        "content-type",
        hyper::header::HeaderValue::from_static("text/plain; version=0.0.4"),
    );
    response
}
