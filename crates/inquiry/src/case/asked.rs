//! What a case asks of a company: a question or a recall order, and how far it is dealt with.
//!
//! What holds:
//!
//! - a company replies only to what is addressed to its key and stands in its inbox, and answers a question once; an inspector may write
//!   down more than one answer, as cases were stored before;
//! - of an order, no more things are quarantined or destroyed than were found.
//!
//! Not here: the acts (`act.rs`), who speaks for a company (`access`).
//!
//! Source: decisions 0077 and 0096.

use super::act::Outcome;
use super::error::CaseError;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The party.
    pub party: String,
    /// What it is asked.
    pub question: String,
    /// By when.
    pub due: Option<String>,
    /// Whether the company finds it in its inbox.
    pub inbox: bool,
    /// Numbers of the acts that answered.
    pub answers: Vec<u32>,
    /// The one of them by which the company answered itself.
    pub own_answer: Option<u32>,
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
    /// Whether the company finds it in its inbox.
    pub inbox: bool,
    /// Numbers of the acts that reported.
    pub reports: Vec<u32>,
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

    /// Whether it was taken back, or all that was found is dealt with.
    #[must_use]
    pub fn is_carried_out(&self) -> bool {
        self.is_withdrawn || self.found > 0 && self.at_large() == 0
    }
}

impl Question {
    /// Whether nobody answered it yet.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.answers.is_empty() && !self.is_withdrawn
    }

    /// Takes an answer: act `number`, by a company itself if `company` is its key.
    pub(super) fn answer(&mut self, number: u32, company: Option<&str>) -> Result<(), CaseError> {
        if let Some(company) = company {
            check_addressed((&self.party, self.inbox), company)?;
            if let Some(before) = self.own_answer {
                return Err(CaseError::Answered(before));
            }
            self.own_answer = Some(number);
        }
        self.answers.push(number);
        Ok(())
    }
}

/// Whether what is addressed to `party` is for the inbox of `company`.
fn check_addressed((party, inbox): (&str, bool), company: &str) -> Result<(), CaseError> {
    let is_own = inbox && party == company;
    if is_own { Ok(()) } else { Err(CaseError::OtherCompany(company.to_owned())) }
}

impl Order {
    /// Takes a report: act `number`, by a company itself if `company` is its key.
    pub(super) fn report(
        &mut self,
        number: u32,
        company: Option<&str>,
        (outcome, things): (Outcome, u64),
    ) -> Result<(), CaseError> {
        if let Some(company) = company {
            check_addressed((&self.party, self.inbox), company)?;
        }
        self.count(outcome, things)?;
        self.reports.push(number);
        Ok(())
    }

    fn count(&mut self, outcome: Outcome, things: u64) -> Result<(), CaseError> {
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
