//! Builds the S3 client and says where endpoint, region and credentials came from.
//!
//! Everything follows the AWS SDK's own chain (flags, environment, profile, instance role). Keys
//! and secrets are neither printed nor stored here.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_config::{
    BehaviorVersion, Region, SdkConfig, retry::RetryConfig,
    stalled_stream_protection::StalledStreamProtectionConfig, timeout::TimeoutConfig,
};
use aws_sdk_s3::{
    Client,
    config::{ProvideCredentials, RequestChecksumCalculation, ResponseChecksumValidation},
};

use crate::times::Times;

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
/// `endpoint_origin` says where `endpoint` came from, for the log.
///
/// # Errors
/// When there is no region or there are no credentials.
pub async fn connect(endpoint: Option<&str>, endpoint_origin: &str) -> Result<S3Client> {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
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
    if let Some(endpoint) = endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    let config = loader.load().await;
    let (region, region_origin) = region(&config)?;
    let credentials_origin = check_credentials(&config).await?;
    let at_endpoint = config.endpoint_url().map(str::to_owned);
    let s3 = aws_sdk_s3::config::Builder::from(&config)
        .region(Region::new(region.clone()))
        // Path style wherever an endpoint is given: local servers do not answer to
        // bucket.localhost.
        .force_path_style(at_endpoint.is_some())
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .build();
    let is_set = at_endpoint.is_some();
    let place = match at_endpoint {
        Some(url) => format!("endpoint {} ({endpoint_origin})", without_user(&url)),
        None => "endpoint of AWS".to_owned(),
    };
    let origins = format!(
        "{place}, region {region} ({region_origin}), credentials from {credentials_origin}"
    );
    Ok(S3Client {
        client: Client::from_conf(s3),
        region,
        at_endpoint: is_set,
        origins,
    })
}

/// Settings that give one request so much time.
pub(crate) fn attempt_timeout(time: Duration) -> aws_sdk_s3::config::Builder {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(time);
    aws_sdk_s3::config::Builder::new().timeout_config(timeouts.build())
}

/// An address may carry a user and a password (of a proxy), which must not be logged.
fn without_user(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host_at = rest
        .split('/')
        .next()
        .and_then(|authority| authority.rfind('@'))
        .map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[host_at..])
}

fn region(config: &SdkConfig) -> Result<(String, &'static str)> {
    if let Some(region) = config.region() {
        let named = ["AWS_REGION", "AWS_DEFAULT_REGION"]
            .into_iter()
            .find(|name| std::env::var_os(name).is_some());
        return Ok((
            region.to_string(),
            named.unwrap_or("the AWS profile or the instance"),
        ));
    }
    if config.endpoint_url().is_some() {
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
        bail!(
            "no AWS credentials were found: export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, run 'aws configure' or 'aws sso login', \
             or copy .env.example to .env for the sandbox"
        );
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
    }
}
