//! What an answer from S3 means: stored, already there, or a failure with its code.
//!
//! One place sorts the answers, by HTTP status and error code, because the SDK models neither 412
//! nor 409 for a PUT. Only the success of an S3 (see `genuine`) is [`PutAnswer::Stored`] and only
//! its 412 is [`PutAnswer::Exists`]; anything else is a failure, and the writer tries again.

use std::{error::Error, fmt};

use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    operation::put_object::PutObjectOutput,
};

use crate::{
    checksum,
    denial::{BucketResources, Denial, Request},
    genuine::{NoS3, is_foreign},
};

/// The answer to a create-once PUT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutAnswer {
    /// Written by this request.
    Stored,
    /// An object is there: 412 Precondition Failed, S3's answer to `If-None-Match: *`.
    Exists,
    /// Anything else. The object may have been written or not.
    Failed(StoreFailure),
}

/// Why a request did not succeed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreFailure {
    /// HTTP status, if the store answered.
    pub status: Option<u16>,
    /// S3's error code, for example `SlowDown`; empty if there is none.
    pub code: String,
    /// One line for people, without control characters.
    pub message: String,
    /// The bucket's region, where the store names it in `x-amz-bucket-region`.
    pub region: Option<String>,
    /// Whether something that is no S3 gave the answer, such as a proxy with its web page.
    pub foreign: bool,
    /// Whether something answered at all.
    pub answered: bool,
    /// Whether no answer came in time.
    pub timed_out: bool,
    /// Whether the store has the object, but by its checksum with other bytes.
    pub damaged: bool,
    /// What IAM did not allow, if that is why.
    pub denial: Option<Box<Denial>>,
}

impl PutAnswer {
    /// Sorts the result of a PUT of this body with `If-None-Match: *`.
    pub(crate) fn of<E>(result: Result<PutObjectOutput, SdkError<E>>, body: &[u8]) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        match result {
            Ok(output) if checksum::differs(&output, body) => Self::Failed(StoreFailure {
                damaged: true,
                ..StoreFailure::local(
                    "the store answers with a checksum that is not that of the object",
                )
            }),
            Ok(_) => Self::Stored,
            Err(error) => {
                let failure = StoreFailure::of(&error);
                if failure.status == Some(412) && !failure.foreign {
                    Self::Exists
                } else {
                    Self::Failed(failure)
                }
            }
        }
    }

    /// The same, with what this request would have needed if it was not allowed.
    pub(crate) fn about(self, bucket: &BucketResources, request: Request<'_>) -> Self {
        match self {
            Self::Failed(failure) => Self::Failed(failure.about(bucket, request)),
            answer => answer,
        }
    }
}

impl StoreFailure {
    /// What went wrong, from the SDK's error.
    pub(crate) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        let response = error.raw_response();
        let code = error.code().unwrap_or_default().to_owned();
        let disguised = chain(error).find_map(|error| error.downcast_ref::<NoS3>());
        let foreign =
            disguised.is_some() || response.is_some_and(|response| is_foreign(&code, response));
        let message = match (disguised, error.message()) {
            (Some(disguised), _) => disguised.to_string(),
            (None, _) if foreign => "no S3 gave this answer".to_owned(),
            (None, Some(message)) if response.is_some() => message.to_owned(),
            _ => root_cause(error),
        };
        Self {
            status: response.map(|response| response.status().as_u16()),
            code,
            message: one_line(&message),
            region: response
                .and_then(|response| response.headers().get("x-amz-bucket-region"))
                .map(str::to_owned),
            foreign,
            answered: response.is_some(),
            timed_out: matches!(error, SdkError::TimeoutError(_)),
            damaged: false,
            denial: None,
        }
    }

    /// The same, with what this request would have needed if it was not allowed.
    pub(crate) fn about(self, bucket: &BucketResources, request: Request<'_>) -> Self {
        // An answer to HEAD has no body, and so no code.
        let is_denial = matches!(self.code.as_str(), "AccessDenied" | "");
        if self.status != Some(403) || !is_denial || self.foreign {
            return self;
        }
        let denial = Denial::of(bucket, request, &self.message);
        Self {
            denial: Some(Box::new(denial)),
            ..self
        }
    }

    /// The connection broke while the body of an answer was read.
    pub(crate) fn of_connection(error: &(impl Error + 'static)) -> Self {
        Self {
            answered: false,
            ..Self::local(&root_cause(error))
        }
    }

    /// A failure that was noticed here, in what the store answered: it has neither a status nor a
    /// code.
    #[must_use]
    pub fn local(message: &str) -> Self {
        Self {
            message: one_line(message),
            answered: true,
            ..Self::default()
        }
    }

    /// Whether the same request may well succeed in a moment: no S3 answered, or it answered 409
    /// (two writers race), 429 or any 5xx.
    pub(crate) fn is_passing(&self) -> bool {
        match self.status {
            None => true,
            Some(_) if self.foreign => true,
            Some(409 | 429 | 500..) => self.code != "BucketAlreadyExists",
            Some(_) => false,
        }
    }

    /// Whether fewer requests at a time may do better: the store asks for it, or did not answer in
    /// time.
    pub(crate) fn is_slow_down(&self) -> bool {
        self.timed_out
            || matches!(self.status, Some(429 | 503))
            || matches!(
                self.code.as_str(),
                "SlowDown" | "Throttling" | "RequestLimitExceeded"
            )
    }
}

