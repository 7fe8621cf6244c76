//! A case: an inquiry from its opening to its end, as the acts that made it.
//!
//! The way through: [`Case::of`] replays acts; [`Case::after`] says what one more act would make of it, or why it may not follow. What
//! people do is an [`Act`]; who did it when and why stands beside it in a [`Step`].
//!
//! What holds:
//!
//! - no I/O, no clock; nothing that was done is changed: a mistake is put right by another act;
//! - an act that refers to a question or an order refers to one that is there and not withdrawn;
//! - of an order, no more things are quarantined or destroyed than were found;
//! - a case is closed only when each question is answered or withdrawn and of each order every thing that was found is quarantined or
//!   destroyed, or the order is withdrawn;
//! - each step has the digest of the one before it in its own, so that one that was changed, left out or put in is found
//!   ([`check_chain`]).
//!
//! Not here: storing steps ([`crate::cases`]), who may act on a case (`access`, and [`Case::has_member`]).
//!
//! Source: JOURNEYS R6; decision 0077.

mod error;

use std::collections::BTreeMap;

use jiff::Timestamp;
use ledger::Hash;
use ledger::hash::sha256_parts;
use serde::{Deserialize, Serialize};

pub use self::error::{CaseError, MOST_ACTS, MOST_EVIDENCE};

/// Characters of a title.
const TITLE: std::ops::RangeInclusive<usize> = 3..=200;
/// Characters of a question, an answer, an instruction, a note, a reason.
const TEXT: std::ops::RangeInclusive<usize> = 3..=4_000;
/// Beginning of what is hashed of a step.
const DOMAIN: &[u8] = b"chopmark.org/case-step@v1\n";

/// An event that is evidence: where it stands, and the leaf hash there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceRef {
    /// Origin of the ledger.
    pub origin: String,
    /// The record's place in it.
    pub index: u64,
    /// Leaf hash, 64 hex digits.
    pub leaf: String,
    /// Id of the event.
    pub event: String,
}

/// A ledger when evidence was frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerState {
    /// Its origin.
    pub origin: String,
    /// Size of its latest signed checkpoint.
    pub size: u64,
    /// Root over it, 64 hex digits.
    pub root: String,
}

/// What was found out about things that an order recalls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Found.
    Found,
    /// Set aside, out of reach.
    Quarantined,
    /// Destroyed.
    Destroyed,
}

/// What is done in a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Opens it.
    Open {
        /// What it is called.
        title: String,
        /// What it is about, as a search.
        subject: String,
    },
    /// Lets somebody else work on it.
    Admit {
        /// Their name, as their login has it.
        subject: String,
    },
    /// Keeps events as evidence, as their ledgers have them now.
    Freeze {
        /// What was searched.
        search: String,
        /// The events.
        events: Vec<EvidenceRef>,
        /// Events that matched and that whoever froze them may not see.
        hidden: u64,
        /// The ledgers that have them.
        ledgers: Vec<LedgerState>,
    },
    /// Asks a party.
    Ask {
        /// The party.
        party: String,
        /// What it is asked.
        question: String,
        /// The day by which it is to answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<String>,
    },
    /// Writes down what a party answered.
    Answer {
        /// Number of the act that asked.
        to: u32,
        /// The answer.
        text: String,
    },
    /// Orders a party to recall things.
    OrderRecall {
        /// The party.
        party: String,
        /// What is recalled: a lot, a product or things.
        things: String,
        /// How many there should be.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expected: Option<u64>,
        /// What the party is to do.
        instruction: String,
    },
    /// Writes down how an order is carried out.
    Report {
        /// Number of the act that ordered.
        order: u32,
        /// What became of the things.
        outcome: Outcome,
        /// How many more.
        things: u64,
        /// Where.
        place: String,
    },
    /// Takes a question or an order back.
    Withdraw {
        /// Number of the act.
        what: u32,
    },
    /// Writes something down.
    Note {
        /// What.
        text: String,
    },
    /// Ends the case.
    Close {
        /// What came of it.
        conclusion: String,
    },
    /// Begins it again.
    Reopen,
}

/// An act, who did it, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Number, from 1.
    pub number: u32,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// Why.
    pub why: String,
    /// What.
    pub what: Act,
}

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nothing waits.
    Open,
    /// A party has not answered.
    Asked,
    /// An order is being carried out.
    Recalling,
    /// It has ended.
    Closed,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The party.
    pub party: String,
    /// What it is asked.
    pub question: String,
    /// By when.
    pub due: Option<String>,
    /// Numbers of the acts that answered.
    pub answers: Vec<u32>,
    /// It was taken back.
    pub is_withdrawn: bool,
}

/// An order, and how far it is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The party.
    pub party: String,
    /// What is recalled.
    pub things: String,
    /// How many there should be.
    pub expected: Option<u64>,
    /// Found so far.
    pub found: u64,
    /// Of these, set aside and not destroyed.
    pub quarantined: u64,
    /// Of these, destroyed.
    pub destroyed: u64,
    /// It was taken back.
    pub is_withdrawn: bool,
}

