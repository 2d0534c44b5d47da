//! How Kafka clients get their tokens for MSK: in librdkafka's callback where somebody polls the
//! client, and before a question where nobody does.

use std::error::Error;

pub use msk::TokenSource;
use rdkafka::client::{Client, ClientContext, OAuthToken};

use crate::options::Options;

/// What a client without a source says. librdkafka's handler for unsecured tokens, which is for
/// tests, sets one all the same.
const NO_SOURCE: &str = "this client has no source of tokens; see --sasl-mechanism";

/// Whether an error of a client only says that it makes its tokens without us.
#[must_use]
pub fn makes_its_own(reason: &str) -> bool {
    reason.contains(NO_SOURCE)
}

/// The answer of a context to `generate_oauth_token`. Blocks for at most 30 seconds.
///
/// # Errors
/// A sentence: there are no AWS credentials, or they have expired. The client reports it as an
/// error of its own, and asks again after ten seconds.
pub fn answer(source: Option<&TokenSource>) -> Result<OAuthToken, Box<dyn Error>> {
    let source = source.ok_or(NO_SOURCE)?;
    Ok(new_token(source)?)
}

fn new_token(source: &TokenSource) -> Result<OAuthToken, String> {
    let token = source.token()?;
    let expires = token.expires.duration_since(std::time::UNIX_EPOCH);
    let lifetime_ms = expires.unwrap_or_default().as_millis();
    Ok(OAuthToken {
        token: token.text,
        // librdkafka wants one; the broker takes the name from the token.
        principal_name: "aws-msk-iam".to_owned(),
        lifetime_ms: i64::try_from(lifetime_ms).unwrap_or(i64::MAX),
    })
}

