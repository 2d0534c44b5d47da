//! Where credentials come from: the AWS SDK's own chain, asked again for keys that may be replaced
//! while the program runs.
//!
//! The SDK reads a profile once, and keeps keys without an expiry for ever. But session keys that
//! somebody pastes into a profile do expire, and are replaced there. So keys without an expiry get
//! a short one, after which the files are read again.

use std::{
    error::Error,
    time::{Duration, SystemTime},
};

use anyhow::anyhow;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_credential_types::{
    Credentials,
    provider::{
        self, ProvideCredentials, error::CredentialsError,
        future::ProvideCredentials as ProvidedCredentials,
    },
};
use aws_types::os_shim_internal::{Env, Fs};
use tokio::sync::Mutex;

/// How long keys without an expiry are used before they are looked up again.
const UNTIL_READ_AGAIN: Duration = Duration::from_secs(60);

/// The default chain, which looks up keys without an expiry again and again.
#[derive(Debug, Default)]
pub(crate) struct Chain(Mutex<Option<DefaultCredentialsChain>>);

impl ProvideCredentials for Chain {
    fn provide_credentials<'a>(&'a self) -> ProvidedCredentials<'a>
    where
        Self: 'a,
    {
        ProvidedCredentials::new(self.look_up())
    }
}

impl Chain {
    async fn look_up(&self) -> provider::Result {
        let mut kept = self.0.lock().await;
        // A chain reads its files once: only a new one reads them again.
        let current = match kept.take() {
            Some(chain) => chain,
            None => DefaultCredentialsChain::builder().build().await,
        };
        let mut found = current.provide_credentials().await?;
        if !limit(&mut found) {
            *kept = Some(current);
        }
        Ok(found)
    }
}

/// Gives keys without an expiry one, and says whether it did.
fn limit(keys: &mut Credentials) -> bool {
    let unlimited = keys.expiry().is_none();
    keys.expiry_mut()
        .get_or_insert_with(|| SystemTime::now() + UNTIL_READ_AGAIN);
    unlimited
}

/// Why there are no credentials, and what to do.
pub(crate) async fn explained(error: &CredentialsError) -> anyhow::Error {
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
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(300)
        .collect();
    anyhow!(
        "the AWS credentials cannot be loaded, though a source of them is set up (a profile, its credential_process or single sign-on, \
         a role): {}",
        line.trim()
    )
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
mod tests {
    use super::*;

    #[test]
    fn keys_without_an_expiry_are_used_for_a_minute_and_then_looked_up_again() {
        let keys = |expiry| Credentials::new("a", "s", Some("t".to_owned()), expiry, "profile");
        let mut pasted = keys(None);
        assert!(limit(&mut pasted));
        let until = pasted.expiry().unwrap();
        assert!(until <= SystemTime::now() + UNTIL_READ_AGAIN);
        let far = SystemTime::now() + Duration::from_secs(86_400);
        let mut of_role = keys(Some(far));
        assert!(!limit(&mut of_role));
        assert_eq!(of_role.expiry(), Some(far));
    }
}
