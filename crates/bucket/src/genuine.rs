//! Whether an S3 gave an answer, or something in its place: a proxy, a portal that wants a login, a
//! web server.
//!
//! Such a thing may answer 200 to everything, and a PUT that it answered is not stored. So a
//! success counts only with the marks of an S3, and any other answer only if it is no web page.
//! Nothing here depends on headers that only AWS sends.

use std::{error::Error, fmt};

use aws_sdk_s3::{
    config::{
        ConfigBag, Intercept, RuntimeComponents, http::HttpResponse,
        interceptors::AfterDeserializationInterceptorContextRef,
    },
    error::BoxError,
    operation::{
        delete_object::DeleteObjectOutput, get_object::GetObjectOutput,
        head_object::HeadObjectOutput, put_object::PutObjectOutput,
    },
};

/// The headers that an S3 puts on its answers; not every look-alike does.
const MARKS: [&str; 2] = ["x-amz-request-id", "x-amz-id-2"];

/// A success that no S3 gave, with what gives it away.
#[derive(Debug)]
pub(crate) struct NoS3(&'static str);

impl fmt::Display for NoS3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no S3 gave this answer: {}", self.0)
    }
}

impl Error for NoS3 {}

/// Turns each success that no S3 gave into the error [`NoS3`].
#[derive(Debug)]
pub(crate) struct OnlyS3;

impl Intercept for OnlyS3 {
    fn name(&self) -> &'static str {
        "answers of an S3 only"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match deception(context) {
            None => Ok(()),
            Some(reason) => Err(NoS3(reason).into()),
        }
    }
}

/// What shows that no S3 gave this success; `None` for an S3's, and for a failure, which
/// [`is_foreign`] judges.
fn deception(context: &AfterDeserializationInterceptorContextRef<'_>) -> Option<&'static str> {
    let (output, response) = (context.output_or_error().ok()?, context.response());
    if is_web_page(response) {
        return Some("it is a web page");
    }
    let tag = if let Some(put) = output.downcast_ref::<PutObjectOutput>() {
        if !body(response).trim_ascii().is_empty() {
            return Some("it has a body");
        }
        put.e_tag()
    } else if let Some(head) = output.downcast_ref::<HeadObjectOutput>() {
        head.e_tag()
    } else if let Some(get) = output.downcast_ref::<GetObjectOutput>() {
        get.e_tag()
    } else if output.downcast_ref::<DeleteObjectOutput>().is_some() {
        let is_bare = body(response).trim_ascii().is_empty();
        return (!is_bare).then_some("it has a body");
    } else {
        // Lists are XML with a root of their own, without which parsing fails.
        return None;
    };
    let tagged = tag.is_some_and(|tag| !tag.trim_matches('"').is_empty());
    (!tagged).then_some("it has no ETag")
}

/// Whether no S3 gave this answer, which is not a success. `code` is the error code in it.
pub(crate) fn is_foreign(code: &str, response: &HttpResponse) -> bool {
    let status = response.status();
    if has_mark(response) {
        return false;
    }
    // A success that cannot be parsed although it arrived whole.
    let unparsable = status.is_success() && response.body().bytes().is_some();
    // An S3's failures are XML with a code. One without a body says nothing about its origin.
    let no_error = code.is_empty()
        && ((300..400).contains(&status.as_u16()) || !body(response).trim_ascii().is_empty());
    unparsable || no_error || is_web_page(response)
}

/// Whether the content is HTML and nothing says that it is an object of an S3.
fn is_web_page(response: &HttpResponse) -> bool {
    let kind = response.headers().get("content-type").unwrap_or_default();
    let html = ["text/html", "application/xhtml"];
    html.iter().any(|html| {
        kind.get(..html.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(html))
    }) && !has_mark(response)
}

fn has_mark(response: &HttpResponse) -> bool {
    MARKS
        .iter()
        .any(|name| response.headers().contains_key(*name))
}

/// The body, as far as it is in memory.
fn body(response: &HttpResponse) -> &[u8] {
    response.body().bytes().unwrap_or_default()
}
