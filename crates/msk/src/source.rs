//! Where all Kafka clients of a process get their tokens: one thread with one provider of
//! credentials.
//!
//! librdkafka asks in a callback that must answer at once, on a thread of its own or of ours, and a
//! provider of credentials is asynchronous. So a thread with a runtime of its own answers; whoever
//! asks waits for a bounded time and blocks no worker of another runtime but itself.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender, SyncSender},
    },
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result};
use aws_credential_types::Credentials;
use credentials::Chain;

use crate::{region::Region, token::Token};

/// The longest wait for a token. Kafka's clients give up on a connection later.
const ANSWER: Duration = Duration::from_secs(30);

/// How long the credentials may take, so that an answer comes within [`ANSWER`].
const LOOK_UP: Duration = Duration::from_secs(25);

/// Signs tokens for one region. Clones share the thread and the newest token. The thread ends when
/// the last clone is dropped.
#[derive(Clone, Debug)]
pub struct TokenSource {
    region: Region,
    orders: Arc<Mutex<Sender<Order>>>,
    answer: Duration,
}

/// A question, and where the answer goes.
#[derive(Debug)]
struct Order(SyncSender<Result<Token, String>>);

/// Looks up keys: the default chain's, except in tests.
trait FindKeys: Send + 'static {
    fn find(&mut self) -> impl Future<Output = Result<Credentials, String>> + Send;
}

/// The SDK's own chain, made when it is first needed.
#[derive(Default)]
struct DefaultKeys(Option<Chain>);

impl FindKeys for DefaultKeys {
    async fn find(&mut self) -> Result<Credentials, String> {
        if self.0.is_none() {
            self.0 = Some(Chain::default_one().await);
        }
        let Some(chain) = &self.0 else {
            return Err("there is no source of credentials".to_owned());
        };
        match chain.keys().await {
            Ok(keys) => Ok(keys),
            Err(error) => Err(format!("{:#}", credentials::explained(&error).await)),
        }
    }
}

/// Keys that the caller has.
struct OwnKeys<F>(F);

impl<F: FnMut() -> Credentials + Send + 'static> FindKeys for OwnKeys<F> {
    async fn find(&mut self) -> Result<Credentials, String> {
        Ok((self.0)())
    }
}

impl TokenSource {
    /// Starts the thread. It looks for credentials when it is first asked.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(region: Region) -> Result<Self> {
        Self::with(
            region,
            DefaultKeys::default(),
            SystemTime::now,
            LOOK_UP,
            ANSWER,
        )
    }

    /// The same with keys that the caller has, asked for each time that a token is signed.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn with_keys(
        region: Region,
        keys: impl FnMut() -> Credentials + Send + 'static,
    ) -> Result<Self> {
        Self::with(region, OwnKeys(keys), SystemTime::now, LOOK_UP, ANSWER)
    }

    fn with(
        region: Region,
        keys: impl FindKeys,
        clock: impl Fn() -> SystemTime + Send + 'static,
        look_up: Duration,
        answer: Duration,
    ) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("the thread that signs tokens for MSK cannot be started")?;
        let (orders, received) = mpsc::channel();
        let name = region.name.clone();
        std::thread::Builder::new()
            .name("msk-tokens".to_owned())
            .spawn(move || {
                let signer = Signer {
                    region: name,
                    keys,
                    clock,
                    look_up,
                    newest: None,
                };
                runtime.block_on(signer.serve(&received));
            })
            .context("the thread that signs tokens for MSK cannot be started")?;
        Ok(Self {
            region,
            orders: Arc::new(Mutex::new(orders)),
            answer,
        })
    }

    /// The region for which it signs.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// A token that lives for at least half of its time. Blocks for at most 30 seconds.
    ///
    /// # Errors
    /// A sentence: there are no credentials, they have expired, or their source does not answer.
    pub fn token(&self) -> Result<Token, String> {
        let (to, answer) = mpsc::sync_channel(1);
        let sent = self
            .orders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .send(Order(to));
        let gone = || "the thread that signs tokens for MSK has ended".to_owned();
        sent.map_err(|_| gone())?;
        match answer.recv_timeout(self.answer) {
            Ok(answer) => answer,
            Err(mpsc::RecvTimeoutError::Timeout) => Err(no_answer(self.answer)),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(gone()),
        }
    }
}

fn no_answer(after: Duration) -> String {
    format!(
        "no AWS credentials within {} s; is the instance's metadata service or the single sign-on reachable?",
        after.as_secs_f64()
    )
}

/// What the thread holds.
struct Signer<K, C> {
    region: String,
    keys: K,
    clock: C,
    look_up: Duration,
    newest: Option<Token>,
}

