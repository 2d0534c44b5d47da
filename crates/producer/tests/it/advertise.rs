//! A bootstrap server in front of a broker whose answers name another port as the broker's.
//!
//! It understands nothing of what it passes on but the address of the broker. Only the port is
//! changed.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
};

/// Passes each connection to `listener` on to the broker, in threads that live as long as the test.
pub(crate) fn advertise(listener: TcpListener, broker: SocketAddr, port: u16) {
    // In an answer the host is followed by the port in four bytes.
    let named = |port: u16| [b"127.0.0.1".as_slice(), &u32::from(port).to_be_bytes()].concat();
    let (from, to) = (named(broker.port()), named(port));
    std::thread::spawn(move || {
        for client in listener.incoming().map(Result::unwrap) {
            let server = TcpStream::connect(broker).unwrap();
            let (mut client_in, mut server_out) =
                (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut client_in, &mut server_out));
            let (from, to) = (from.clone(), to.clone());
            std::thread::spawn(move || rewrite(server, client, &from, &to));
        }
    });
}

fn rewrite(mut server: TcpStream, mut client: TcpStream, from: &[u8], to: &[u8]) {
    let mut buffer = [0; 64 * 1024];
    while let Ok(length @ 1..) = server.read(&mut buffer) {
        let answer = &mut buffer[..length];
        // One read may hold several answers.
        while let Some(at) = answer.windows(from.len()).position(|window| window == from) {
            answer[at..at + to.len()].copy_from_slice(to);
        }
        if client.write_all(answer).is_err() {
            return;
        }
    }
}
