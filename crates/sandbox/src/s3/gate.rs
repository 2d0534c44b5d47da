//! What happens to a request before it is carried out: it is counted, and it may meet a bucket that
//! is not ours, or a fault.
//!
//! It does not find out what a request is for (the framework does for our own S3, `target.rs` for
//! the relay), carries out nothing, and checks no signatures. A fault that says "nothing is
//! applied" ends the request here.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use hyper::{HeaderMap, header::HeaderValue};
use s3s::{S3Error, S3Result, s3_error};
use tokio::sync::Notify;

use super::faults::{Fault, Faults};

/// What happens to the answer to one request: the gate decides, the server acts on it.
#[derive(Clone, Default)]
pub(super) struct Reply(Arc<ReplyState>);

#[derive(Default)]
struct ReplyState {
    lost: AtomicBool,
    page: AtomicBool,
    abandoned: Notify,
}

impl Reply {
    /// Whether to close the connection instead of answering.
    pub(super) fn is_lost(&self) -> bool {
        self.0.lost.load(Ordering::Acquire)
    }

    /// Whether to answer with a web page in place of what the request was answered.
    pub(super) fn is_page(&self) -> bool {
        self.0.page.load(Ordering::Acquire)
    }

    /// Ends when the connection must be closed before the request is carried out.
    pub(super) async fn abandoned(&self) {
        self.0.abandoned.notified().await;
    }

    fn lose(&self) {
        self.0.lost.store(true, Ordering::Release);
    }

    fn turn_into_page(&self) {
        self.0.page.store(true, Ordering::Release);
    }

    fn abandon(&self) {
        self.lose();
        self.0.abandoned.notify_one();
    }
}

#[derive(Default)]
struct GateState {
    refused: BTreeSet<String>,
    redirected: BTreeMap<String, String>,
    requests: BTreeMap<String, u64>,
}

/// The gate of one server; clones are handles to the same gate.
#[derive(Clone, Default)]
pub(super) struct Gate {
    pub(super) faults: Faults,
    state: Arc<Mutex<GateState>>,
}

impl Gate {
    /// Counts a request, and carries out the part of its fault that comes before the request
    /// itself. An error is the answer; otherwise the caller carries out the request now.
    pub(super) async fn admit(
        &self,
        operation: &str,
        bucket: Option<&str>,
        key: &str,
        reply: &Reply,
    ) -> S3Result<()> {
        self.count(operation);
        if let Some(bucket) = bucket {
            self.check_bucket(bucket, operation)?;
        }
        match self.faults.meet(operation, key) {
            Some(fault) => meet(fault, reply).await,
            None => Ok(()),
        }
    }

    pub(super) fn refuse_bucket(&self, name: &str) {
        self.lock().refused.insert(name.to_owned());
    }

    pub(super) fn redirect_bucket(&self, name: &str, region: &str) {
        self.lock()
            .redirected
            .insert(name.to_owned(), region.to_owned());
    }

    pub(super) fn requests(&self, operation: &str) -> u64 {
        self.lock().requests.get(operation).copied().unwrap_or(0)
    }

    fn lock(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, operation: &str) {
        let mut state = self.lock();
        match state.requests.get_mut(operation) {
            Some(count) => *count += 1,
            None => drop(state.requests.insert(operation.to_owned(), 1)),
        }
    }

    fn check_bucket(&self, bucket: &str, operation: &str) -> S3Result<()> {
        let state = self.lock();
        let creating = operation == "CreateBucket";
        if state.refused.contains(bucket) {
            return Err(match creating {
                true => s3_error!(
                    BucketAlreadyExists,
                    "the name {bucket} is taken by another account"
                ),
                false => s3_error!(AccessDenied, "bucket {bucket} belongs to another account"),
            });
        }
        match state.redirected.get(bucket) {
            Some(_) if creating => Err(s3_error!(
                BucketAlreadyOwnedByYou,
                "bucket {bucket} exists and is yours"
            )),
            Some(region) => Err(redirect(bucket, region)),
            None => Ok(()),
        }
    }
}

async fn meet(fault: Fault, reply: &Reply) -> S3Result<()> {
    match fault {
        Fault::SlowDown => Err(s3_error!(SlowDown, "reduce your request rate")),
        Fault::ServiceUnavailable => Err(s3_error!(ServiceUnavailable, "service unavailable")),
        Fault::InternalError => Err(s3_error!(InternalError, "internal error")),
        Fault::Conflict => Err(s3_error!(
            ConditionalRequestConflict,
            "a conflicting operation is in progress"
        )),
        Fault::AccessDenied => Err(s3_error!(AccessDenied, "access denied")),
        Fault::ExpiredToken => Err(s3_error!(ExpiredToken, "the provided token has expired")),
        Fault::Reset => {
            reply.lose();
            Err(s3_error!(InternalError, "nobody sees this"))
        }
        Fault::WebPage => {
            reply.turn_into_page();
            Err(s3_error!(InternalError, "nobody sees this"))
        }
        Fault::LostReply => {
            reply.lose();
            Ok(())
        }
        Fault::LateApply(delay) => {
            reply.abandon();
            tokio::time::sleep(delay).await;
            Ok(())
        }
        Fault::Slow(delay) => {
            tokio::time::sleep(delay).await;
            Ok(())
        }
    }
}

fn redirect(bucket: &str, region: &str) -> S3Error {
    let mut error = s3_error!(
        PermanentRedirect,
        "bucket {bucket} is in region {region}: ask the endpoint there"
    );
    if let Ok(value) = HeaderValue::from_str(region) {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-bucket-region", value);
        error.set_headers(headers);
    }
    error
}
