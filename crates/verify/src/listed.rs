//! What was listed of a zone, in its layout.

use bucket::{listing::Listed, zone::ZoneFacts};
use landing::{Offset, anchor::Anchor, layout::read::DataKey};

use crate::{batched::listed::Batched, per_record::listed::PerRecord, verification::Look};

/// What was listed of the zone, in its layout.
pub(crate) enum Content {
    PerRecord(PerRecord),
    Batched(Batched),
}

impl Content {
    pub(crate) fn of(zone: &ZoneFacts) -> Self {
        if zone.is_per_record() {
            Self::PerRecord(PerRecord::default())
        } else {
            Self::Batched(Batched::default())
        }
    }

    pub(crate) fn data(&mut self, look: &mut Look, key: &DataKey<'_>, object: &Listed) {
        match self {
            Self::PerRecord(per_record) => per_record.data(look, key, object),
            Self::Batched(batched) => batched.data(look, key, object),
        }
    }

    pub(crate) fn dead_letter(&mut self, look: &mut Look, at: (i32, Offset), object: &Listed) {
        match self {
            Self::PerRecord(per_record) => per_record.dead_letter(look, at, object),
            Self::Batched(batched) => batched.dead_letters(look, at, object),
        }
    }

    pub(crate) fn schema(&mut self, hash: String) {
        if let Self::Batched(batched) = self {
            batched.schema(hash);
        }
    }

    pub(crate) fn all_claims_were_read(&mut self, look: &Look) {
        if let Self::Batched(batched) = self {
            batched.all_claims_were_read(look);
        }
    }

    /// The last record that the newest claim saw.
    pub(crate) fn last_claimed(&self, partition: i32) -> Option<Anchor> {
        match self {
            Self::PerRecord(_) => None,
            Self::Batched(batched) => batched.last_claimed(partition),
        }
    }
}
