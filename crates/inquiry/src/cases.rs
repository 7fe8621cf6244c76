//! Cases and kept searches in the database.
//!
//! The way through: [`open`] begins a case, [`load`] reads and checks one that somebody may work on, [`act`] adds a step to what they saw,
//! [`list`] gives their cases. [`save_search`], [`saved_searches`] and [`forget_search`] keep searches.
//!
//! What holds:
//!
//! - whoever is no member of a case is answered as if there were none;
//! - what is loaded was checked: each step has the digest that was stored, each may follow the one before it, and the members in the
//!   table are those of the steps, or the case is refused;
//! - a step follows exactly what its author saw: if somebody else acted meanwhile, nothing is stored;
//! - what is asked of a company is in its inbox with the commit of the step that asks; each later act puts there what is missing.
//!
//! Not here: what may follow ([`crate::case`]), what companies read and do ([`crate::inbox`]), whether a role may work on cases (`access`).
//!
//! Source: decisions 0077 and 0096.

use jiff::Timestamp;
use ledger::Hash;
use sql::cases::{NewAct, SavedSearch};
use sql::{Db, Transaction};
use thiserror::Error;

use crate::case::{Act, Case, CaseError, Step, check_chain, digest};
use crate::company::company;
use crate::reading::{LONGEST, Unreadable};

/// Most cases of a page.
pub const PAGE: u16 = 50;
/// Most characters of the name of a kept search.
const LONGEST_NAME: usize = 100;

/// Why a case was not read or acted on.
#[derive(Debug, Error)]
pub enum CasesError {
    /// There is no such case, or the asker is no member of it.
    #[error("there is no case {0} that you may work on")]
    NoSuchCase(i64),
    /// Somebody else acted meanwhile.
    #[error("somebody else acted on this case meanwhile; look at it again")]
    Overtaken,
    /// The act may not follow.
    #[error(transparent)]
    Act(#[from] CaseError),
    /// What is asked is addressed to no company.
    #[error("the party: {0}")]
    Party(#[from] Unreadable),
    /// What is stored is not what was stored once.
    #[error("case {case} cannot be relied on: {why}")]
    Altered {
        /// The case.
        case: i64,
        /// What does not fit.
        why: String,
    },
    /// An inbox has what no step asks of this company.
    #[error("the inbox has act {number} of case {case} for {party}, and no step asks that")]
    NotAsked {
        /// The case.
        case: i64,
        /// Number of the act.
        number: u32,
        /// The key of the company.
        party: String,
    },
    /// A kept search without a name or a text, or with too long ones.
    #[error("{0}")]
    Search(String),
    /// The database.
    #[error(transparent)]
    Database(#[from] sql::Error),
}

/// A case that was read and checked.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Its number.
    pub id: i64,
    /// It.
    pub case: Case,
    /// Digest of its last step.
    pub digest: Hash,
}

/// Who acts, when and why.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// Who.
    pub who: &'a str,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: &'a str,
}

impl By<'_> {
    pub(crate) fn step(&self, number: u32, what: Act) -> Step {
        Step {
            number,
            at: self.at,
            who: self.who.to_owned(),
            why: self.why.trim().to_owned(),
            what,
        }
    }
}

fn text(step: &Step) -> Result<String, sql::Error> {
    serde_json::to_string(step).map_err(|error| sql::Error::data(error.to_string()))
}

/// The stored form of a step, and its digest.
pub(crate) async fn store(
    tx: &Transaction<'_>,
    case: i64,
    step: &Step,
    before: &Hash,
) -> Result<Hash, sql::Error> {
    let text = text(step)?;
    let digest = digest(before, &text);
    let (number, who, act) = (step.number, step.who.as_str(), step.what.name());
    let new = NewAct { number, who, act, text: &text, digest: &digest };
    sql::cases::insert_act(tx, case, &new).await?;
    match &step.what {
        Act::Open { .. } => sql::cases::insert_member(tx, case, who).await?,
        Act::Admit { subject } => sql::cases::insert_member(tx, case, subject).await?,
        _ => {}
    }
    Ok(digest)
}

/// Opens a case.
///
/// # Errors
///
/// [`CasesError`].
pub async fn open(
    db: &Db,
    by: By<'_>,
    (title, subject): (&str, &str),
) -> Result<Loaded, CasesError> {
    let (title, subject) = (title.trim().to_owned(), subject.trim().to_owned());
    let step = by.step(1, Act::Open { title, subject });
    let case = Case::of([step.clone()])?;
    let stored = db.run_tx("inquiry.open_case", async |tx: &Transaction<'_>| {
        let id = sql::cases::insert(tx, by.who, by.at).await?;
        Ok((id, store(tx, id, &step, &Hash([0; 32])).await?))
    });
    let (id, digest) = stored.await?;
    Ok(Loaded { id, case, digest })
}

/// A case that `subject` may work on, checked.
///
/// # Errors
///
/// [`CasesError`].
pub async fn load(db: &Db, id: i64, subject: &str) -> Result<Loaded, CasesError> {
    if !sql::cases::is_member(db, id, subject).await? {
        return Err(CasesError::NoSuchCase(id));
    }
    let loaded = read(db, id).await?.0;
    // A row of members alone lets nobody in.
    if !loaded.case.has_member(subject) {
        let why = format!("no step admits `{subject}`");
        return Err(CasesError::Altered { case: id, why });
    }
    Ok(loaded)
}