/// Gives a client that nobody polls a token for its next questions, if it needs one. Blocks for at
/// most 30 seconds.
///
/// # Errors
/// As for [`answer`].
pub fn give<C: ClientContext>(client: &Client<C>, options: &Options) -> Result<(), String> {
    let Some(source) = options.tokens() else {
        return Ok(());
    };
    oauth::set_token(client, &new_token(source)?)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream},
        sync::mpsc::{self, Receiver},
        time::{Duration, Instant, SystemTime},
    };

    use aws_credential_types::Credentials;
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use msk::{Region, RegionOrigin};
    use rdkafka::{config::FromClientConfigAndContext, producer::BaseProducer};

    use super::*;
    use crate::{
        cleanup_policy,
        complaints::LookUpContext,
        look_up::LookUp,
        settings::{self, KafkaSettings},
    };

    /// Longer than any wait here, also on a busy machine.
    const LIMIT: Duration = Duration::from_secs(120);

    /// A broker that knows three requests: it lists what it knows, takes OAUTHBEARER, and hands
    /// over each token that it gets. Then it closes the connection, so that the client logs in
    /// again.
    /// Its thread ends with the process, or when nobody takes tokens any more.
    fn broker() -> (String, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (to, tokens) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let to = to.clone();
                std::thread::spawn(move || {
                    if let Some(token) = stream.ok().and_then(|stream| log_in(stream).ok()) {
                        to.send(token).ok();
                    }
                });
            }
        });
        (address, tokens)
    }

    /// Serves one connection up to its token.
    fn log_in(mut stream: TcpStream) -> std::io::Result<String> {
        const API_VERSIONS: i16 = 18;
        const HANDSHAKE: i16 = 17;
        loop {
            let mut size = [0; 4];
            stream.read_exact(&mut size)?;
            let mut request = vec![0; u32::from_be_bytes(size) as usize];
            stream.read_exact(&mut request)?;
            let number = |at: usize| i16::from_be_bytes([request[at], request[at + 1]]);
            let key = number(0);
            let client = usize::try_from(number(8)).unwrap_or_default();
            let mut answer = request[4..8].to_vec();
            match key {
                API_VERSIONS => {
                    let known: [[i16; 3]; 4] = [[18, 0, 3], [17, 0, 1], [36, 0, 0], [3, 0, 4]];
                    answer.extend(0_i16.to_be_bytes());
                    // A compact array has its length plus one.
                    answer.push(1 + known.len() as u8);
                    for numbers in known {
                        answer.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
                        answer.push(0);
                    }
                    answer.extend([0; 5]);
                }
                HANDSHAKE => {
                    answer.extend(0_i16.to_be_bytes());
                    answer.extend(1_i32.to_be_bytes());
                    answer.extend(11_i16.to_be_bytes());
                    answer.extend(b"OAUTHBEARER");
                }
                _ => {
                    // SaslAuthenticate: a length of four bytes, then the client's message.
                    let message = String::from_utf8_lossy(&request[10 + client + 4..]).into_owned();
                    let (_, token) = message.split_once("auth=Bearer ").unwrap_or_default();
                    let token = token.trim_end_matches('\u{1}').to_owned();
                    answer.extend(0_i16.to_be_bytes());
                    answer.extend((-1_i16).to_be_bytes());
                    answer.extend(0_i32.to_be_bytes());
                    stream.write_all(&(answer.len() as u32).to_be_bytes())?;
                    stream.write_all(&answer)?;
                    std::thread::sleep(Duration::from_millis(300));
                    return Ok(token);
                }
            }
            stream.write_all(&(answer.len() as u32).to_be_bytes())?;
            stream.write_all(&answer)?;
        }
    }

    /// With keys that live for so long from the moment at which they are asked for.
    fn settings(servers: &str, life: Duration) -> KafkaSettings {
        let mut made = 0;
        let keys = move || {
            made += 1;
            let expiry = Some(SystemTime::now() + life);
            Credentials::new(
                format!("AKID{made}"),
                "secret-of-a-test",
                None,
                expiry,
                "test",
            )
        };
        let region = Region {
            name: "eu-west-1".to_owned(),
            origin: RegionOrigin::Broker,
        };
        KafkaSettings {
            bootstrap_servers: servers.to_owned(),
            group: "g".to_owned(),
            options: Options::with_tokens(TokenSource::with_keys(region, keys).unwrap()),
            queue_bytes: 1 << 20,
        }
    }

    /// The URL within a token that came over the wire.
    fn url(token: &str) -> String {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_client_that_nobody_polls_logs_in_with_a_token_for_msk() {
        let (servers, tokens) = broker();
        let settings = settings(&servers, Duration::from_secs(3600));
        let look_up = LookUp::new(&settings, "t").unwrap();
        // This broker has no topics; it is enough that the client comes that far.
        assert!(look_up.topic(Duration::from_secs(3)).is_err());
        let url = url(&tokens.recv_timeout(LIMIT).unwrap());
        let begin = "https://kafka.eu-west-1.amazonaws.com/?Action=kafka-cluster%3AConnect&";
        assert!(url.starts_with(begin) && url.contains("AKID1%2F"), "{url}");
        assert!(url.contains("&X-Amz-Expires=900&"), "{url}");
    }

    #[test]
    fn an_admin_client_logs_in_with_a_token_for_msk() {
        let (servers, tokens) = broker();
        let settings = settings(&servers, Duration::from_secs(3600));
        assert_eq!(cleanup_policy::is_compacted(&settings, "t"), None);
        let url = url(&tokens.recv_timeout(LIMIT).unwrap());
        assert!(url.contains("AKID1%2F"), "{url}");
    }

    #[test]
    fn a_client_gets_a_new_token_before_its_keys_die_and_logs_in_with_it() {
        let (servers, tokens) = broker();
        let settings = settings(&servers, Duration::from_secs(12));
        let config = settings::client_config(&settings);
        let context = LookUpContext::new(&settings.options);
        let client: BaseProducer<LookUpContext> =
            BaseProducer::from_config_and_context(&config, context).unwrap();
        let began = Instant::now();
        let mut seen = Vec::new();
        while seen.len() < 2 && began.elapsed() < LIMIT {
            client.poll(Duration::from_millis(50));
            for token in tokens.try_iter() {
                if seen.last() != Some(&token) {
                    seen.push(token);
                }
            }
        }
        let keys: Vec<bool> = seen
            .iter()
            .zip(["AKID1%2F", "AKID2%2F"])
            .map(|(token, key)| url(token).contains(key))
            .collect();
        assert_eq!(keys, [true, true], "{:?}", began.elapsed());
    }
}