impl Order {
    /// Things that were found and are neither set aside nor destroyed.
    #[must_use]
    pub fn at_large(&self) -> u64 {
        self.found.saturating_sub(self.quarantined).saturating_sub(self.destroyed)
    }

    /// Things that should be there and were not found; none if it is not known how many there are.
    #[must_use]
    pub fn missing(&self) -> Option<u64> {
        self.expected.map(|expected| expected.saturating_sub(self.found))
    }

    fn is_carried_out(&self) -> bool {
        self.is_withdrawn || self.found > 0 && self.at_large() == 0
    }
}

/// A case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its steps.
    pub steps: Vec<Step>,
    /// What it is called.
    pub title: String,
    /// What it is about.
    pub subject: String,
    /// Who may work on it.
    pub members: Vec<String>,
    /// Questions, by the number of the act.
    pub questions: BTreeMap<u32, Question>,
    /// Orders, by the number of the act.
    pub orders: BTreeMap<u32, Order>,
    /// It has ended.
    pub is_closed: bool,
}

impl Act {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open",
            Self::Admit { .. } => "admit",
            Self::Freeze { .. } => "freeze",
            Self::Ask { .. } => "ask",
            Self::Answer { .. } => "answer",
            Self::OrderRecall { .. } => "order_recall",
            Self::Report { .. } => "report",
            Self::Withdraw { .. } => "withdraw",
            Self::Note { .. } => "note",
            Self::Close { .. } => "close",
            Self::Reopen => "reopen",
        }
    }

    fn check_texts(&self) -> Result<(), CaseError> {
        let text = |what, text: &str| length(what, text, TEXT);
        match self {
            Self::Open { title, subject } => {
                length("the title", title, TITLE)?;
                length("the subject", subject, 1..=2_000)
            }
            Self::Admit { subject } => length("the name", subject, 1..=200),
            Self::Freeze { search, events, .. } => {
                length("the search", search, 1..=2_000)?;
                let is_right = (1..=MOST_EVIDENCE).contains(&events.len());
                if is_right { Ok(()) } else { Err(CaseError::Evidence(events.len())) }
            }
            Self::Ask { party, question, .. } => {
                length("the party", party, TITLE)?;
                text("the question", question)
            }
            Self::Answer { text: answer, .. } => text("the answer", answer),
            Self::OrderRecall { party, things, instruction, .. } => {
                length("the party", party, TITLE)?;
                length("the things", things, 1..=2_000)?;
                text("the instruction", instruction)
            }
            Self::Report { place, .. } => length("the place", place, 1..=200),
            Self::Note { text: note } => text("the note", note),
            Self::Close { conclusion } => text("the conclusion", conclusion),
            Self::Withdraw { .. } | Self::Reopen => Ok(()),
        }
    }
}

fn length(
    what: &'static str,
    text: &str,
    allowed: std::ops::RangeInclusive<usize>,
) -> Result<(), CaseError> {
    let got = text.trim().chars().count();
    let (least, most) = (*allowed.start(), *allowed.end());
    if allowed.contains(&got) { Ok(()) } else { Err(CaseError::Length { what, got, least, most }) }
}

impl Case {
    /// The case that some steps make.
    ///
    /// # Errors
    ///
    /// [`CaseError`] of the first that may not follow.
    pub fn of(steps: impl IntoIterator<Item = Step>) -> Result<Self, CaseError> {
        let mut case = Self {
            steps: Vec::new(),
            title: String::new(),
            subject: String::new(),
            members: Vec::new(),
            questions: BTreeMap::new(),
            orders: BTreeMap::new(),
            is_closed: false,
        };
        for step in steps {
            case.take(step)?;
        }
        if case.steps.is_empty() { Err(CaseError::NotOpened("nothing")) } else { Ok(case) }
    }

    /// The case after one more step.
    ///
    /// # Errors
    ///
    /// [`CaseError`]: why it may not follow.
    pub fn after(&self, step: Step) -> Result<Self, CaseError> {
        let mut case = self.clone();
        case.take(step)?;
        Ok(case)
    }

