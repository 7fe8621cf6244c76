//! The inbox of a company: what authorities ask of it, each question and order by itself, and what it replies in a login of its own.
//!
//! The way through: [`list`] gives a page of what is asked of some companies, [`waiting`] how much of it waits, [`load`] one of it, and
//! [`reply`] adds the company's own step to the case.
//!
//! What holds:
//!
//! - the steps of a case say what is asked of whom: a row of the table only leads to them, and one that no step supports shows nothing;
//! - of a case a company learns its number, and what is asked of that company; nothing of what else was done in it, nor its title;
//! - what is asked of another company is answered as if it were not there;
//! - a reply follows what the company saw of its own matter, whatever else is done in the case at the same time.
//!
//! Not here: for which companies a login speaks (`access::Sight::own_parties`), which reply may follow ([`crate::case`]).
//!
//! Source: decision 0096.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ledger::Hash;
use sql::{Db, Transaction};

use crate::case::{Act, Case, Order, Outcome};
use crate::cases::{By, CasesError, Loaded, read, store};

/// Most entries of a page.
pub const PAGE: u16 = 50;
/// Most entries that are looked at to say how many wait.
const MOST_COUNTED: u16 = 200;
/// How often a reply is made again because somebody acted on the case at the same moment.
const ATTEMPTS: u32 = 8;

/// Case and number of an act.
pub type Place = (i64, u32);

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// An answer.
    Answer {
        /// The question.
        question: String,
        /// By when.
        due: Option<String>,
    },
    /// A recall.
    Recall {
        /// What the company is to do.
        instruction: String,
        /// The order, with how far it is carried out.
        order: Order,
    },
}

/// Where it stands for the company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits for the company.
    Waits,
    /// It is answered, or carried out.
    Done,
    /// The authority took it back.
    Withdrawn,
    /// The case has ended.
    Closed,
}

/// What was said to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// When.
    pub at: Timestamp,
    /// What the company itself said; none if the authority wrote it down.
    pub own: Option<Own>,
    /// Of an order: what became of how many things.
    pub outcome: Option<(Outcome, u64)>,
}

/// What the company itself said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// The login.
    pub who: String,
    /// The answer; of an order the place.
    pub text: String,
    /// Digest of the step, by which it can be found again.
    pub digest: Hash,
}

/// A question or order to a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The case.
    pub case: i64,
    /// Number of the act that asks.
    pub number: u32,
    /// The key of the company.
    pub party: String,
    /// Who asks.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
    /// What.
    pub wanted: Wanted,
    /// Where it stands.
    pub state: State,
    /// What was said to it, the oldest first.
    pub said: Vec<Said>,
}

impl Entry {
    /// Whether the company may reply.
    #[must_use]
    pub fn takes_reply(&self) -> bool {
        let is_asked = !matches!(self.state, State::Withdrawn | State::Closed);
        let is_question = matches!(self.wanted, Wanted::Answer { .. });
        is_asked && !(is_question && self.said.iter().any(|one| one.own.is_some()))
    }

    /// What a case asks of a company in an act; none if it asks no such thing.
    fn of(case: &Case, digests: &[Hash], (id, number): Place, party: &str) -> Option<Self> {
        let nth = |number: u32| usize::try_from(number).ok()?.checked_sub(1);
        let asking = case.steps.get(nth(number)?)?;
        let is_own = |to: &str, inbox: bool| inbox && to == party;
        let said = |numbers: &[u32]| {
            let said = numbers.iter().filter_map(|number| {
                let (step, digest) = (case.steps.get(nth(*number)?)?, digests.get(nth(*number)?)?);
                let (text, outcome) = match &step.what {
                    Act::Answer { text, .. } => (text, None),
                    Act::Report { outcome, things, place, .. } => {
                        (place, Some((*outcome, *things)))
                    }
                    _ => return None,
                };
                let (who, text, digest) = (step.who.clone(), text.clone(), *digest);
                let own = step.what.company().map(|_| Own { who, text, digest });
                Some(Said { at: step.at, own, outcome })
            });
            said.collect::<Vec<_>>()
        };
        let (wanted, is_withdrawn, is_done, said) = match &asking.what {
            Act::Ask { .. } => {
                let one =
                    case.questions.get(&number).filter(|one| is_own(&one.party, one.inbox))?;
                let (question, due) = (one.question.clone(), one.due.clone());
                let wanted = Wanted::Answer { question, due };
                (wanted, one.is_withdrawn, !one.answers.is_empty(), said(&one.answers))
            }
            Act::OrderRecall { instruction, .. } => {
                let order = case.orders.get(&number).filter(|one| is_own(&one.party, one.inbox))?;
                let (instruction, reports) = (instruction.clone(), said(&order.reports));
                let wanted = Wanted::Recall { instruction, order: order.clone() };
                (wanted, order.is_withdrawn, order.is_carried_out(), reports)
            }
            _ => return None,
        };
        let state = match (is_withdrawn, case.is_closed, is_done) {
            (true, ..) => State::Withdrawn,
            (_, _, true) => State::Done,
            (_, true, _) => State::Closed,
            _ => State::Waits,
        };
        let (party, by, at) = (party.to_owned(), asking.who.clone(), asking.at);
        Some(Self { case: id, number, party, by, at, wanted, state, said })
    }
}

/// A page of an inbox, the newest first.
#[derive(Debug, Default)]
pub struct Page {
    /// What is asked.
    pub entries: Vec<Entry>,
    /// What the next page begins after.
    pub next: Option<Place>,
    /// Rows that lead to nothing that can be shown.
    pub faults: Vec<CasesError>,
}