impl<K: FindKeys, C: Fn() -> SystemTime> Signer<K, C> {
    async fn serve(mut self, orders: &Receiver<Order>) {
        // Nothing else runs on this runtime while it waits here, and nothing needs to.
        while let Ok(Order(to)) = orders.recv() {
            let answer = self.answer().await;
            if let Err(problem) = &answer {
                tracing::debug!("no token for MSK: {problem}");
            }
            // Whoever asked may have given up.
            to.send(answer).ok();
        }
    }

    async fn answer(&mut self) -> Result<Token, String> {
        let now = (self.clock)();
        if let Some(token) = self.newest.as_ref().filter(|token| token.is_fresh(now)) {
            return Ok(token.clone());
        }
        let keys = tokio::time::timeout(self.look_up, self.keys.find()).await;
        let keys = keys.map_err(|_| no_answer(self.look_up))??;
        let token = Token::sign(&keys, &self.region, (self.clock)())?;
        secrets::remember(&token.text);
        self.newest = Some(token.clone());
        Ok(token)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail at any step")]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::{region::RegionOrigin, token::LONGEST_LIFE};

    /// Keys with a number, each of which lives for so many seconds of the test's clock.
    struct Numbered {
        clock: Arc<AtomicU64>,
        made: u64,
        life: Option<u64>,
    }

    impl FindKeys for Numbered {
        async fn find(&mut self) -> Result<Credentials, String> {
            self.made += 1;
            let expiry = self
                .life
                .map(|life| at(&self.clock) + Duration::from_secs(life));
            let name = format!("AKID{}", self.made);
            Ok(Credentials::new(
                name,
                "secret-of-a-test",
                None,
                expiry,
                "test",
            ))
        }
    }

    /// A source that never answers, as an instance without a metadata service.
    struct Silent;

    impl FindKeys for Silent {
        async fn find(&mut self) -> Result<Credentials, String> {
            std::future::pending().await
        }
    }

    fn at(clock: &AtomicU64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::SeqCst))
    }

    fn region() -> Region {
        Region {
            name: "eu-west-1".to_owned(),
            origin: RegionOrigin::Broker,
        }
    }

    fn source(life: Option<u64>) -> (TokenSource, Arc<AtomicU64>) {
        let clock = Arc::new(AtomicU64::new(1_796_042_096));
        let keys = Numbered {
            clock: clock.clone(),
            made: 0,
            life,
        };
        let read = clock.clone();
        let source = TokenSource::with(region(), keys, move || at(&read), LOOK_UP, ANSWER);
        (source.unwrap(), clock)
    }

    #[test]
    fn clients_share_a_token_and_get_a_new_one_long_before_it_expires() {
        let (source, clock) = source(None);
        let first = source.token().unwrap();
        let began = clock.load(Ordering::SeqCst);
        clock.store(began + 449, Ordering::SeqCst);
        assert_eq!(source.clone().token().unwrap(), first);
        // librdkafka asks again after four fifths of a quarter of an hour.
        clock.store(began + 720, Ordering::SeqCst);
        let second = source.token().unwrap();
        assert_ne!(second.text, first.text);
        assert_eq!(second.expires, at(&clock) + LONGEST_LIFE);
    }

    #[test]
    fn a_token_of_keys_that_die_soon_is_replaced_before_they_do() {
        let (source, clock) = source(Some(100));
        let first = source.token().unwrap();
        assert_eq!(first.expires, at(&clock) + Duration::from_secs(100));
        // Four fifths of a hundred seconds.
        clock.fetch_add(80, Ordering::SeqCst);
        let second = source.token().unwrap();
        assert_eq!(second.expires, at(&clock) + Duration::from_secs(100));
    }

    #[test]
    fn a_source_of_credentials_that_is_silent_ends_in_a_sentence() {
        let short = Duration::from_millis(20);
        let clock = || SystemTime::UNIX_EPOCH;
        let bounded = TokenSource::with(region(), Silent, clock, short, ANSWER).unwrap();
        let problem = bounded.token().unwrap_err();
        assert!(problem.contains("metadata service"), "{problem}");
        // Also where the thread itself is not back in time.
        let late = TokenSource::with(region(), Silent, clock, ANSWER, short).unwrap();
        assert!(late.token().unwrap_err().contains("within 0.02 s"));
    }

    #[test]
    fn a_callback_on_a_thread_of_a_runtime_is_answered() {
        // A client is dropped or polled on such threads, too: no deadlock, no panic.
        let (source, _) = source(None);
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let token = runtime.unwrap().block_on(async { source.token() });
        assert!(token.is_ok());
    }
}
