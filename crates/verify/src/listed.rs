//! What was listed of a zone, in its layout.

use bucket::{listing::Listed, zone::ZoneFacts};
use landing::{Partition, Place, anchor::Anchor, layout::read::DataKey};

use crate::{batched::listed::Batched, per_record::listed::PerRecord, verification::Verification};

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

    pub(crate) fn data(
        &mut self,
        verification: &mut Verification,
        key: &DataKey<'_>,
        object: &Listed,
    ) {
        match self {
            Self::PerRecord(per_record) => per_record.data(verification, key, object),
            Self::Batched(batched) => batched.data(verification, key, object),
        }
    }

    pub(crate) fn dead_letter(
        &mut self,
        verification: &mut Verification,
        place: Place,
        object: &Listed,
    ) {
        match self {
            Self::PerRecord(per_record) => per_record.dead_letter(verification, place, object),
            Self::Batched(batched) => batched.dead_letters(verification, place, object),
        }
    }

    pub(crate) fn schema(&mut self, hash: String) {
        if let Self::Batched(batched) = self {
            batched.schema(hash);
        }
    }

    pub(crate) fn all_claims_were_read(&mut self, verification: &Verification) {
        if let Self::Batched(batched) = self {
            batched.all_claims_were_read(verification);
        }
    }

    /// The last record that the newest claim saw.
    pub(crate) fn last_claimed(&self, partition: Partition) -> Option<Anchor> {
        match self {
            Self::PerRecord(_) => None,
            Self::Batched(batched) => batched.last_claimed(partition),
        }
    }
}
