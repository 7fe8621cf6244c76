//! Who may say what: the table that gives each statement its weight.
//!
//! The way through: the roles that a speaker has for a kind of statement ([`Roles`]) select columns of [`TABLE`]; the
//! best of their cells is the weight.
//!
//! What holds: this is the only place that decides whether a statement counts; a stranger's statement is listed and
//! nothing more; a suspended party and an event in the future only claim.
//!
//! Not here: which rights a party has (`directory`), what a statement that counts does ([`crate::fold`]).

use directory::{Act, Moment, Rights, Role, Subject};

use crate::weight::{Mark, Weight};

/// A kind of statement; a row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Row {
    /// Commissioning, lot and expiry.
    Issue,
    /// Recalling an item, a lot, a class or a container's contents.
    Recall,
    /// Lifting a recall.
    LiftRecall,
    /// Voiding a serial.
    Void,
    /// Reporting a theft.
    Theft,
    /// Reporting that it was found.
    Found,
    /// Decommissioning, destroying, sampling, using up, killing the tag.
    End,
    /// Shipping and voiding a shipping, packing, unpacking, selling.
    Handle,
    /// Taking back what was sold.
    Return,
    /// Putting on hold and releasing.
    Hold,
    /// Reporting a broken storage condition.
    Condition,
    /// Seeing it somewhere: place only.
    See,
    /// Receiving; its weight follows from the shipping that it answers.
    Receive,
    /// Declaring one's own earlier statement wrong.
    Correct,
}

/// What a column of the table gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    /// It counts.
    Yes,
    /// It is a claim.
    Claim,
    /// It has no effect.
    No,
    /// It counts if this very act was lent; otherwise it is a claim.
    Lent,
    /// It counts for one's own earlier statement only.
    Own,
    /// It counts for the last seller only.
    Seller,
}

use Cell::{Claim, Lent, No, Own, Seller, Yes};

/// Rows with their cells: licensee, grantee, holder, former holder or former right, authority. Anybody else: [`No`].
const TABLE: [(Row, [Cell; 5]); 13] = [
    (Row::Issue, [Yes, Lent, No, Claim, No]),
    (Row::Recall, [Yes, Lent, Claim, No, Yes]),
    (Row::LiftRecall, [Own, Own, No, No, Own]),
    (Row::Void, [Yes, Lent, Claim, Claim, Yes]),
    (Row::Theft, [Claim, Claim, Yes, Claim, Yes]),
    (Row::Found, [Own, Own, Own, Own, Own]),
    (Row::End, [Claim, Claim, Yes, Claim, Yes]),
    (Row::Handle, [Claim, Claim, Yes, Claim, No]),
    (Row::Return, [Yes, No, Seller, Claim, No]),
    (Row::Hold, [Yes, Claim, Yes, Claim, No]),
    (Row::Condition, [Yes, Lent, Yes, Claim, No]),
    (Row::See, [No, No, Yes, No, No]),
    (Row::Correct, [Own, Own, Own, Own, Own]),
];

impl Row {
    /// The act that the directory may have lent or given power for.
    fn act(self) -> Act {
        match self {
            Self::Issue | Self::Condition => Act::Issue,
            Self::Recall | Self::LiftRecall => Act::Recall,
            Self::Void => Act::Void,
            Self::Theft | Self::Found => Act::ReportTheft,
            Self::End
            | Self::Handle
            | Self::Return
            | Self::Hold
            | Self::See
            | Self::Receive
            | Self::Correct => Act::Handle,
        }
    }
}

/// What a speaker is to a thing at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Roles {
    /// The directory's role for this row's act.
    directory: Option<Role>,
    /// The licensee lent it another act.
    lent_another: bool,
    /// A right to some act has ended, or had not begun.
    had_a_right: bool,
    /// The party is suspended.
    pub is_suspended: bool,
    /// It possesses or owns the thing.
    pub is_holder: bool,
    /// It did earlier.
    pub was_holder: bool,
    /// It sold the thing last.
    pub is_seller: bool,
    /// The statement that is lifted or corrected is its own.
    pub is_own: bool,
}

impl Roles {
    /// What the directory says about `party`; what follows from the records is for the caller to add.
    #[must_use]
    pub fn of(rights: &Rights, party: &str, row: Row, subject: &Subject, at: Moment) -> Self {
        let standing = rights.standing(party, row.act(), subject, at);
        let others = Act::ALL.map(|(act, _)| rights.standing(party, act, subject, at).role);
        Self {
            directory: Some(standing.role),
            lent_another: others.contains(&Role::Grantee),
            had_a_right: others.contains(&Role::Former),
            is_suspended: standing.is_suspended,
            ..Self::default()
        }
    }

    /// Whether the party is licensed to issue the thing.
    #[must_use]
    pub fn is_licensee(&self) -> bool {
        self.directory == Some(Role::Licensee)
    }

