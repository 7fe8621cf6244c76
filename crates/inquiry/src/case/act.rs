//! What people do in a case, and a step: an act with who, when and why.
//!
//! What holds: a text that is too short or too long makes no act; what was stored before an act had a member is read as if it lacked it,
//! and written as it was, since steps are hashed.
//!
//! Not here: which act may follow ([`crate::case::Case`]), what a question or an order is then (`asked.rs`).
//!
//! Source: decisions 0077 and 0096.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::{CaseError, MOST_EVIDENCE};
use crate::company::is_company;

/// Characters of a title.
const TITLE: std::ops::RangeInclusive<usize> = 3..=200;
/// Characters of a question, an answer, an instruction, a note, a reason.
pub(super) const TEXT: std::ops::RangeInclusive<usize> = 3..=4_000;
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
        /// The party is the key of a company, which finds the question in its inbox. What was stored before companies had one lacks it.
        #[serde(default, skip_serializing_if = "is_false")]
        inbox: bool,
    },
    /// Answers a question: a member writes down what the party said, or the company answers itself.
    Answer {
        /// Number of the act that asked.
        to: u32,
        /// The answer.
        text: String,
        /// The key of the company that answers itself, in a login of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        company: Option<String>,
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
        /// As of [`Act::Ask`].
        #[serde(default, skip_serializing_if = "is_false")]
        inbox: bool,
    },
    /// Says how an order is carried out: a member writes it down, or the company reports itself.
    Report {
        /// Number of the act that ordered.
        order: u32,
        /// What became of the things.
        outcome: Outcome,
        /// How many more.
        things: u64,
        /// Where.
        place: String,
        /// As of [`Act::Answer`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        company: Option<String>,
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

    /// The key of the company that acts itself, in a login of its own; none if a member acts.
    #[must_use]
    pub fn company(&self) -> Option<&str> {
        match self {
            Self::Answer { company, .. } | Self::Report { company, .. } => company.as_deref(),
            _ => None,
        }
    }

    pub(super) fn check_texts(&self) -> Result<(), CaseError> {
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
            Self::Ask { party, question, inbox, .. } => {
                self::party(party, *inbox)?;
                text("the question", question)
            }
            Self::Answer { text: answer, .. } => text("the answer", answer),
            Self::OrderRecall { party, things, instruction, inbox, .. } => {
                self::party(party, *inbox)?;
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

/// Whether a member is left out of what is written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Whom an act is addressed to: a company by its key if it has an inbox.
fn party(party: &str, has_inbox: bool) -> Result<(), CaseError> {
    length("the party", party, TITLE)?;
    if has_inbox && !is_company(party) {
        return Err(CaseError::NoCompany(party.to_owned()));
    }
    Ok(())
}

/// Checks the length of a text.
pub(super) fn length(
    what: &'static str,
    text: &str,
    allowed: std::ops::RangeInclusive<usize>,
) -> Result<(), CaseError> {
    let got = text.trim().chars().count();
    let (least, most) = (*allowed.start(), *allowed.end());
    if allowed.contains(&got) { Ok(()) } else { Err(CaseError::Length { what, got, least, most }) }
}
