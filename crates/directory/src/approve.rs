//! Whose signatures a record has, and whether they suffice.
//!
//! What holds: people and keys count once, in each office that is asked for (`ledger::directory::signers`); where several
//! registrars are asked for they are of as many parties.

use ledger::directory::signers::parties;
use ledger::directory::{Root, Signer, signers};
use ledger::note::Note;

use crate::problem::Problem;

/// The approvals of one record.
pub(crate) struct Approvals<'a> {
    /// Its note.
    pub note: &'a Note,
    /// Its subject, for errors.
    pub subject: &'a str,
}

impl Approvals<'_> {
    fn names(people: &[&Signer]) -> String {
        if people.is_empty() {
            return "none".to_owned();
        }
        people.iter().map(|signer| signer.holder.as_str()).collect::<Vec<_>>().join(", ")
    }

    fn missing(&self, needed: String, got: &[&Signer]) -> Problem {
        Problem::Approval { subject: self.subject.to_owned(), needed, got: Self::names(got) }
    }

    /// `count` registrars of as many parties.
    pub fn registrars(&self, root: &Root, count: usize) -> Result<(), Problem> {
        let found = signers(self.note, &root.registrars)?;
        if parties(&found) >= count {
            return Ok(());
        }
        Err(self.missing(format!("{count} registrars of different parties"), &found))
    }

    /// `count` of a party's admins.
    pub fn admins(&self, party: &str, admins: &[Signer], count: usize) -> Result<(), Problem> {
        let found = signers(self.note, admins)?;
        if found.len() >= count {
            return Ok(());
        }
        Err(self.missing(format!("{count} of the admins of `{party}`"), &found))
    }

    /// One emergency holder.
    pub fn emergency(&self, root: &Root) -> Result<(), Problem> {
        let found = signers(self.note, &root.emergency)?;
        if found.is_empty() {
            return Err(self.missing("an emergency holder".to_owned(), &found));
        }
        Ok(())
    }

    /// Enough holders of the root's keys.
    pub fn root(&self, root: &Root) -> Result<(), Problem> {
        let found = signers(self.note, &root.keys)?;
        if found.len() >= root.threshold {
            return Ok(());
        }
        Err(self.missing(format!("{} of the holders of the root", root.threshold), &found))
    }
}
