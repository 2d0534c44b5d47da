//! A reverse proxy with faults: it stands in front of another S3 server and does to requests what
//! the sandbox's own S3 does on demand.
//!
//! It checks no signature: the server behind it does, so requests with a wrong secret count, too.
//! It keeps no copy, and speaks HTTP without TLS, path style.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use super::{
    faults::Faults,
    gate::Gate,
    server::{Handler, HttpServer},
    upstream::{Upstream, authority},
};

/// A running relay; it ends when it is dropped.
pub struct Relay {
    server: HttpServer,
    gate: Gate,
}

impl Relay {
    /// Starts a relay on a free port of 127.0.0.1 in front of the S3 server at `endpoint_url`
    /// (`http://HOST:PORT`).
    ///
    /// # Errors
    /// If `endpoint_url` is something else, nothing listens there, or there is no free port.
    pub fn start(endpoint_url: &str) -> anyhow::Result<Self> {
        let gate = Gate::default();
        let upstream = Upstream::new(authority(endpoint_url)?, gate.clone());
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Ok(Self {
            server: HttpServer::start(any_port, Handler::Upstream(Arc::new(upstream)))?,
            gate,
        })
    }

    /// The URL for clients in place of the server's own, for instance `http://127.0.0.1:41234`.
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

    /// From now on this bucket is in another region: each request for it is answered 301 with the
    /// region's name.
    pub fn redirect_bucket(&self, name: &str, region: &str) {
        self.gate.redirect_bucket(name, region);
    }
}
