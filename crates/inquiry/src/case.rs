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
//! - a company acts only on what is addressed to it, answers a question once, and leaves room for the acts of members;
//! - a case is closed only when each question is answered or withdrawn and of each order every thing that was found is quarantined or
//!   destroyed, or the order is withdrawn;
//! - each step has the digest of the one before it in its own, so that one that was changed, left out or put in is found
//!   ([`check_chain`]).
//!
//! Not here: storing steps ([`crate::cases`]), who may act on a case (`access`, and [`Case::has_member`]).
//!
//! Source: JOURNEYS R6; decisions 0077 and 0096.

mod act;
mod asked;
mod error;

use std::collections::BTreeMap;

use ledger::Hash;
use ledger::hash::sha256_parts;

pub use self::act::{Act, EvidenceRef, LedgerState, Outcome, Step};
use self::act::{TEXT, length};
pub use self::asked::{Order, Question};
pub use self::error::{CaseError, MOST_ACTS, MOST_ACTS_WITH_COMPANIES, MOST_EVIDENCE};

/// Beginning of what is hashed of a step.
const DOMAIN: &[u8] = b"chopmark.org/case-step@v1\n";

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

    /// What companies find in their inboxes: the key of each with the number of the act.
    pub fn addressed(&self) -> impl Iterator<Item = (&str, u32)> {
        let questions = self.questions.iter().filter(|(_, one)| one.inbox);
        let orders = self.orders.iter().filter(|(_, one)| one.inbox);
        let questions = questions.map(|(number, one)| (one.party.as_str(), *number));
        questions.chain(orders.map(|(number, one)| (one.party.as_str(), *number)))
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
        let most = if step.what.company().is_some() { MOST_ACTS_WITH_COMPANIES } else { MOST_ACTS };
        if expected > most {
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
            Act::Ask { party, question, due, inbox } => {
                let (party, question, due) = (party.clone(), question.clone(), due.clone());
                let (answers, own_answer, inbox) = (Vec::new(), None, *inbox);
                let is_withdrawn = false;
                let new =
                    Question { party, question, due, inbox, answers, own_answer, is_withdrawn };
                self.questions.insert(step.number, new);
            }
            Act::Answer { to, company, .. } => {
                self.question(*to)?.answer(step.number, company.as_deref())?;
            }
            Act::OrderRecall { party, things, expected, inbox, .. } => {
                let new = Order {
                    party: party.clone(),
                    things: things.clone(),
                    expected: *expected,
                    inbox: *inbox,
                    reports: Vec::new(),
                    found: 0,
                    quarantined: 0,
                    destroyed: 0,
                    is_withdrawn: false,
                };
                self.orders.insert(step.number, new);
            }
            Act::Report { order, outcome, things, company, .. } => {
                let counted = (*outcome, *things);
                self.order(*order)?.report(step.number, company.as_deref(), counted)?;
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
