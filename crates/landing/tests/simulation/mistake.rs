//! Mistakes that are planted to see whether the judge finds them. They sit in the driver; the product has no hook for them.
//!
//! Not here: the places where they act (`shell`, `put`, `inspection`, `poll` ask for them by name).
//! Invariant: without a planted mistake the driver behaves as a correct consumer does.

/// A planted mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// An upload is reported as stored when it is only begun.
    CommitBeforeDurable,
    /// The offset after the highest finished record is committed, whatever is unfinished below.
    HighestInsteadOfContiguous,
    /// The date in the key is that of writing.
    NowInTheKey,
    /// 412 counts as success without a look at what is there.
    ExistingObjectNotCompared,
    /// The next offset plus one.
    OffByOneCommit,
    /// Anchors are taken for matching without reading the log.
    AnchorNotChecked,
    /// A group whose offsets are missing starts at the end, anchor or not.
    LatestInsteadOfAnchor,
    /// A position outside of the log goes on at the log's start without telling the engine.
    LostPositionIgnored,
    /// When a reader comes to an end, the end of the log is asked for, and the reader is taken to have come that far.
    EndAskedElsewhere,
}

impl Mistake {
    pub(crate) const ALL: [Self; 9] = [
        Self::CommitBeforeDurable,
        Self::HighestInsteadOfContiguous,
        Self::NowInTheKey,
        Self::ExistingObjectNotCompared,
        Self::OffByOneCommit,
        Self::AnchorNotChecked,
        Self::LatestInsteadOfAnchor,
        Self::LostPositionIgnored,
        Self::EndAskedElsewhere,
    ];
}
