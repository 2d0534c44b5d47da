//! Where credentials come from: the AWS SDK's own chain, asked again for keys that may be replaced
//! while the program runs.
//!
//! The SDK reads a profile once, and keeps keys without an expiry for ever. But session keys that
//! somebody pastes into a profile do expire, and are replaced there. So keys without an expiry get
//! a short one, after which the files are read again.

use std::{
    error::Error,
    future::Future,
    pin::Pin,
    time::{Duration, SystemTime},
};

use anyhow::anyhow;
use aws_config::{
    Region,
    default_provider::{credentials::DefaultCredentialsChain, region::DefaultRegionChain},
};
use aws_credential_types::{
    Credentials,
    provider::{
        self, ProvideCredentials, SharedCredentialsProvider, error::CredentialsError,
        future::ProvideCredentials as ProvidedCredentials,
    },
};
use aws_types::os_shim_internal::{Env, Fs};
use tokio::sync::Mutex;

/// How long keys without an expiry are used before they are looked up again.
const UNTIL_READ_AGAIN: Duration = Duration::from_secs(60);

/// The default chain, which looks up keys without an expiry again and again.
#[derive(Debug)]
pub struct Chain {
    /// A chain whose keys have an expiry of their own: it renews them by itself.
    kept: Mutex<Option<SharedCredentialsProvider>>,
    make: fn(Option<Region>) -> MadeChain,
    /// Looked up once: on a machine without one, that look-up waits for an instance's answer.
    region: Option<Region>,
}

type MadeChain = Pin<Box<dyn Future<Output = SharedCredentialsProvider> + Send>>;

impl Chain {
    /// The default chain, with the region that variables, profile or instance name.
    pub async fn default_one() -> Self {
        let region = DefaultRegionChain::builder().build().region().await;
        Self {
            region,
            ..Self::of(|region| {
                Box::pin(async {
                    let chain = DefaultCredentialsChain::builder().region(region);
                    SharedCredentialsProvider::new(chain.build().await)
                })
            })
        }
    }
}

impl ProvideCredentials for Chain {
    fn provide_credentials<'a>(&'a self) -> ProvidedCredentials<'a>
    where
        Self: 'a,
    {
        ProvidedCredentials::new(self.limited_keys())
    }
}

impl Chain {
    /// The chain that `make` makes anew wherever its keys must be read again.
    fn of(make: fn(Option<Region>) -> MadeChain) -> Self {
        Self {
            kept: Mutex::default(),
            make,
            region: None,
        }
    }

    /// The keys of this moment, with the expiry that their source gave them, if any. They are
    /// remembered as secrets.
    ///
    /// # Errors
    /// What the SDK says; [`explained`] says what to do.
    pub async fn keys(&self) -> provider::Result {
        let mut kept = self.kept.lock().await;
        // A chain reads its files once: only a new one reads them again.
        let current = match kept.take() {
            Some(chain) => chain,
            None => (self.make)(self.region.clone()).await,
        };
        let found = current.provide_credentials().await?;
        secrets::remember(found.secret_access_key());
        found
            .session_token()
            .map(secrets::remember)
            .unwrap_or_default();
        if found.expiry().is_some() || are_of_environment(&found) {
            *kept = Some(current);
        }
        Ok(found)
    }

    async fn limited_keys(&self) -> provider::Result {
        let mut found = self.keys().await?;
        limit(&mut found);
        Ok(found)
    }
}

/// Nobody can replace these while the program runs.
fn are_of_environment(keys: &Credentials) -> bool {
    std::env::var("AWS_ACCESS_KEY_ID").is_ok_and(|key| key == keys.access_key_id())
}

/// Gives keys without an expiry one, unless they are the environment's.
fn limit(keys: &mut Credentials) {
    if !are_of_environment(keys) {
        keys.expiry_mut()
            .get_or_insert_with(|| SystemTime::now() + UNTIL_READ_AGAIN);
    }
}

/// Why there are no credentials, and what to do.
pub async fn explained(error: &CredentialsError) -> anyhow::Error {
    let profile = std::env::var("AWS_PROFILE").unwrap_or_default();
    if !profile.is_empty()
        && let Some(problem) = problem_of_profile(&profile).await
    {
        return anyhow!("{problem}");
    }
    // Each source was asked, and none was set up.
    if let CredentialsError::CredentialsNotLoaded(_) = error {
        return anyhow!(
            "no AWS credentials were found: export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, run 'aws configure' or 'aws sso login', \
             or copy .env.example to .env for the sandbox"
        );
    }
    let (mut cause, mut text): (Option<&dyn Error>, _) = (Some(error), String::new());
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    anyhow!(
        "the AWS credentials cannot be loaded, though a source of them is set up (a profile, its credential_process or single sign-on, \
         a role): {}",
        one_line(&text)
    )
}

/// The text without what would break a line of the log.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(300).collect()
}

/// What is wrong with the profile of `AWS_PROFILE`, if it is that.
async fn problem_of_profile(name: &str) -> Option<String> {
    let sections =
        aws_config::profile::load(&Fs::real(), &Env::real(), &Default::default(), None).await;
    let there = sections.ok()?;
    if there.get_profile(name).is_some() {
        return None;
    }
    let mut known: Vec<&str> = there.profiles().collect();
    known.sort_unstable();
    let known = match known.as_slice() {
        [] => "no profile at all".to_owned(),
        known => known.join(", "),
    };
    Some(format!(
        "AWS_PROFILE names the profile '{}', which is not in ~/.aws/config or ~/.aws/credentials (there is {known}): correct or unset it",
        name.escape_debug()
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail at any step")]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn keys_that_were_replaced_in_a_profile_are_found_and_those_of_a_role_are_kept() {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = |keys: Credentials| keys.access_key_id().to_owned();
        let pasted = Chain::of(|_| {
            let name = MADE.fetch_add(1, Ordering::Relaxed).to_string();
            let keys = Credentials::new(name, "s", None, None, "profile");
            Box::pin(async { SharedCredentialsProvider::new(keys) })
        });
        for expected in ["0", "1"] {
            let found = pasted.provide_credentials().await.unwrap();
            assert!(found.expiry().is_some());
            assert_eq!(number(found), expected);
        }
        static ROLES: AtomicU32 = AtomicU32::new(0);
        let role = Chain::of(|_| {
            let name = ROLES.fetch_add(1, Ordering::Relaxed).to_string();
            let later = SystemTime::now() + Duration::from_secs(3_600);
            let keys = Credentials::new(name, "s", None, Some(later), "role");
            Box::pin(async { SharedCredentialsProvider::new(keys) })
        });
        for _ in 0..2 {
            assert_eq!(number(role.provide_credentials().await.unwrap()), "0");
        }
    }

    #[test]
    fn keys_without_an_expiry_are_used_for_a_minute_and_then_looked_up_again() {
        let keys = |expiry| Credentials::new("a", "s", Some("t".to_owned()), expiry, "profile");
        let mut pasted = keys(None);
        limit(&mut pasted);
        let until = pasted.expiry().unwrap();
        assert!(until <= SystemTime::now() + UNTIL_READ_AGAIN);
        let far = SystemTime::now() + Duration::from_secs(86_400);
        let mut of_role = keys(Some(far));
        limit(&mut of_role);
        assert_eq!(of_role.expiry(), Some(far));
    }
}
