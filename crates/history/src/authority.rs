//! Who may say what: the table that gives each statement its weight.
//!
//! The way through: the roles that a speaker has for a kind of statement ([`Roles`]) select columns of `TABLE`; the
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

/// How a party is tied to a thing, besides its role in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// The licensee lent it another act.
    LentAnother,
    /// A right to some act has ended, or had not begun.
    HadARight,
    /// The party is suspended.
    Suspended,
    /// It possesses or owns the thing.
    Holder,
    /// It did earlier.
    FormerHolder,
    /// It sold the thing last.
    Seller,
    /// The statement that is lifted or corrected is its own.
    Own,
}

/// What a speaker is to a thing at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    /// The directory's role for this row's act.
    role: Role,
    /// One bit for each tie.
    ties: u8,
}

impl Roles {
    /// What the directory says about `party`; what follows from the records is for the caller to add.
    #[must_use]
    pub fn of(rights: &Rights, party: &str, row: Row, subject: &Subject, at: Moment) -> Self {
        let standing = rights.standing(party, row.act(), subject, at);
        let others = Act::ALL.map(|(act, _)| rights.standing(party, act, subject, at).role);
        Self::by(standing.role)
            .tied(Tie::LentAnother, others.contains(&Role::Grantee))
            .tied(Tie::HadARight, others.contains(&Role::Former))
            .tied(Tie::Suspended, standing.is_suspended)
    }

    fn by(role: Role) -> Self {
        Self { role, ties: 0 }
    }

    /// The same with `tie` if `is_tied`.
    #[must_use]
    pub fn tied(self, tie: Tie, is_tied: bool) -> Self {
        Self { ties: self.ties | u8::from(is_tied) << tie as u8, ..self }
    }

    /// Whether the party has that tie.
    #[must_use]
    pub fn has(self, tie: Tie) -> bool {
        self.ties & (1 << tie as u8) != 0
    }

    /// Whether the party is licensed to issue the thing.
    #[must_use]
    pub fn is_licensee(self) -> bool {
        self.role == Role::Licensee
    }

    /// Whether the licensee lent it this very act.
    #[must_use]
    pub fn is_grantee(self) -> bool {
        self.role == Role::Grantee
    }

    /// Whether it held the thing once, or had a right that ended.
    #[must_use]
    pub fn is_former(self) -> bool {
        self.has(Tie::FormerHolder) || self.has(Tie::HadARight)
    }

    /// Whether its statements concern the thing at all.
    #[must_use]
    pub fn is_related(self) -> bool {
        let ties = [Tie::LentAnother, Tie::HadARight, Tie::Holder, Tie::FormerHolder, Tie::Seller];
        self.role != Role::Stranger || ties.into_iter().any(|tie| self.has(tie))
    }

    /// The weight of a statement of the kind `row`.
    #[must_use]
    pub fn weight(self, row: Row, mark: Option<Mark>) -> Weight {
        let Some((_, cells)) = TABLE.iter().find(|(found, _)| *found == row) else {
            return Weight::Listed;
        };
        let applies = [
            self.is_licensee(),
            self.is_grantee() || self.has(Tie::LentAnother),
            self.has(Tie::Holder) || self.has(Tie::Seller),
            self.is_former(),
            self.role == Role::Authority,
        ];
        let best = cells
            .iter()
            .zip(applies)
            .filter(|(_, applies)| *applies)
            .map(|(cell, _)| self.cell(*cell))
            .max()
            .unwrap_or_default();
        let only_claims = self.has(Tie::Suspended) || mark == Some(Mark::Future);
        if only_claims { best.min(Weight::Claim) } else { best }
    }

    fn cell(self, cell: Cell) -> Weight {
        let counts_if = |holds: bool, otherwise| if holds { Weight::Counts } else { otherwise };
        match cell {
            Cell::Yes => Weight::Counts,
            Cell::Claim => Weight::Claim,
            Cell::No => Weight::Listed,
            Cell::Lent => counts_if(self.is_grantee(), Weight::Claim),
            Cell::Own => counts_if(self.has(Tie::Own), Weight::Listed),
            Cell::Seller => counts_if(self.has(Tie::Seller), Weight::Listed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(role: Role) -> Roles {
        Roles::by(role).tied(Tie::HadARight, role == Role::Former)
    }

    fn stranger(tie: Tie) -> Roles {
        directory(Role::Stranger).tied(tie, true)
    }

    #[test]
    fn every_row_gives_each_column_the_weight_of_the_design() {
        let columns = [
            directory(Role::Licensee),
            directory(Role::Grantee),
            stranger(Tie::Holder),
            stranger(Tie::FormerHolder),
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
        let own = directory(Role::Authority).tied(Tie::Own, true);
        assert_eq!(own.weight(Row::LiftRecall, None), Weight::Counts);
        assert_eq!(own.weight(Row::Correct, None), Weight::Counts);
        assert_eq!(stranger(Tie::Own).weight(Row::LiftRecall, None), Weight::Listed);
    }

    #[test]
    fn another_lent_act_is_a_claim_and_the_seller_may_take_back() {
        assert_eq!(stranger(Tie::LentAnother).weight(Row::Issue, None), Weight::Claim);
        assert_eq!(stranger(Tie::Seller).weight(Row::Return, None), Weight::Counts);
    }

    #[test]
    fn a_suspended_party_and_the_future_only_claim_and_back_dating_alone_changes_no_weight() {
        let licensee = directory(Role::Licensee);
        let suspended = licensee.tied(Tie::Suspended, true);
        assert_eq!(suspended.weight(Row::Recall, None), Weight::Claim);
        assert_eq!(licensee.weight(Row::Issue, Some(Mark::Future)), Weight::Claim);
        assert_eq!(licensee.weight(Row::Issue, Some(Mark::BackDated)), Weight::Counts);
        assert_eq!(stranger(Tie::Suspended).weight(Row::Issue, None), Weight::Listed);
    }
}
