//! The bucket against servers that answer as a test says.

mod foreign;
mod headers;
mod race;
mod removal;
mod server;
mod slow_line;
mod stalls;

use bytes::Bytes;
use landing::{
    Offset, Partition, Place,
    identity::{About, Identity},
    record::ValueHash,
};

use crate::bucket::NewObject;

/// An object of some record.
fn new_object(key: &str, body: impl Into<Bytes>) -> NewObject {
    let identity = Identity {
        zone: "z".to_owned(),
        place: Place::new(Partition(0), Offset(0)),
        about: About::Record {
            value: ValueHash::of(Some(b"{}")),
            timestamp: Some(0),
        },
    };
    NewObject {
        key: key.to_owned(),
        body: body.into(),
        identity,
        claim: None,
    }
}
