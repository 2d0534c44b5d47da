//! Lists a table's objects and fetches their bodies, for the thread that reads rows out of them.
//!
//! Bodies come in the order of their keys. At most 64 requests are in flight, and the bodies in
//! memory take up a bounded room, unless a single Parquet file is larger than all of it. A large
//! text is not kept: its pieces go to the reader as they come.

use std::sync::Arc;

use bucket::{
    answer::StoreFailure,
    body::{Body, ReadObject, Room, TakenRoom, read_into},
    retry::{Backoff, patiently},
};
use bytes::Bytes;
use datafusion::error::Result;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    scan_error::{ScanError, refused},
    scan_plan::ScanPlan,
    visible_object::VisibleObject,
    visible_objects::visible_objects,
};
use crate::catalog::row_format::RowFormat;

/// Requests that are in flight at a time.
const MOST_REQUESTS: usize = 64;

/// Memory for bodies, in bytes.
const ROOM: u64 = 64 << 20;

/// A text of up to so many bytes is read as a whole.
const MOST_AT_ONCE: u64 = 8 << 20;

/// Pieces of a large text that wait for the reader.
const PIECES: usize = 16;

/// How often a large text goes on after its connection broke.
const MOST_RESUMES: u32 = 8;

/// A body, as it gets to the reader.
pub(super) enum Fetched {
    /// All of it.
    Whole {
        /// The object.
        object: VisibleObject,
        /// Its body, which holds its room.
        read: ReadObject,
    },
    /// Piece by piece, until the channel ends; an error is the last piece.
    InPieces {
        /// The object.
        object: VisibleObject,
        /// The pieces.
        pieces: mpsc::Receiver<Result<Bytes, ScanError>>,
    },
}

/// What is fetched now or in its turn.
enum Ready {
    Whole {
        object: VisibleObject,
        read: ReadObject,
    },
    InItsTurn(VisibleObject),
}

/// Objects that are listed ahead of their requests: two pages.
const LISTED_AHEAD: usize = 2_000;

/// Sends the objects that the plan reads, in the order of their keys; an error is the last. It ends
/// early when nobody receives them.
async fn list_all(plan: Arc<ScanPlan>, objects: mpsc::Sender<Result<VisibleObject>>) {
    let Some(range) = &plan.range else {
        return;
    };
    let bucket = &plan.source.bucket;
    let mut listing = match &range.after {
        Some(after) => bucket.list_after(&range.prefix, after),
        None => bucket.list(&range.prefix),
    };
    let mut ended = false;
    while !ended {
        let page = match listing.page().await {
            Ok(Some(page)) => page,
            Ok(None) => return,
            Err(error) => {
                let error = unlisted(&plan, &range.prefix, error).await;
                // Nobody may be there to hear it.
                objects.send(Err(error.into())).await.unwrap_or_default();
                return;
            }
        };
        plan.source.statistics.page(page.objects.len());
        let mut listed = page.objects;
        let end = listed
            .iter()
            .position(|object| range.ends_before(&object.key));
        ended = end.is_some();
        listed.truncate(end.unwrap_or(listed.len()));
        let visible = match visible_objects(&plan, listed) {
            Ok(visible) => visible,
            Err(error) => {
                objects.send(Err(error)).await.unwrap_or_default();
                return;
            }
        };
        for object in visible {
            if objects.send(Ok(object)).await.is_err() {
                return;
            }
        }
    }
}

/// Sends the bodies of all objects that the plan reads. It ends early when nobody receives them.
///
/// # Errors
/// When the bucket cannot be listed, or an object cannot be read or is not what was listed.
pub(super) async fn fetch_all(plan: Arc<ScanPlan>, bodies: mpsc::Sender<Fetched>) -> Result<()> {
    let (sender, listed) = mpsc::channel(LISTED_AHEAD);
    // The set ends the list when this future is dropped.
    let mut lister = JoinSet::new();
    lister.spawn(list_all(plan.clone(), sender));
    let room = Room::of(ROOM);
    let listed = stream::unfold(listed, |mut listed| async {
        listed.recv().await.map(|object| (object, listed))
    });
    let fetched = listed
        .map(|object| fetch(plan.clone(), room.clone(), object))
        .buffered(MOST_REQUESTS);
    let mut fetched = std::pin::pin!(fetched);
    while let Some(ready) = fetched.try_next().await? {
        let is_wanted = match ready {
            Ready::Whole { object, read } => {
                bodies.send(Fetched::Whole { object, read }).await.is_ok()
            }
            Ready::InItsTurn(object) => send_in_pieces(&plan, object, &bodies).await,
        };
        if !is_wanted {
            break;
        }
    }
    Ok(())
}