/// How much waits for some companies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    /// Questions.
    pub questions: u64,
    /// Orders.
    pub orders: u64,
    /// There may be more: older ones were not looked at.
    pub is_at_least: bool,
}

/// A page of what is asked of some companies.
///
/// - `parties`: their keys.
/// - `before`: only what stands before this in the order of case and number.
///
/// # Errors
///
/// [`CasesError::Database`].
pub async fn list(db: &Db, parties: &[&str], before: Option<Place>) -> Result<Page, CasesError> {
    page(db, parties, before, PAGE).await
}

async fn page(
    db: &Db,
    parties: &[&str],
    before: Option<Place>,
    most: u16,
) -> Result<Page, CasesError> {
    let mut page = Page::default();
    if parties.is_empty() {
        return Ok(page);
    }
    let rows = sql::inbox::of_parties(db, parties, before, most).await?;
    let last = rows.last().map(|row| (row.case, row.number));
    page.next = last.filter(|_| rows.len() == usize::from(most));
    // Rows of one case follow one another.
    let mut cases: BTreeMap<i64, Option<(Loaded, Vec<Hash>)>> = BTreeMap::new();
    for row in rows {
        if !cases.contains_key(&row.case) {
            cases.clear();
            let loaded = match read(db, row.case).await {
                Ok(loaded) => Some(loaded),
                Err(CasesError::Database(error)) => return Err(error.into()),
                Err(error) => {
                    page.faults.push(error);
                    None
                }
            };
            cases.insert(row.case, loaded);
        }
        let Some(Some((loaded, digests))) = cases.get(&row.case) else { continue };
        let place = (row.case, row.number);
        if let Some(entry) = Entry::of(&loaded.case, digests, place, &row.party) {
            page.entries.push(entry);
        } else {
            let sql::inbox::Row { party, case, number } = row;
            page.faults.push(CasesError::NotAsked { case, number, party });
        }
    }
    Ok(page)
}

/// How much waits for some companies, among the newest that is asked of them.
///
/// # Errors
///
/// [`CasesError::Database`].
pub async fn waiting(db: &Db, parties: &[&str]) -> Result<Waiting, CasesError> {
    let page = page(db, parties, None, MOST_COUNTED).await?;
    let mut waiting = Waiting { is_at_least: page.next.is_some(), ..Waiting::default() };
    for entry in page.entries.iter().filter(|entry| entry.state == State::Waits) {
        match entry.wanted {
            Wanted::Answer { .. } => waiting.questions += 1,
            Wanted::Recall { .. } => waiting.orders += 1,
        }
    }
    Ok(waiting)
}

/// A case that asks something of one of some companies, with what it asks.
async fn open(
    db: &Db,
    parties: &[&str],
    (case, number): Place,
) -> Result<(Loaded, Vec<Hash>, Entry), CasesError> {
    let party = sql::inbox::party_of(db, parties, case, number).await?;
    let party = party.ok_or(CasesError::NoSuchCase(case))?;
    let (loaded, digests) = read(db, case).await?;
    match Entry::of(&loaded.case, &digests, (case, number), &party) {
        Some(entry) => Ok((loaded, digests, entry)),
        None => Err(CasesError::NotAsked { case, number, party }),
    }
}

/// What is asked in an act of a case of one of some companies.
///
/// # Errors
///
/// [`CasesError`]; [`CasesError::NoSuchCase`] whatever there is for others.
pub async fn load(db: &Db, parties: &[&str], place: Place) -> Result<Entry, CasesError> {
    Ok(open(db, parties, place).await?.2)
}

/// What a company replies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It answers a question.
    Answer(String),
    /// It reports how an order is carried out.
    Report {
        /// What became of the things.
        outcome: Outcome,
        /// How many more.
        things: u64,
        /// Where.
        place: String,
    },
}

impl Reply {
    fn act(&self, number: u32, party: &str) -> Act {
        let company = Some(party.to_owned());
        match self {
            Self::Answer(text) => Act::Answer { to: number, text: text.trim().to_owned(), company },
            Self::Report { outcome, things, place } => {
                let (outcome, things, place) = (*outcome, *things, place.trim().to_owned());
                Act::Report { order: number, outcome, things, place, company }
            }
        }
    }
}

/// Adds what a company replies to a case.
///
/// - `seen`: how much had been said to it when its author looked at it; with more the reply is [`CasesError::Overtaken`].
///
/// Gives the digest of the step, with the reply's name.
///
/// # Errors
///
/// [`CasesError`].
pub async fn reply(
    db: &Db,
    parties: &[&str],
    place: Place,
    seen: usize,
    (by, reply): (By<'_>, &Reply),
) -> Result<(Hash, &'static str), CasesError> {
    for _ in 0..ATTEMPTS {
        let (loaded, _, entry) = open(db, parties, place).await?;
        let what = reply.act(place.1, &entry.party);
        let name = what.name();
        let step = by.step(loaded.case.next_number(), what);
        loaded.case.after(step.clone())?;
        if entry.said.len() != seen {
            return Err(CasesError::Overtaken);
        }
        let stored = db.run_tx_once("inquiry.reply", async |tx: &Transaction<'_>| {
            store(tx, place.0, &step, &loaded.digest).await
        });
        match stored.await {
            Ok(digest) => return Ok((digest, name)),
            // Somebody acted on the case, perhaps on something that is none of the company's business.
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(CasesError::Overtaken)
}

#[cfg(test)]
mod tests;