/// A case, checked, and the digests of its steps. Whoever calls it decides what is shown of it, and to whom.
pub(crate) async fn read(db: &Db, id: i64) -> Result<(Loaded, Vec<Hash>), CasesError> {
    let acts = sql::cases::acts(db, id).await?;
    let altered = |why: String| CasesError::Altered { case: id, why };
    let digest = check_chain(acts.iter().map(|(text, digest)| (text.as_str(), digest)))
        .map_err(|error| altered(error.to_string()))?;
    let steps: Result<Vec<Step>, _> =
        acts.iter().map(|(text, _)| serde_json::from_str(text)).collect();
    let steps = steps.map_err(|error| altered(error.to_string()))?;
    let case = Case::of(steps).map_err(|error| altered(error.to_string()))?;
    let digests = acts.into_iter().map(|(_, digest)| digest).collect();
    Ok((Loaded { id, case, digest }, digests))
}

/// The act as it is stored: what is asked is addressed to the key of a company and goes into its inbox.
fn addressed(mut what: Act) -> Result<Act, CasesError> {
    match &mut what {
        Act::Ask { party, inbox, .. } | Act::OrderRecall { party, inbox, .. } => {
            *party = company(party)?;
            *inbox = true;
        }
        Act::Answer { company, .. } | Act::Report { company, .. } => {
            // A member acts for no company.
            *company = None;
        }
        _ => {}
    }
    Ok(what)
}

/// Adds a step to a case as its author saw it.
///
/// - `seen`: how many steps it had when the author looked at it.
///
/// # Errors
///
/// [`CasesError`].
pub async fn act(
    db: &Db,
    (id, seen): (i64, u32),
    by: By<'_>,
    what: Act,
) -> Result<Loaded, CasesError> {
    let loaded = load(db, id, by.who).await?;
    if loaded.case.next_number() != seen.saturating_add(1) {
        return Err(CasesError::Overtaken);
    }
    let step = by.step(loaded.case.next_number(), addressed(what)?);
    let case = loaded.case.after(step.clone())?;
    let asked: Vec<(&str, u32)> = case.addressed().collect();
    let stored = db.run_tx_once("inquiry.act", async |tx: &Transaction<'_>| {
        let digest = store(tx, id, &step, &loaded.digest).await?;
        sql::inbox::insert(tx, id, &asked).await?;
        Ok(digest)
    });
    match stored.await {
        Ok(digest) => Ok(Loaded { id, case, digest }),
        Err(error) if error.is_conflict() => Err(CasesError::Overtaken),
        Err(error) => Err(error.into()),
    }
}

/// A page of the cases that `subject` may work on, the newest first. One that cannot be relied on is an error in its place.
///
/// # Errors
///
/// [`CasesError::Database`].
pub async fn list(
    db: &Db,
    subject: &str,
    before: Option<i64>,
) -> Result<Vec<Result<Loaded, CasesError>>, CasesError> {
    let ids = sql::cases::of_member(db, subject, before.unwrap_or(i64::MAX), PAGE).await?;
    let mut cases = Vec::with_capacity(ids.len());
    for id in ids {
        match load(db, id, subject).await {
            Err(CasesError::Database(error)) => return Err(error.into()),
            loaded => cases.push(loaded),
        }
    }
    Ok(cases)
}

/// The searches that `subject` keeps, by name.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn saved_searches(db: &Db, subject: &str) -> Result<Vec<SavedSearch>, sql::Error> {
    sql::cases::saved(db, subject).await
}

/// Keeps a search under a name, in place of one that had it.
///
/// # Errors
///
/// [`CasesError::Search`], [`CasesError::Database`].
pub async fn save_search(
    db: &Db,
    subject: &str,
    (name, search): (&str, &str),
    at: Timestamp,
) -> Result<(), CasesError> {
    let (name, search) = (name.trim(), search.trim());
    let characters = name.chars().count();
    if !(1..=LONGEST_NAME).contains(&characters) {
        let problem =
            format!("the name: got {characters} characters, expected 1 to {LONGEST_NAME}");
        return Err(CasesError::Search(problem));
    }
    if search.is_empty() || search.len() > LONGEST {
        let problem = format!("the search: got {} bytes, expected 1 to {LONGEST}", search.len());
        return Err(CasesError::Search(problem));
    }
    let saved = db.run_tx("inquiry.save_search", async |tx: &Transaction<'_>| {
        sql::cases::save(tx, subject, (name, search), at).await
    });
    Ok(saved.await?)
}

/// Gives a kept search up; gives whether there was one.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn forget_search(
    db: &Db,
    subject: &str,
    name: &str,
    at: Timestamp,
) -> Result<bool, sql::Error> {
    db.run_tx("inquiry.forget_search", async |tx: &Transaction<'_>| {
        sql::cases::forget(tx, subject, name, at).await
    })
    .await
}

#[cfg(test)]
mod tests;
