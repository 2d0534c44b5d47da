//! What follows from the settings alone: how commits are noted, and how values are checked.

use super::types::Settings;
use crate::{
    commit_note::{CommitNote, Landed},
    value::{ValueRule, checker::Checker},
};

/// The text that goes with a commit of this zone.
pub(super) fn note(settings: &Settings, landed: Landed) -> String {
    let zone = Some(settings.commit_zone.clone());
    CommitNote { landed, zone }.to_text()
}

/// A checker of this zone's values.
pub(super) fn checker(settings: &Settings) -> Checker {
    let rule = ValueRule::new(settings.classifier, &settings.partition_by);
    let checker = Checker::new(rule);
    match &settings.check_columns {
        Some(columns) => checker.with_columns(columns),
        None => checker,
    }
}
