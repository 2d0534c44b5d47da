//! Mistakes that are planted to see whether the judge finds them. They sit in the driver; the
//! product has no hook for them.
//!
//! Not here: the places where they act (`shell`, `put`, `inspection`, `poll`, `encode` ask for them
//! by name). Invariant: without a planted mistake the driver behaves as a correct consumer does.

/// A planted mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// An upload is reported as stored when it is only begun.
    CommitBeforeDurable,
    /// The offset after the highest finished record is committed, whatever is unfinished below.
    HighestInsteadOfContiguous,
    /// The date in the key is the time of writing.
    NowInTheKey,
    /// 412 counts as success without a look at what is there.
    ExistingObjectNotCompared,
    /// The next offset plus one.
    OffByOneCommit,
    /// Anchors count as matching without reading the log.
    AnchorNotChecked,
    /// A group whose offsets are missing starts at the end, anchor or not.
    LatestInsteadOfAnchor,
    /// A position outside of the log goes on at the log's start without telling the engine.
    LostPositionIgnored,
    /// A claim is written over the one that is there.
    ClaimWithoutCondition,
    /// An assigned partition goes on at the committed offset, without a look at the claims.
    NoListOnAssignment,
    /// Each process closes extents by what it counted since its start, and writes no claims.
    NoClaims,
    /// Data objects are written while the claim is still on its way.
    ClaimNotAwaited,
    /// An extent's end is committed when all but one of its dates are durable.
    CommitBeforeTheLastDate,
    /// Whoever loses a claim closes the extent where its own buffer ends.
    OwnEndAfterLosingTheClaim,
    /// A claim that was found is finished by the worker's own settings.
    OwnSettingsInsteadOfTheClaims,
    /// What was read past the end of an adopted claim is not kept for the next extent.
    RestOfAdoptedLost,
    /// A claim that was found counts as finished, whatever its objects.
    CompletenessNotChecked,
    /// A claim whose end is committed counts as finished, even when the commit was only a place to
    /// begin, or somebody's reset.
    CommittedTakenForFinished,
    /// A commit counts as this zone's, whatever zone it names.
    ForeignCommitAccepted,
    /// A date of a claim that compaction emptied gets no object.
    EmptiedDatesNotWritten,
    /// The newest claim is looked for before the committed offset, which may then be newer.
    ClaimsListedBeforeCommitted,
    /// When a reader comes to an end, the end of the log is asked for, and the reader is taken to
    /// have come that far.
    EndAskedElsewhere,
}

impl Mistake {
    pub(crate) const ALL: [Self; 22] = [
        Self::CommitBeforeDurable,
        Self::HighestInsteadOfContiguous,
        Self::NowInTheKey,
        Self::ExistingObjectNotCompared,
        Self::OffByOneCommit,
        Self::AnchorNotChecked,
        Self::LatestInsteadOfAnchor,
        Self::LostPositionIgnored,
        Self::ClaimWithoutCondition,
        Self::NoListOnAssignment,
        Self::NoClaims,
        Self::ClaimNotAwaited,
        Self::CommitBeforeTheLastDate,
        Self::OwnEndAfterLosingTheClaim,
        Self::OwnSettingsInsteadOfTheClaims,
        Self::RestOfAdoptedLost,
        Self::CompletenessNotChecked,
        Self::CommittedTakenForFinished,
        Self::ForeignCommitAccepted,
        Self::EmptiedDatesNotWritten,
        Self::ClaimsListedBeforeCommitted,
        Self::EndAskedElsewhere,
    ];
}