async fn fetch(plan: Arc<ScanPlan>, room: Room, object: Result<VisibleObject>) -> Result<Ready> {
    let object = object?;
    let is_whole = plan.definition.row_format == RowFormat::Parquet || object.bytes <= MOST_AT_ONCE;
    if !is_whole {
        return Ok(Ready::InItsTurn(object));
    }
    let place = plan.path(&object.key);
    let taken = room.take(object.bytes).await;
    let taken = taken.map_err(|error| ScanError(error.to_string()))?;
    let statistics = &plan.source.statistics;
    statistics.get();
    let bucket = &plan.source.bucket;
    let read = match read_into(bucket, TakenRoom(taken), &object.key, object.bytes).await {
        Ok(Some(read)) => read,
        Ok(None) => return Err(vanished(&place).into()),
        Err(error) => return Err(unread(&plan, &object.key, error).await.into()),
    };
    match &read.body {
        Body::Whole(body) if body.len() as u64 == object.bytes => statistics.stored(object.bytes),
        Body::Whole(_) | Body::TooLarge(_) => return Err(changed(&place).into()),
    }
    Ok(Ready::Whole { object, read })
}

/// Whether the reader still wants bodies.
async fn send_in_pieces(
    plan: &ScanPlan,
    object: VisibleObject,
    bodies: &mpsc::Sender<Fetched>,
) -> bool {
    let (sender, pieces) = mpsc::channel(PIECES);
    let listed = object.clone();
    if bodies
        .send(Fetched::InPieces { object, pieces })
        .await
        .is_err()
    {
        return false;
    }
    match pump(plan, &listed, &sender).await {
        Ok(is_wanted) => is_wanted,
        Err(error) => sender.send(Err(error)).await.is_ok(),
    }
}

/// Sends the pieces of a body, over as many connections as it takes; `false` when nobody wants
/// them.
async fn pump(
    plan: &ScanPlan,
    object: &VisibleObject,
    pieces: &mpsc::Sender<Result<Bytes, ScanError>>,
) -> Result<bool, ScanError> {
    let bucket = &plan.source.bucket;
    let (place, statistics) = (plan.path(&object.key), &plan.source.statistics);
    let mut sent = 0u64;
    let mut backoff = Backoff::default();
    let mut last = StoreFailure::local("the connection broke");
    for _ in 0..MOST_RESUMES {
        statistics.get();
        let opened = patiently(|| bucket.open(&object.key)).await;
        let opened = opened.map_err(|failure| refused(bucket, "read", &failure))?;
        let Some(mut opened) = opened else {
            return Err(vanished(&place));
        };
        let same_tag =
            object.etag.is_empty() || opened.etag.is_empty() || opened.etag == object.etag;
        if opened.bytes != object.bytes || !same_tag {
            return Err(changed(&place));
        }
        let mut skipped = 0u64;
        loop {
            let piece = match opened.piece().await {
                Ok(Some(piece)) => piece,
                Ok(None) if sent == object.bytes => return Ok(true),
                Ok(None) => break,
                Err(failure) => {
                    last = failure;
                    break;
                }
            };
            statistics.stored(piece.len() as u64);
            // What an earlier connection brought is passed over.
            let again = (sent - skipped).min(piece.len() as u64);
            skipped += again;
            let fresh = piece.slice(usize::try_from(again).unwrap_or(piece.len())..);
            if fresh.is_empty() {
                continue;
            }
            sent += fresh.len() as u64;
            skipped += fresh.len() as u64;
            if pieces.send(Ok(fresh)).await.is_err() {
                return Ok(false);
            }
        }
        backoff.wait().await;
    }
    Err(ScanError(format!(
        "{place} cannot be read to its end ({last}); run the query again"
    )))
}

fn vanished(place: &str) -> ScanError {
    ScanError(format!(
        "{place} was listed and is gone; run the query again"
    ))
}

fn changed(place: &str) -> ScanError {
    ScanError(format!(
        "{place} has changed since it was listed; run the query again, and write objects only once"
    ))
}

/// The list failed with this error; asks once more to learn what it means.
async fn unlisted(plan: &ScanPlan, prefix: &str, error: anyhow::Error) -> ScanError {
    let bucket = &plan.source.bucket;
    match bucket.first_key(prefix).await {
        Err(failure) => refused(bucket, "list", &failure),
        Ok(_) => ScanError(format!("{error}; run the query again")),
    }
}

/// A body could not be read; asks once more to learn what it means.
async fn unread(plan: &ScanPlan, key: &str, error: anyhow::Error) -> ScanError {
    let bucket = &plan.source.bucket;
    match bucket.open(key).await {
        Err(failure) => refused(bucket, &format!("read {key}"), &failure),
        Ok(_) => ScanError(format!("{error}; run the query again")),
    }
}
