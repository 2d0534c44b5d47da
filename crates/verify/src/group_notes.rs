//! The zone's list of the consumer groups that have entered it, read once, before Kafka is asked.

use std::collections::BTreeSet;

use anyhow::Result;
use bucket::{Bucket, zone::ZoneFacts};
use landing::{
    group_note::group_of_note,
    layout::read::{self, ControlKey},
};

/// The notes of the groups; none in a zone that only earlier versions landed into.
#[derive(Debug, Default)]
pub(crate) struct GroupNotes {
    /// The groups.
    pub(crate) groups: BTreeSet<String>,
    /// The keys of notes that do not name the group of their key. Such a group is asked for
    /// nothing.
    pub(crate) unreadable: Vec<String>,
}

impl GroupNotes {
    /// Reads the notes of a zone.
    pub(crate) async fn read(bucket: &Bucket, zone: &ZoneFacts) -> Result<Self> {
        let mut notes = Self::default();
        let mut list = bucket.list(&zone.prefix.groups_folder());
        while let Some(page) = list.page().await? {
            for object in page.objects {
                let key = read::control_key(&object.key, &zone.prefix, zone.format);
                if key != Some(ControlKey::Group) {
                    // The listing of the zone's own objects judges it.
                    continue;
                }
                let Some(body) = bucket.read_patiently(&object.key).await? else {
                    continue;
                };
                match group_of_note(&body) {
                    Some(group) if zone.prefix.group_key(&group) == object.key => {
                        notes.groups.insert(group);
                    }
                    _ => notes.unreadable.push(object.key),
                }
            }
        }
        Ok(notes)
    }
}