    /// Number of the next step.
    #[must_use]
    pub fn next_number(&self) -> u32 {
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Whether somebody may work on it.
    #[must_use]
    pub fn has_member(&self, subject: &str) -> bool {
        self.members.iter().any(|member| member == subject)
    }

    /// Where it stands.
    #[must_use]
    pub fn stage(&self) -> Stage {
        if self.is_closed {
            Stage::Closed
        } else if self.orders.values().any(|order| !order.is_carried_out()) {
            Stage::Recalling
        } else if self.questions.values().any(Question::waits) {
            Stage::Asked
        } else {
            Stage::Open
        }
    }

    fn take(&mut self, step: Step) -> Result<(), CaseError> {
        let expected = self.steps.len() + 1;
        if usize::try_from(step.number) != Ok(expected) {
            return Err(CaseError::Order { got: step.number, expected });
        }
        if expected > MOST_ACTS {
            return Err(CaseError::Full);
        }
        length("the reason", &step.why, TEXT)?;
        step.what.check_texts()?;
        let is_first = self.steps.is_empty();
        if is_first != matches!(step.what, Act::Open { .. }) {
            return Err(CaseError::NotOpened(step.what.name()));
        }
        let is_reopening = matches!(step.what, Act::Reopen);
        if self.is_closed && !is_reopening {
            return Err(CaseError::Closed(step.what.name()));
        }
        if !self.is_closed && is_reopening {
            return Err(CaseError::NotClosed);
        }
        self.apply(&step)?;
        self.steps.push(step);
        Ok(())
    }

    fn apply(&mut self, step: &Step) -> Result<(), CaseError> {
        match &step.what {
            Act::Open { title, subject } => {
                self.title.clone_from(title);
                self.subject.clone_from(subject);
                self.members.push(step.who.clone());
            }
            Act::Admit { subject } => {
                if !self.has_member(subject) {
                    self.members.push(subject.clone());
                }
            }
            Act::Ask { party, question, due } => {
                let (party, question, due) = (party.clone(), question.clone(), due.clone());
                let answers = Vec::new();
                let new = Question { party, question, due, answers, is_withdrawn: false };
                self.questions.insert(step.number, new);
            }
            Act::Answer { to, .. } => self.question(*to)?.answers.push(step.number),
            Act::OrderRecall { party, things, expected, .. } => {
                let new = Order {
                    party: party.clone(),
                    things: things.clone(),
                    expected: *expected,
                    found: 0,
                    quarantined: 0,
                    destroyed: 0,
                    is_withdrawn: false,
                };
                self.orders.insert(step.number, new);
            }
            Act::Report { order, outcome, things, .. } => {
                self.order(*order)?.report(*outcome, *things)?;
            }
            Act::Withdraw { what } => self.withdraw(*what)?,
            Act::Close { .. } => {
                if let Some(number) = self.first_unfinished() {
                    return Err(CaseError::Unfinished(number));
                }
                self.is_closed = true;
            }
            Act::Reopen => self.is_closed = false,
            Act::Freeze { .. } | Act::Note { .. } => {}
        }
        Ok(())
    }

    fn question(&mut self, number: u32) -> Result<&mut Question, CaseError> {
        let found = self.questions.get_mut(&number).filter(|question| !question.is_withdrawn);
        found.ok_or(CaseError::NoSuchAct { number, expected: "question" })
    }

    fn order(&mut self, number: u32) -> Result<&mut Order, CaseError> {
        let found = self.orders.get_mut(&number).filter(|order| !order.is_withdrawn);
        found.ok_or(CaseError::NoSuchAct { number, expected: "recall order" })
    }

    fn withdraw(&mut self, number: u32) -> Result<(), CaseError> {
        if let Ok(question) = self.question(number) {
            question.is_withdrawn = true;
            return Ok(());
        }
        let order = self
            .order(number)
            .map_err(|_| CaseError::NoSuchAct { number, expected: "question or recall order" })?;
        order.is_withdrawn = true;
        Ok(())
    }

    fn first_unfinished(&self) -> Option<u32> {
        let questions = self.questions.iter().filter(|(_, question)| question.waits());
        let orders = self.orders.iter().filter(|(_, order)| !order.is_carried_out());
        questions.map(|(number, _)| *number).chain(orders.map(|(number, _)| *number)).min()
    }
}

impl Question {
    /// Whether nobody answered it yet.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.answers.is_empty() && !self.is_withdrawn
    }
}

impl Order {
    fn report(&mut self, outcome: Outcome, things: u64) -> Result<(), CaseError> {
        let too_many = |most| CaseError::TooMany { got: things, most };
        match outcome {
            Outcome::Found => {
                self.found =
                    self.found.checked_add(things).ok_or(too_many(u64::MAX - self.found))?;
            }
            Outcome::Quarantined => {
                let most = self.at_large();
                if things > most {
                    return Err(too_many(most));
                }
                self.quarantined += things;
            }
            Outcome::Destroyed => {
                // Those at large first, then those that were set aside.
                let most = self.at_large().saturating_add(self.quarantined);
                if things > most {
                    return Err(too_many(most));
                }
                self.quarantined -= things.saturating_sub(self.at_large());
                self.destroyed += things;
            }
        }
        Ok(())
    }
}

/// The digest of a step: SHA-256 over the digest of the step before it (32 zero bytes before the first) and its stored text.
#[must_use]
pub fn digest(before: &Hash, text: &str) -> Hash {
    sha256_parts(&[DOMAIN, before.as_bytes(), text.as_bytes()])
}

/// Checks that stored texts have the digests that were stored beside them, each with the one before it.
///
/// # Errors
///
/// [`CaseError::Altered`], with the number of the first step that does not fit.
pub fn check_chain<'a>(
    steps: impl IntoIterator<Item = (&'a str, &'a Hash)>,
) -> Result<Hash, CaseError> {
    let mut before = Hash([0; 32]);
    for (number, (text, stored)) in (1..).zip(steps) {
        before = digest(&before, text);
        if before != *stored {
            return Err(CaseError::Altered(number));
        }
    }
    Ok(before)
}

#[cfg(test)]
mod tests;
