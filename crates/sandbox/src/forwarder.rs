//! A plain TCP forwarder: a fixed address in front of a server whose port is not known before it
//! runs.
//!
//! It does not look at what it passes on. While it is cut, no byte passes and no connection stays
//! open.

use std::{
    net::{SocketAddr, TcpListener},
    thread::JoinHandle,
};

use anyhow::Context;
use tokio::{net::TcpStream, sync::watch};

/// What the forwarder does with connections.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Pass,
    Cut,
    Stop,
}

/// A running forwarder; it stops, and closes its connections, when it is dropped.
pub struct Forwarder {
    addr: SocketAddr,
    mode: watch::Sender<Mode>,
    thread: Option<JoinHandle<()>>,
}

impl Forwarder {
    /// Listens on `listen` (port 0 for any free one) and passes each connection on to `target`.
    ///
    /// # Errors
    /// If `listen` cannot be listened on.
    pub fn start(listen: SocketAddr, target: SocketAddr) -> anyhow::Result<Self> {
        let listener =
            TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let (mode, observed) = watch::channel(Mode::Pass);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = std::thread::Builder::new()
            .name("sandbox-forwarder".to_owned())
            .spawn(move || runtime.block_on(accept(listener, target, observed)))?;
        Ok(Self {
            addr,
            mode,
            thread: Some(thread),
        })
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Closes all connections, and each new one at once, until [`Forwarder::restore`].
    pub fn cut(&self) {
        self.mode.send_replace(Mode::Cut);
    }

    /// Passes new connections on again.
    pub fn restore(&self) {
        self.mode.send_replace(Mode::Pass);
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.mode.send_replace(Mode::Stop);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, mut mode: watch::Receiver<Mode>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the forwarder cannot listen"),
    };
    loop {
        let accepted = tokio::select! {
            biased;
            stopped = mode.wait_for(|mode| *mode == Mode::Stop) => {
                drop(stopped);
                return;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((client, _)) => drop(tokio::spawn(pass(client, target, mode.clone()))),
            // Out of file descriptors, most likely: some connection must end first.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
}

async fn pass(mut client: TcpStream, target: SocketAddr, mut mode: watch::Receiver<Mode>) {
    let both_ways = async {
        let mut server = TcpStream::connect(target).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        tokio::io::copy_bidirectional(&mut client, &mut server).await
    };
    tokio::select! {
        biased;
        cut = mode.wait_for(|mode| *mode != Mode::Pass) => drop(cut),
        // How a connection ends is the business of its two ends.
        ended = both_ways => drop(ended),
    }
}