    /// Whether the licensee lent it this very act.
    #[must_use]
    pub fn is_grantee(&self) -> bool {
        self.directory == Some(Role::Grantee)
    }

    /// Whether it held the thing once, or had a right that ended.
    #[must_use]
    pub fn is_former(&self) -> bool {
        self.was_holder || self.had_a_right
    }

    /// Whether its statements concern the thing at all.
    #[must_use]
    pub fn is_related(&self) -> bool {
        let has_role = self.directory.is_some_and(|role| role != Role::Stranger);
        has_role || self.lent_another || self.is_former() || self.is_holder || self.is_seller
    }

    /// The weight of a statement of the kind `row`.
    #[must_use]
    pub fn weight(&self, row: Row, mark: Option<Mark>) -> Weight {
        let Some((_, cells)) = TABLE.iter().find(|(found, _)| *found == row) else {
            return Weight::Listed;
        };
        let applies = [
            self.is_licensee(),
            self.is_grantee() || self.lent_another,
            self.is_holder || self.is_seller,
            self.is_former(),
            self.directory == Some(Role::Authority),
        ];
        let best = cells
            .iter()
            .zip(applies)
            .filter(|(_, applies)| *applies)
            .map(|(cell, _)| self.cell(*cell))
            .max()
            .unwrap_or_default();
        let only_claims = self.is_suspended || mark == Some(Mark::Future);
        if only_claims { best.min(Weight::Claim) } else { best }
    }

    fn cell(&self, cell: Cell) -> Weight {
        match cell {
            Cell::Yes => Weight::Counts,
            Cell::Claim => Weight::Claim,
            Cell::No => Weight::Listed,
            Cell::Lent if self.is_grantee() => Weight::Counts,
            Cell::Lent => Weight::Claim,
            Cell::Own if self.is_own => Weight::Counts,
            Cell::Seller if self.is_seller => Weight::Counts,
            Cell::Own | Cell::Seller => Weight::Listed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(role: Role) -> Roles {
        Roles { directory: Some(role), had_a_right: role == Role::Former, ..Roles::default() }
    }

    #[test]
    fn every_row_gives_each_column_the_weight_of_the_design() {
        let columns = [
            directory(Role::Licensee),
            directory(Role::Grantee),
            Roles { is_holder: true, ..directory(Role::Stranger) },
            Roles { was_holder: true, ..directory(Role::Stranger) },
            directory(Role::Authority),
            directory(Role::Stranger),
        ];
        for (row, expected) in [
            (Row::Issue, "CC-c--"),
            (Row::Recall, "CCc-C-"),
            (Row::LiftRecall, "------"),
            (Row::Void, "CCccC-"),
            (Row::Theft, "ccCcC-"),
            (Row::Found, "------"),
            (Row::End, "ccCcC-"),
            (Row::Handle, "ccCc--"),
            (Row::Return, "C--c--"),
            (Row::Hold, "CcCc--"),
            (Row::Condition, "CCCc--"),
            (Row::See, "--C---"),
            (Row::Correct, "------"),
        ] {
            let found: String = columns
                .iter()
                .map(|roles| match roles.weight(row, None) {
                    Weight::Counts => 'C',
                    Weight::Claim => 'c',
                    Weight::Listed => '-',
                })
                .collect();
            assert_eq!(found, expected, "{row:?}");
        }
    }

    #[test]
    fn what_is_lifted_or_corrected_must_be_ones_own() {
        let own = Roles { is_own: true, ..directory(Role::Authority) };
        assert_eq!(own.weight(Row::LiftRecall, None), Weight::Counts);
        assert_eq!(own.weight(Row::Correct, None), Weight::Counts);
        let stranger = Roles { is_own: true, ..directory(Role::Stranger) };
        assert_eq!(stranger.weight(Row::LiftRecall, None), Weight::Listed);
    }

    #[test]
    fn another_lent_act_is_a_claim_and_the_seller_may_take_back() {
        let other = Roles { lent_another: true, ..directory(Role::Stranger) };
        assert_eq!(other.weight(Row::Issue, None), Weight::Claim);
        let seller = Roles { is_seller: true, ..directory(Role::Stranger) };
        assert_eq!(seller.weight(Row::Return, None), Weight::Counts);
    }

    #[test]
    fn a_suspended_party_and_the_future_only_claim_and_back_dating_alone_changes_no_weight() {
        let licensee = directory(Role::Licensee);
        let suspended = Roles { is_suspended: true, ..licensee };
        assert_eq!(suspended.weight(Row::Recall, None), Weight::Claim);
        assert_eq!(licensee.weight(Row::Issue, Some(Mark::Future)), Weight::Claim);
        assert_eq!(licensee.weight(Row::Issue, Some(Mark::BackDated)), Weight::Counts);
        assert_eq!(
            Roles { is_suspended: true, ..directory(Role::Stranger) }.weight(Row::Issue, None),
            Weight::Listed
        );
    }
}
