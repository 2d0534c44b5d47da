//! What a failure of S3 at the start means to the person who typed the command.
//!
//! Each message names the bucket and what to do. Failures after the start are not explained here:
//! the request is repeated. What IAM did not allow is part of each failure, whenever it comes (see
//! `denial`).

use crate::answer::StoreFailure;

/// Explains a failed request. `action` is what was tried, as a verb that fits "cannot … in bucket".
#[must_use]
pub fn failure(action: &str, bucket: &str, failure: &StoreFailure) -> anyhow::Error {
    let advice = advice(bucket, failure);
    anyhow::anyhow!("cannot {action} in bucket '{bucket}': {advice} [{failure}]")
}

fn advice(bucket: &str, failure: &StoreFailure) -> String {
    let region = failure
        .region
        .clone()
        .or_else(|| region_in(&failure.message));
    if failure.foreign {
        return "this is no S3 endpoint, or a proxy answers in its place; check AWS_ENDPOINT_URL or --endpoint-url, and the proxies on the way".to_owned();
    }
    match (failure.status, failure.code.as_str()) {
        (None, _) if failure.answered => "the S3 endpoint answers, but not as an S3 must; see what it says, and try again".to_owned(),
        (None, _) => "the S3 endpoint does not answer; is it running, and is AWS_ENDPOINT_URL or --endpoint-url right?".to_owned(),
        (_, "NoSuchBucket") => format!("there is no such bucket; make it first (aws s3 mb s3://{bucket}) or add --create-bucket"),
        (_, "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" | "TemporaryRedirect") | (Some(301 | 307), _) => {
            match region {
                Some(region) => format!("the bucket is in region {region}; set AWS_REGION={region}"),
                None => "the bucket is in another region; set AWS_REGION to the bucket's".to_owned(),
            }
        }
        (_, "InvalidAccessKeyId") => "the access key is not known there; check AWS_ACCESS_KEY_ID and which account it belongs to".to_owned(),
        (_, "SignatureDoesNotMatch") => "the secret key does not fit the access key; check AWS_SECRET_ACCESS_KEY".to_owned(),
        (_, "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired") => {
            "the credentials have expired; log in again (aws sso login) or export new ones".to_owned()
        }
        (_, "InvalidToken") => {
            "the session token does not belong to these keys; set AWS_SESSION_TOKEN to that of the same login as AWS_ACCESS_KEY_ID, or unset it for \
             keys that have none"
                .to_owned()
        }
        (_, "RequestTimeTooSkewed") => "this machine's clock is wrong; set it".to_owned(),
        (_, "BucketAlreadyExists") => "the name is taken by another account: bucket names are global, choose your own name".to_owned(),
        // AWS names action and resource only within an account or organisation.
        (Some(403), _) if failure.denial.as_ref().is_some_and(|denial| denial.named_by_store) => {
            "no permission".to_owned()
        }
        (Some(403), _) => {
            "no permission: either this user lacks what is said here, or the bucket belongs to another account (bucket names are global, choose \
             your own name)"
                .to_owned()
        }
        _ => "S3 refused it".to_owned(),
    }
}

/// `AuthorizationHeaderMalformed` names the region only in its text: "… expecting 'eu-west-1'", in
/// single or double quotes.
fn region_in(message: &str) -> Option<String> {
    let quotes = ['\'', '"'];
    let (_, rest) = message.split_once("expecting ")?;
    let rest = rest.strip_prefix(quotes)?;
    rest.split_once(quotes).map(|(region, _)| region.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(status: Option<u16>, code: &str, message: &str) -> String {
        let failure = StoreFailure {
            status,
            code: code.into(),
            message: message.into(),
            ..StoreFailure::default()
        };
        super::failure("list", "b", &failure).to_string()
    }

    #[test]
    fn each_failure_comes_with_what_to_do() {
        for (status, code, message, expected) in [
            (None, "", "connection refused", "AWS_ENDPOINT_URL"),
            (Some(404), "NoSuchBucket", "", "--create-bucket"),
            (Some(301), "PermanentRedirect", "", "AWS_REGION"),
            (
                Some(400),
                "AuthorizationHeaderMalformed",
                "the region 'us-east-1' is wrong; expecting 'eu-west-1'",
                "AWS_REGION=eu-west-1",
            ),
            (
                Some(400),
                "AuthorizationHeaderMalformed",
                "the region \"eu-west-1\" is wrong; expecting \"us-east-1\"",
                "AWS_REGION=us-east-1",
            ),
            (
                Some(403),
                "SignatureDoesNotMatch",
                "",
                "AWS_SECRET_ACCESS_KEY",
            ),
            (Some(403), "AccessDenied", "", "choose your own name"),
            (Some(400), "ExpiredToken", "", "log in again"),
            (Some(400), "InvalidToken", "", "AWS_SESSION_TOKEN"),
        ] {
            let text = explained(status, code, message);
            assert!(
                text.contains(expected) && text.contains("'b'") && !text.contains('\n'),
                "{text}"
            );
        }
    }
}
