//! Builds the S3 client and says where endpoint, region and credentials came from.
//!
//! Everything follows the AWS SDK's own chain (flags, environment, profile, instance role). Keys
//! and secrets are neither printed nor stored here.

use std::{fmt, time::Duration};

use anyhow::{Context, Result, bail};
use aws_config::{
    BehaviorVersion, Region, SdkConfig, retry::RetryConfig,
    stalled_stream_protection::StalledStreamProtectionConfig, timeout::TimeoutConfig,
};
use aws_sdk_s3::{
    Client,
    config::{ProvideCredentials, RequestChecksumCalculation, ResponseChecksumValidation},
};
use aws_types::service_config::ServiceConfigKey;

use crate::{requests::ExpectedOwner, times::Times};

/// The endpoint of all services, and of S3 alone.
const GENERAL_VARIABLE: &str = "AWS_ENDPOINT_URL";
const S3_VARIABLE: &str = "AWS_ENDPOINT_URL_S3";
/// A variable that nobody sets.
const NO_VARIABLE: &str = "AWS_ENDPOINT_URL_NONE";

/// The client and what it was made of.
pub struct S3Client {
    /// The client; it repeats no request by itself.
    pub client: Client,
    /// The region that it signs for.
    pub region: String,
    /// Whether an endpoint is set, so that the store may be a look-alike.
    pub at_endpoint: bool,
    /// One line: endpoint, region and credentials with their origins.
    pub origins: String,
}

/// Builds the client and makes sure that there are credentials; makes no request to S3.
/// `endpoint_origin` says where `endpoint` came from, for the log. With an `owner`, the number of
/// an AWS account, S3 refuses requests for a bucket of another one.
///
/// # Errors
/// When there is no region, there are no credentials, or the endpoint is no URL.
pub async fn connect(
    endpoint: Option<&str>,
    endpoint_origin: &str,
    owner: Option<&str>,
) -> Result<S3Client> {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .credentials_provider(credentials::Chain::default_one().await)
        // Our own loops repeat requests, some of them for ever; the SDK's retries would only hide
        // that.
        .retry_config(RetryConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_millis(3_100))
                .operation_attempt_timeout(Times::default().attempt)
                .build(),
        )
        // Bodies are small and in memory; the attempt timeout covers a stalled one.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    let endpoint = endpoint.filter(|endpoint| !endpoint.is_empty());
    if let Some(endpoint) = endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    let config = loader.load().await;
    let endpoint = Endpoint::of(&config, endpoint, endpoint_origin)?;
    let (region, region_origin) = region(&config, endpoint.is_some())?;
    let credentials_origin = check_credentials(&config).await?;
    let mut s3 = aws_sdk_s3::config::Builder::from(&config)
        .region(Region::new(region.clone()))
        // Path style wherever an endpoint is given: local servers do not answer to
        // bucket.localhost.
        .force_path_style(endpoint.is_some())
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    s3 = for_owner(s3, owner);
    s3.set_endpoint_url(endpoint.as_ref().map(|endpoint| endpoint.url.clone()));
    let place = match &endpoint {
        Some(endpoint) => endpoint.to_string(),
        None => "endpoint of AWS".to_owned(),
    };
    let origins = format!(
        "{place}, region {region} ({region_origin}), credentials from {credentials_origin}"
    );
    Ok(S3Client {
        client: Client::from_conf(s3.build()),
        region,
        at_endpoint: endpoint.is_some(),
        origins,
    })
}

/// Settings with which each request says whose bucket it is for.
pub(crate) fn for_owner(
    settings: aws_sdk_s3::config::Builder,
    owner: Option<&str>,
) -> aws_sdk_s3::config::Builder {
    match owner {
        Some(owner) => settings.interceptor(ExpectedOwner(owner.to_owned())),
        None => settings,
    }
}

/// Settings that give one request so much time.
pub(crate) fn attempt_timeout(time: Duration) -> aws_sdk_s3::config::Builder {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(time);
    aws_sdk_s3::config::Builder::new().timeout_config(timeouts.build())
}

/// An address may carry a user and a password (of a proxy), which must not be logged.
fn without_user(url: &str) -> String {
    let (scheme, rest) = match url.find("://") {
        Some(at) => url.split_at(at + "://".len()),
        None => ("", url),
    };
    let host_at = rest
        .split('/')
        .next()
        .and_then(|authority| authority.rfind('@'))
        .map_or(0, |at| at + 1);
    format!("{scheme}{}", &rest[host_at..])
}

/// An endpoint that was set, and where.
#[derive(Debug, PartialEq, Eq)]
struct Endpoint {
    url: String,
    origin: String,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "endpoint {} ({})", without_user(&self.url), self.origin)
    }
}

