//! Copies a message of the client into an arena: key, value and headers byte for byte.

use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

use landing::{Offset, Partition, Record, arena::RecordArena, record::Headers};
use rdkafka::{
    Message,
    message::{BorrowedHeaders, BorrowedMessage, Headers as _},
};

/// Copies the message into the arena. A timestamp that Kafka does not have becomes `None`.
pub(crate) fn push(arena: &mut RecordArena, message: &BorrowedMessage<'_>) {
    let record = Record {
        partition: Partition(message.partition()),
        offset: Offset(message.offset()),
        timestamp: message
            .timestamp()
            .to_millis()
            .filter(|millis| *millis >= 0),
        key: message.key(),
        value: message.payload(),
        headers: Headers::default(),
    };
    match message.headers() {
        None => arena.push(&record, std::iter::empty()),
        Some(found) => arena.push(&record, headers(found)),
    }
}

/// The headers in their order. Any producer may send a header name that is not UTF-8; such a header
/// keeps its place but loses its content, because rdkafka has no call that gives it.
fn headers(headers: &BorrowedHeaders) -> impl Iterator<Item = (&str, Option<&[u8]>)> {
    let one = |index| without_a_word(|| headers.try_get(index));
    (0..headers.count()).filter_map(move |index| match one(index) {
        Ok(header) => header.map(|header| (header.key, header.value)),
        Err(_) => Some((NAME_NOT_UTF8, None)),
    })
}

/// Stands for a name that is not UTF-8.
const NAME_NOT_UTF8: &str = "(name is not UTF-8)";

thread_local! {
    /// Whether a panic of this thread is expected, and not to be printed.
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a call of rdkafka's that panics on a header name that is not UTF-8. The panic is caught and
/// not printed: with a backtrace for each record the log would be nothing else.
fn without_a_word<T>(call: impl FnOnce() -> T) -> std::thread::Result<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(pass_expected_panics_over);
    EXPECTED.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    EXPECTED.set(false);
    result
}

/// Puts a hook in front of the present one, which still prints each panic that is not expected.
fn pass_expected_panics_over() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !EXPECTED.get() {
            print(panic);
        }
    }));
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{SocketAddr, TcpListener, TcpStream},
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use landing::{Extent, OffsetRange};
    use rdkafka::{
        message::{Header, OwnedHeaders},
        producer::{BaseProducer, BaseRecord, Producer},
    };

    use super::*;
    use crate::{
        log_reader::LogReader,
        options::{KafkaOption, Options},
        security::Security,
        settings::{self, KafkaSettings},
        test_cluster::TestCluster,
    };

    /// A relay in front of the broker that leads each client through itself and spoils the header
    /// name `bad-name`: rdkafka sends no name that is not UTF-8.
    fn spoiling_relay(broker: SocketAddr) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = listener.local_addr().unwrap();
        // In an answer the host is followed by the port in four bytes.
        let named = |address: SocketAddr| {
            [
                b"127.0.0.1".as_slice(),
                &u32::from(address.port()).to_be_bytes(),
            ]
            .concat()
        };
        let spoiled = [
            (named(broker), named(relay)),
            (b"bad-name".to_vec(), b"bad\xffname".to_vec()),
        ];
        std::thread::spawn(move || {
            for client in listener.incoming().map(Result::unwrap) {
                let server = TcpStream::connect(broker).unwrap();
                let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut from, &mut to));
                let spoiled = spoiled.clone();
                std::thread::spawn(move || rewrite(server, client, &spoiled));
            }
        });
        relay
    }

    fn rewrite(mut server: TcpStream, mut client: TcpStream, words: &[(Vec<u8>, Vec<u8>)]) {
        let mut buffer = [0; 64 * 1024];
        while let Ok(length @ 1..) = server.read(&mut buffer) {
            let answer = &mut buffer[..length];
            for (word, other) in words {
                while let Some(at) = answer.windows(word.len()).position(|part| part == word) {
                    answer[at..at + word.len()].copy_from_slice(other);
                }
            }
            if client.write_all(answer).is_err() {
                return;
            }
        }
    }

    #[tokio::test]
    async fn a_record_with_a_header_name_that_is_not_utf8_is_read() {
        let cluster = TestCluster::start();
        let producer: BaseProducer = settings::client_config(&cluster.settings).create().unwrap();
        let header = |key| Header {
            key,
            value: Some("x"),
        };
        let headers = OwnedHeaders::new()
            .insert(header("a"))
            .insert(header("bad-name"))
            .insert(header("b"));
        let record = BaseRecord::<(), str>::to("t")
            .payload("{}")
            .headers(headers);
        producer.send(record).map_err(|(error, _)| error).unwrap();
        producer.flush(std::time::Duration::from_secs(30)).unwrap();

        let broker = cluster.settings.bootstrap_servers.parse().unwrap();
        // The checksum is that of the name as it was sent.
        let unchecked = KafkaOption::parse("check.crcs=false").unwrap();
        let settings = KafkaSettings {
            bootstrap_servers: spoiling_relay(broker).to_string(),
            options: Options::parse(&[unchecked], &Security::default(), &[]).unwrap(),
            ..cluster.settings.clone()
        };
        let reader = LogReader::start(&settings, "t").unwrap();
        let range = OffsetRange::new(Offset(0), Offset(1));
        let mut records = reader.read(Extent::new(Partition(0), range));
        let arena = records.next().await.unwrap().unwrap();
        let record = arena.records().next().unwrap();
        let headers: Vec<_> = record.headers.iter().collect();
        assert_eq!(record.value, Some(b"{}".as_slice()));
        assert_eq!(
            headers,
            [
                ("a", Some(b"x".as_slice())),
                (NAME_NOT_UTF8, None),
                ("b", Some(b"x".as_slice()))
            ]
        );
    }

    #[test]
    fn an_expected_panic_prints_nothing_and_any_other_still_does() {
        let this = std::thread::current().id();
        let printed = Arc::new(AtomicUsize::new(0));
        let count = printed.clone();
        panic::set_hook(Box::new(move |_| {
            if std::thread::current().id() == this {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }));
        pass_expected_panics_over();
        assert!(without_a_word(|| panic!("a name")).is_err());
        assert_eq!(printed.load(Ordering::Relaxed), 0);
        assert!(panic::catch_unwind(|| panic!("a bug")).is_err());
        // The default one again, for the other tests.
        drop(panic::take_hook());
        assert_eq!(printed.load(Ordering::Relaxed), 1);
    }
}