impl fmt::Display for StoreFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.status, self.code.is_empty()) {
            (Some(status), false) => write!(f, "{} ({status}): {}", self.code, self.message),
            (Some(status), true) => write!(f, "status {status}: {}", self.message),
            (None, _) => f.write_str(&self.message),
        }?;
        match &self.denial {
            Some(denial) => write!(f, "; {denial}"),
            None => Ok(()),
        }
    }
}

/// Turns the failure "no such object" into success and returns any other.
///
/// A HEAD has no body, so its 404 has no S3 code; the SDK calls it `NotFound`. A 404 with another
/// code, such as `NoSuchBucket`, stays a failure.
pub(crate) fn missing(failure: StoreFailure) -> Result<(), StoreFailure> {
    let no_such_object = matches!(failure.code.as_str(), "NoSuchKey" | "NotFound" | "");
    if failure.status == Some(404) && no_such_object && !failure.foreign {
        Ok(())
    } else {
        Err(failure)
    }
}

/// The innermost error says what happened ("connection refused"); the outer ones only that a
/// request failed.
fn root_cause(error: &(impl Error + 'static)) -> String {
    let text = chain(error).last().map(ToString::to_string);
    let text = text.unwrap_or_default();
    if text.is_empty() || text == "service error" {
        DisplayErrorContext(error).to_string()
    } else {
        text
    }
}

/// An error and its causes, from the outermost to the innermost.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// The text on one line, without control characters, at most 600 characters of it: what AWS says of
/// a missing right holds two ARNs.
pub(crate) fn one_line(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(600)
        .collect();
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: u16, code: &str) -> StoreFailure {
        StoreFailure {
            status: Some(status),
            code: code.into(),
            message: "m".into(),
            ..StoreFailure::default()
        }
    }

    #[test]
    fn throttling_is_told_apart_from_other_failures() {
        for (failure, expected) in [
            (failure(503, "SlowDown"), true),
            (failure(503, "ServiceUnavailable"), true),
            (failure(503, ""), true),
            (failure(429, "TooManyRequests"), true),
            (failure(500, "InternalError"), false),
            (failure(409, "ConditionalRequestConflict"), false),
            (failure(403, "AccessDenied"), false),
            (StoreFailure::local("connection refused"), false),
        ] {
            assert_eq!(failure.is_slow_down(), expected, "{failure}");
        }
    }

    #[test]
    fn a_failure_is_one_line() {
        let failure = StoreFailure::local("first\nsecond\r\n\u{1b}[31m");
        assert_eq!(failure.to_string(), "first second   [31m");
    }

    #[test]
    fn only_a_refusal_for_want_of_a_right_is_one() {
        let bucket = BucketResources::new("eu-west-1", "b");
        for (failure, expected) in [
            (failure(403, "AccessDenied"), true),
            (failure(403, ""), true),
            (failure(403, "SignatureDoesNotMatch"), false),
            (failure(403, "InvalidAccessKeyId"), false),
            (failure(400, "ExpiredToken"), false),
            (failure(404, "NoSuchBucket"), false),
        ] {
            let of = failure.clone().about(&bucket, Request::Write("a"));
            assert_eq!(of.denial.is_some(), expected, "{failure}");
        }
    }
}
