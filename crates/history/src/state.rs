//! What an item's records add up to.
//!
//! What holds: only what counts decides; claims and findings are listed beside it with the records that they come from.
//!
//! Not here: how it is derived ([`crate::fold`]), which of it decides ([`crate::verdict`]).

use directory::Rights;
use epc::Epc;
use jiff::Timestamp;

use crate::authority::Row;
pub use crate::clash_kind::ClashKind;
use crate::entry::RecordRef;
use crate::gaps::Gap;
use crate::statement::Ending;

/// Why an item must not be used or bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawal {
    /// It was recalled.
    Recalled,
    /// It was reported stolen.
    Stolen,
    /// Its expiry date is past.
    Expired,
}

/// Why an item's code does not count as issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotIssued {
    /// No record names it.
    Unknown,
    /// Records name it, and none says that it was put on an item.
    NeverApplied,
    /// Only parties that are not entitled to say so say that it was issued.
    NotEntitled,
    /// As [`Self::NeverApplied`], and a record of an entitled party does not fit its ledger.
    Disputed,
    /// It was issued and has ended.
    Ended(Ending),
}

/// Two records that cannot both be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// Why.
    pub kind: ClashKind,
    /// The earlier record.
    pub one: RecordRef,
    /// The later one; of a ledger that contradicts itself, the same.
    pub other: RecordRef,
}

/// Something that people should read though it does not decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What is said: [`Row::Recall`] or [`Row::Theft`].
    pub says: Row,
    /// By whom and where.
    pub record: RecordRef,
    /// It would count but for missing approvals.
    pub lacks_approvals: bool,
}

/// What the records of an item add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemState {
    /// Nobody in the directory was ever licensed to issue under its key, or it has none.
    pub not_covered: bool,
    /// It has no key: a check digit is wrong, or it is no code at all.
    pub malformed: bool,
    /// Why it must not be used or bought.
    pub withdrawn: Option<Withdrawal>,
    /// Why its code does not count as issued.
    pub not_issued: Option<NotIssued>,
    /// Records that cannot both be right.
    pub clashes: Vec<Clash>,
    /// Sales without a return between them that are so recent that it may still be on its way: they do not decide yet.
    pub resold: Vec<Clash>,
    /// Sales since the last return, in the order in which they were recorded.
    pub sales: Vec<Timestamp>,
    /// The record of the first of these sales.
    pub sale: Option<RecordRef>,
    /// What is missing, disputed or only claimed.
    pub gaps: Vec<Gap>,
    /// Records that say that a storage condition was broken.
    pub conditions: Vec<RecordRef>,
    /// What is said by parties whose word does not decide, at most [`MAX_NOTICES`].
    pub notices: Vec<Notice>,
    /// Lot number.
    pub lot: Option<String>,
    /// Expiry date, as it was written.
    pub expiry: Option<String>,
    /// Numbers of the chips that the issuer bound to it, hexadecimal in upper case; none if it did not.
    pub chips: Vec<String>,
    /// Where the issuer says that it is to be sold: country codes of ISO 3166-1; empty if it does not say.
    pub markets: Vec<String>,
}

/// Notices that are kept for one item, so that strangers cannot fill a page.
pub const MAX_NOTICES: usize = 5;

impl ItemState {
    /// The state of an item that no record names.
    #[must_use]
    pub fn unknown() -> Self {
        Self { not_issued: Some(NotIssued::Unknown), ..Self::default() }
    }

    /// The state of a code that no record names.
    ///
    /// - `item`: what the code names; none if it is malformed.
    #[must_use]
    pub fn of_unknown(rights: &Rights, item: Option<&Epc>) -> Self {
        let digits = item.and_then(|item| epc::licence_digits(&item.to_uri()));
        let is_licensed = digits.is_some_and(|digits| rights.licences_of(&digits).is_some());
        let not_covered = rights.has_directory && !is_licensed;
        Self { not_covered, malformed: item.is_none(), ..Self::unknown() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ITEM, rights};

    #[test]
    fn an_unknown_code_is_covered_only_if_somebody_is_licensed_for_its_key() {
        let item: Epc = ITEM.parse().unwrap();
        let other: Epc = "urn:epc:id:sgtin:0614141.112345.400".parse().unwrap();
        for (rights, item, not_covered) in [
            (&rights(), Some(&item), false),
            (&rights(), Some(&other), true),
            (&rights(), None, true),
            (&Rights::default(), Some(&item), false),
            (&Rights::default(), None, false),
        ] {
            assert_eq!(ItemState::of_unknown(rights, item).not_covered, not_covered, "{item:?}");
        }
    }
}
