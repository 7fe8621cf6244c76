//! The ways in which records contradict one another.
//!
//! Not here: the records that do ([`crate::state::Clash`]).

/// Why the records themselves hint at two objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClashKind {
    /// It was commissioned twice, with different content.
    CommissionedTwice,
    /// It was said to be of two lots.
    OtherLot,
    /// It was sold again without a return.
    SoldTwice,
    /// It was received by another party than it was shipped to.
    OtherReceiver,
    /// It was shipped to two parties.
    ShippedTwice,
    /// Somebody shipped it who did not have it any more.
    ShippedByFormerHolder,
    /// A record was declared wrong that others had relied on.
    CorrectedTooLate,
    /// Its tag was read after it was switched off.
    ReadAfterKill,
    /// Two different pasts were signed for a ledger of somebody who has to do with it.
    LedgerForked,
    /// Such a ledger has less than was published of it.
    LedgerShrunk,
}
