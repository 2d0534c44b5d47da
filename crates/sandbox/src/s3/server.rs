//! The server: a thread with its own runtime that speaks HTTP/1.1 and hands each request to a
//! [`Handler`].
//!
//! It does not know buckets or objects. It carries out the part of a fault that concerns the
//! connection.
//!
//! It hands on a request only after the whole body has arrived, so a client that leaves in the
//! middle of a PUT changes nothing.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread::JoinHandle,
};

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{
    Request, Response,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use s3s::{Body, s3_error, service::S3Service};
use tokio::{net::TcpStream, sync::oneshot};
use tracing::subscriber::NoSubscriber;

use super::{gate::Reply, upstream::Upstream};

/// The largest body, in bytes. It is held in memory; on AWS, larger ones need multipart uploads.
const LARGEST_BODY: usize = 1024 * 1024 * 1024;

/// The connection ends without an answer.
#[derive(Debug)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is closed without an answer")
    }
}

impl std::error::Error for Closed {}

/// What carries out requests.
#[derive(Clone)]
pub(super) enum Handler {
    /// The framework, over our own store.
    Framework(S3Service),
    /// Another server.
    Upstream(Arc<Upstream>),
}

impl Handler {
    /// The answer; `None` if there is none to give.
    async fn call(&self, request: Request<Bytes>, reply: Reply) -> Option<Response<Body>> {
        match self {
            Self::Framework(service) => {
                let mut request = request.map(Body::from);
                request.extensions_mut().insert(reply);
                service.call(request).await.ok()
            }
            Self::Upstream(upstream) => upstream.call(request, &reply).await,
        }
    }
}

/// A running server; it ends when it is dropped.
pub(super) struct HttpServer {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl HttpServer {
    pub(super) fn start(addr: SocketAddr, handler: Handler) -> anyhow::Result<Self> {
        let listener =
            TcpListener::bind(addr).with_context(|| format!("cannot listen on {addr}"))?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        // One thread is enough, and leaves the other cores to the program under test.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let serve = move || {
            // The framework logs each refused request as an error. Here refusals (404, 412) are
            // normal, and the client that gets them can report them.
            let _quiet = tracing::subscriber::set_default(NoSubscriber::default());
            runtime.block_on(accept(listener, handler, stopped));
        };
        let thread = std::thread::Builder::new()
            .name("sandbox-s3".to_owned())
            .spawn(serve)?;
        Ok(Self {
            addr,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

async fn accept(listener: TcpListener, handler: Handler, mut stopped: oneshot::Receiver<()>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    loop {
        let accepted = tokio::select! {
            biased;
            _ = &mut stopped => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => drop(tokio::spawn(converse(stream, handler.clone()))),
            // Out of file descriptors, most likely: some connection must end first.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
}

async fn converse(stream: TcpStream, handler: Handler) {
    stream.set_nodelay(true).ok();
    let answer = service_fn(move |request| answer(handler.clone(), request));
    // How a connection ends is the client's business; faults end it on purpose.
    http1::Builder::new()
        .serve_connection(TokioIo::new(stream), answer)
        .await
        .ok();
}

async fn answer(handler: Handler, request: Request<Incoming>) -> Result<Response<Body>, Closed> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return s3_error!(EntityTooLarge, "the sandbox takes bodies up to 1 GiB")
                .to_http_response()
                .map_err(|_| Closed);
        }
        Err(_) => return Err(Closed),
    };
    let reply = Reply::default();
    let request = Request::from_parts(parts, body);
    let carried_out = reply.clone();
    let mut call = Box::pin(async move { handler.call(request, carried_out).await });
    tokio::select! {
        biased;
        () = reply.abandoned() => {
            drop(tokio::spawn(call));
            Err(Closed)
        }
        answered = &mut call => match answered {
            Some(_) if reply.is_page() => Ok(page()),
            Some(response) if !reply.is_lost() => Ok(response),
            _ => Err(Closed),
        }
    }
}

/// What a proxy answers that wants its user to log in.
fn page() -> Response<Body> {
    let page = "<!doctype html>\n<html><body>Please log in to use this network.</body></html>\n";
    let mut response = Response::new(Body::from(page.to_owned()));
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, html);
    response
}
