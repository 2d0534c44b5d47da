//! One GET at a time, bounded in time and size, that a stop ends.
//!
//! Does not judge what comes back. The key is added here, and taken out of everything that leaves.

use std::{error::Error, fmt::Write, time::Duration};

use reqwest::{Client, Response, Url, redirect::Policy};
use rustls::crypto::aws_lc_rs;
use tokio::{
    runtime::{Builder, Runtime},
    time::{sleep, timeout},
};

use crate::{
    base_url::is_this_machine, feed_error::FeedError, market_provider::BarRequest,
    refusal::Refusal, reply::HttpReply, secret::Secret,
};

/// How long and how large a reply may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpBounds {
    /// Until there is a connection, with its TLS.
    pub connect: Duration,
    /// From there until the head of the reply.
    pub head: Duration,
    /// From there until the end of the body.
    pub body: Duration,
    /// The largest body, in bytes.
    pub body_bytes: usize,
}

impl Default for HttpBounds {
    /// 10 s, 30 s, 30 s and 16 MiB.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            head: Duration::from_secs(30),
            body: Duration::from_secs(30),
            body_bytes: 16 << 20,
        }
    }
}

/// What became of a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fetched {
    Reply(HttpReply),
    /// There is none, or not all of it.
    Failed(Refusal),
    Stopped,
}

/// How often it is asked whether to stop while a call is on its way.
const STOP_EVERY: Duration = Duration::from_millis(50);

/// The client, with a runtime of its own: whoever calls it may block.
#[derive(Debug)]
pub(crate) struct HttpClient {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    client: Client,
    base: Url,
    secret: Option<Secret>,
    bounds: HttpBounds,
}

impl HttpClient {
    /// # Errors
    /// If the system has no certificates or no room for a runtime.
    pub(crate) fn new(
        base: Url,
        secret: Option<Secret>,
        bounds: HttpBounds,
    ) -> Result<Self, FeedError> {
        // The client asks the process for it. If somebody has chosen another one, that is as good.
        aws_lc_rs::default_provider().install_default().ok();
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| FeedError::Client(error.to_string()))?;
        let mut client = Client::builder()
            .user_agent(concat!("market-feed/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(bounds.connect)
            // The key must go to no other address than the one that was given.
            .redirect(Policy::none())
            .referer(false)
            // Nobody watches a connection between two calls: one that the other side has closed
            // would fail the next call, and cost one of the quota.
            .pool_max_idle_per_host(0);
        if is_this_machine(&base) {
            client = client.no_proxy();
        }
        let client = client
            .build()
            .map_err(|error| FeedError::Client(chain(&error)))?;
        Ok(Self {
            runtime: Some(runtime),
            client,
            base,
            secret,
            bounds,
        })
    }

    /// Makes the call. `stopped` is asked again and again until it is done.
    pub(crate) fn get(&self, request: &BarRequest, stopped: &dyn Fn() -> bool) -> Fetched {
        let Some(runtime) = &self.runtime else {
            return Fetched::Stopped;
        };
        runtime.block_on(async {
            tokio::select! {
                biased;
                () = until(stopped) => Fetched::Stopped,
                fetched = self.fetch(request) => match fetched {
                    Ok(reply) => Fetched::Reply(reply),
                    Err(reason) => Fetched::Failed(Refusal::NoReply { reason: self.scrub(&reason) }),
                },
            }
        })
    }

    async fn fetch(&self, request: &BarRequest) -> Result<HttpReply, String> {
        let HttpBounds {
            connect,
            head,
            body,
            ..
        } = self.bounds;
        let sent = self.client.get(self.url(request)?).send();
        let late = |what: &str, time: Duration| format!("{what} within {} s", time.as_secs_f64());
        let response = timeout(connect + head, sent)
            .await
            .map_err(|_| late("no answer", connect + head))?
            .map_err(|error| format!("the call failed: {}", chain(&error.without_url())))?;
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(self.scrub(value.to_str().ok()?))
        };
        let mut reply = HttpReply {
            status: response.status().as_u16(),
            date: header("date"),
            retry_after: header("retry-after"),
            used_weight: header("x-mbx-used-weight-1m"),
            body: Vec::new(),
        };
        let bytes = timeout(body, self.read(response))
            .await
            .map_err(|_| late("the reply did not end", body))??;
        reply.body = match &self.secret {
            Some(secret) => secret.scrub_bytes(bytes),
            None => bytes,
        };
        Ok(reply)
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, String> {
        let most = self.bounds.body_bytes;
        let too_large = || format!("the reply has more than {most} bytes");
        if response
            .content_length()
            .is_some_and(|length| length > most as u64)
        {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        loop {
            let chunk = response
                .chunk()
                .await
                .map_err(|error| format!("the reply broke off: {}", chain(&error.without_url())))?;
            match chunk {
                None => return Ok(bytes),
                Some(chunk) if bytes.len() + chunk.len() > most => return Err(too_large()),
                Some(chunk) => bytes.extend_from_slice(&chunk),
            }
        }
    }

    fn url(&self, request: &BarRequest) -> Result<Url, String> {
        let mut url = self
            .base
            .join(request.path)
            .map_err(|error| error.to_string())?;
        let mut pairs = url.query_pairs_mut();
        for parameter in &request.parameters {
            pairs.append_pair(parameter.name, &parameter.value);
        }
        if let Some(secret) = &self.secret {
            pairs.append_pair("apikey", secret.reveal());
        }
        drop(pairs);
        Ok(url)
    }

    fn scrub(&self, text: &str) -> String {
        match &self.secret {
            Some(secret) => secret.scrub(text),
            None => text.to_owned(),
        }
    }
}

impl Drop for HttpClient {
    /// A look-up of a host name may hang in a thread of the runtime: nobody waits for it.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn until(stopped: &dyn Fn() -> bool) {
    while !stopped() {
        sleep(STOP_EVERY).await;
    }
}

/// An error with its causes, on one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a string cannot fail.
        write!(text, ": {error}").unwrap_or_default();
        cause = error.source();
    }
    text
}
