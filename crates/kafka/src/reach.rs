//! Whether the addresses that a cluster advertises can be reached from here.
//!
//! Only opens TCP connections and closes them; speaks no Kafka. It returns within the given time,
//! however slow name servers are.

use std::{
    fmt, io,
    net::{TcpStream, ToSocketAddrs},
    sync::mpsc::channel,
    time::{Duration, Instant},
};

/// A host and a port as a broker advertises them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// A name or an IP address.
    pub host: String,
    /// The TCP port; 0 when the broker advertised a number that is no port.
    pub port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// The addresses that cannot be reached within this time, each with the reason. Blocks.
#[must_use]
pub fn unreachable(addresses: &[Address], within: Duration) -> Vec<(Address, String)> {
    let (to, results) = channel();
    for (at, address) in addresses.iter().cloned().enumerate() {
        let to = to.clone();
        // One thread for each, because resolving a name takes no time limit.
        std::thread::spawn(move || to.send((at, try_connect(&address, within))));
    }
    drop(to);
    let until = Instant::now() + within;
    let mut reasons: Vec<Option<String>> = vec![Some("no answer".to_owned()); addresses.len()];
    while let Ok((at, result)) =
        results.recv_timeout(until.saturating_duration_since(Instant::now()))
    {
        reasons[at] = result.err();
    }
    addresses
        .iter()
        .cloned()
        .zip(reasons)
        .filter_map(|(address, reason)| reason.map(|reason| (address, reason)))
        .collect()
}

fn try_connect(address: &Address, within: Duration) -> Result<(), String> {
    let resolved = (address.host.as_str(), address.port)
        .to_socket_addrs()
        .map_err(|_| "the name is unknown here".to_owned())?;
    let mut reason = "the name has no address".to_owned();
    for socket in resolved {
        match TcpStream::connect_timeout(&socket, within) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                reason = "no answer".to_owned()
            }
            Err(error) => reason = error.kind().to_string(),
        }
    }
    Err(reason)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_listener_is_reached_and_a_closed_port_is_not() {
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = |port| Address {
            host: "127.0.0.1".into(),
            port,
        };
        let addresses = [
            address(open.local_addr().unwrap().port()),
            address(1),
            Address {
                host: "no such host".into(),
                port: 1,
            },
        ];
        let failed = unreachable(&addresses, Duration::from_secs(30));
        assert_eq!(
            failed[0],
            (addresses[1].clone(), "connection refused".to_owned())
        );
        assert_eq!(failed[1].0, addresses[2]);
        assert_eq!(failed.len(), 2);
    }
}