impl Endpoint {
    /// The endpoint that counts; `given` is the value of the flag or its variable, and its origin.
    ///
    /// A flag wins, as does the `--config` file. Otherwise the SDK's order holds: the variable for
    /// S3 alone, that for all services, then the profile, its section for S3 first.
    ///
    /// # Errors
    /// When it is not the URL of a web server.
    fn of(config: &SdkConfig, given: Option<&str>, given_origin: &str) -> Result<Option<Self>> {
        let setting = |variable: &str| {
            let key = ServiceConfigKey::builder()
                .service_id("S3")
                .env(variable)
                .profile("endpoint_url")
                .build();
            config.service_config()?.load_config(key.ok()?)
        };
        // An empty variable hides the profile from the SDK, so the profile is asked alone as well.
        let settings = [
            setting(GENERAL_VARIABLE),
            std::env::var(GENERAL_VARIABLE).ok(),
            setting(NO_VARIABLE),
            config.endpoint_url().map(str::to_owned),
        ];
        let is_flag = given.is_some() && !given_origin.starts_with(GENERAL_VARIABLE);
        let found = match given {
            Some(given) if is_flag => Some(given.to_owned()),
            _ => settings.into_iter().flatten().find(|url| !url.is_empty()),
        };
        let Some(url) = found else {
            return Ok(None);
        };
        let of_variable = std::env::var(S3_VARIABLE).is_ok_and(|value| value == url);
        let origin = match given {
            _ if of_variable && !is_flag => S3_VARIABLE,
            Some(given) if given == url => given_origin,
            _ => "the AWS profile",
        };
        let endpoint = Self {
            url,
            origin: origin.to_owned(),
        };
        endpoint.checked().map(Some)
    }

    fn checked(self) -> Result<Self> {
        let shown = without_user(&self.url);
        match self.url.split_once("://") {
            Some(("http" | "https", rest)) if !rest.is_empty() => Ok(self),
            Some(_) => bail!(
                "the S3 endpoint {shown} ({}) is no URL of a web server: write it like http://127.0.0.1:4566",
                self.origin
            ),
            None => bail!(
                "the S3 endpoint {shown} ({}) has no scheme: write http://{shown}, or https://{shown} for TLS",
                self.origin
            ),
        }
    }
}

fn region(config: &SdkConfig, at_endpoint: bool) -> Result<(String, &'static str)> {
    if let Some(region) = config.region() {
        let named = ["AWS_REGION", "AWS_DEFAULT_REGION"]
            .into_iter()
            .find(|name| std::env::var_os(name).is_some());
        return Ok((
            region.to_string(),
            named.unwrap_or("the AWS profile or the instance"),
        ));
    }
    if at_endpoint {
        return Ok(("us-east-1".to_owned(), "default for an endpoint"));
    }
    bail!(
        "no AWS region is set: export AWS_REGION, for example AWS_REGION=us-east-1, or set it in the AWS profile"
    )
}

async fn check_credentials(config: &SdkConfig) -> Result<&'static str> {
    let provider = config
        .credentials_provider()
        .context("no AWS credentials are configured")?;
    if let Err(error) = provider.provide_credentials().await {
        tracing::debug!(error = %aws_sdk_s3::error::DisplayErrorContext(&error), "credentials");
        return Err(credentials::explained(&error).await);
    }
    let set = |name: &str| std::env::var_os(name).is_some();
    Ok(if set("AWS_ACCESS_KEY_ID") {
        "AWS_ACCESS_KEY_ID"
    } else if set("AWS_PROFILE") {
        "AWS_PROFILE"
    } else if set("AWS_WEB_IDENTITY_TOKEN_FILE")
        || set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        || set("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    {
        "the container's role"
    } else {
        "the AWS profile or the instance role"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_the_endpoint_is_not_shown() {
        assert_eq!(
            without_user("http://user:hunter2@127.0.0.1:4566/x@y"),
            "http://127.0.0.1:4566/x@y"
        );
        assert_eq!(
            without_user("http://127.0.0.1:4566"),
            "http://127.0.0.1:4566"
        );
        assert_eq!(without_user("user:hunter2@host:1"), "host:1");
    }

    #[test]
    fn an_endpoint_must_be_a_url() {
        let checked = |url: &str| {
            let (url, origin) = (url.to_owned(), "AWS_ENDPOINT_URL".to_owned());
            let checked = Endpoint { url, origin }.checked();
            checked.map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(checked("http://127.0.0.1:4566"), Ok(()));
        assert_eq!(checked("https://s3.example"), Ok(()));
        for bare in ["127.0.0.1:4566", "localhost:4566", "a:b@127.0.0.1:4566"] {
            let refusal = checked(bare).unwrap_err();
            let host = without_user(bare);
            assert!(
                refusal.contains(&format!("write http://{host},")),
                "{refusal}"
            );
            assert!(!refusal.contains("a:b"), "{refusal}");
        }
        assert!(checked("s3://bucket").unwrap_err().contains("no URL"));
        assert!(checked("http://").unwrap_err().contains("no URL"));
    }
}
