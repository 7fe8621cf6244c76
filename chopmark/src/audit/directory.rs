//! The directory against the rest: what it knows of other ledgers' pasts, and what people did without recording it.
//!
//! What holds: nothing is written; a directory that does not verify is a finding, never an error.
//!
//! Not here: the rows of the directory's ledger (`rows`), what the hub holds of it (`published`).

use directory::Directory;
use directory::record::Deed;
use history::directory::{LoadError, known_past_problem, load};
use ledger::policy::Policy;
use sql::Db;
use sql::ledgers::LedgerRow;

use super::published::Holdings;

/// The directory that the policy pins, or why there is none to go by.
pub enum Pinned {
    /// The policy pins none.
    None,
    /// It verifies.
    Sound(Box<Directory>),
    /// It does not.
    Broken(String),
}

impl Pinned {
    /// Loads it.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn read(db: &Db, policy: &Policy) -> Result<Self, sql::Error> {
        match load(db, policy).await {
            Ok(loaded) => Ok(Self::Sound(Box::new(loaded.directory))),
            Err(LoadError::NotPinned) => Ok(Self::None),
            Err(LoadError::Database(error)) => Err(error),
            Err(error) => Ok(Self::Broken(error.to_string())),
        }
    }

    /// Adds what it contradicts in one ledger.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn compare(
        &self,
        db: &Db,
        row: &LedgerRow,
        holdings: &mut Holdings,
    ) -> Result<(), sql::Error> {
        let is_directory = row.kind == sql::directory::KIND;
        match self {
            Self::Sound(directory) if is_directory && directory.origin() == row.origin => {
                holdings.findings.extend(unrecorded(db, directory).await?);
            }
            Self::Sound(directory) if !is_directory => {
                if let Some(problem) =
                    known_past_problem(db, directory, row.id, &row.origin).await?
                {
                    holdings.is_other = true;
                    holdings.findings.push((problem, 1));
                }
            }
            Self::Broken(problem) if is_directory => {
                holdings.findings.push((format!("nobody has any right: {problem}"), 1));
            }
            _ => {}
        }
        Ok(())
    }
}

/// The first finding that is resolved in its table and of whose resolution the directory has no act, with how many.
async fn unrecorded(db: &Db, directory: &Directory) -> Result<Option<(String, u64)>, sql::Error> {
    let mut found: Option<(String, u64)> = None;
    let mut last = 0;
    loop {
        let findings = sql::findings::list(db, last, false).await?;
        let Some(end) = findings.last() else { return Ok(found) };
        last = end.id;
        for finding in &findings {
            let Some(resolution) = &finding.resolution else { continue };
            let about = format!("finding/{}", finding.id);
            let is_recorded = directory.acts().any(|act| {
                act.deed == Deed::FindingResolved
                    && act.about == about
                    && act.party == resolution.party
            });
            if is_recorded {
                continue;
            }
            let party = &resolution.party;
            let what = || {
                format!("{about} is stored as resolved by {party}, the directory has no act of it")
            };
            found.get_or_insert_with(|| (what(), 0)).1 += 1;
        }
    }
}
