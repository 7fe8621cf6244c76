//! Why an act may not follow in a case, and the limits of a case.

use thiserror::Error;

/// Most events of one piece of evidence.
pub const MOST_EVIDENCE: usize = 2_000;
/// Most acts of a case.
pub const MOST_ACTS: usize = 5_000;
/// Acts of a case after which companies act no more, so that none of them fills it and its members still can.
pub const MOST_ACTS_WITH_COMPANIES: usize = 4_000;

/// Why an act may not follow.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CaseError {
    /// A text is too short or too long.
    #[error("{what}: got {got} characters, expected {least} to {most}")]
    Length {
        /// Which text.
        what: &'static str,
        /// Its length.
        got: usize,
        /// Shortest.
        least: usize,
        /// Longest.
        most: usize,
    },
    /// The first act opens the case, and no other does.
    #[error("got `{0}`, expected the case to be opened first, once")]
    NotOpened(&'static str),
    /// The case is closed.
    #[error("got `{0}`, expected `reopen`: the case is closed")]
    Closed(&'static str),
    /// The case is not closed.
    #[error("got `reopen` of a case that is not closed")]
    NotClosed,
    /// There is no such question or order, or it was taken back.
    #[error("got act {number}, expected a {expected} that is not withdrawn")]
    NoSuchAct {
        /// The number that was stated.
        number: u32,
        /// What it must be.
        expected: &'static str,
    },
    /// What is addressed to companies names none.
    #[error("the party: got `{0}`, expected the key of a company")]
    NoCompany(String),
    /// A company acts on what is not addressed to it.
    #[error("got the company {0}, expected the one that was asked")]
    OtherCompany(String),
    /// The company answered already.
    #[error("got one more answer of the company, expected one: it answered in act {0}")]
    Answered(u32),
    /// More things are set aside or destroyed than were found.
    #[error("got {got} things, expected at most {most}: no more are left of those that were found")]
    TooMany {
        /// Stated.
        got: u64,
        /// Possible.
        most: u64,
    },
    /// Something waits.
    #[error(
        "act {0} waits: expected an answer, every thing that was found set aside or destroyed, or a withdrawal"
    )]
    Unfinished(u32),
    /// Evidence without events, or with too many.
    #[error("got {0} events, expected 1 to {MOST_EVIDENCE}")]
    Evidence(usize),
    /// A step does not follow the one before it.
    #[error("step {got}, expected {expected}: steps are missing or doubled")]
    Order {
        /// Its number.
        got: u32,
        /// The next number.
        expected: usize,
    },
    /// The case has too many acts.
    #[error("got one more act, expected at most {MOST_ACTS} of one case")]
    Full,
    /// A step was changed since it was stored.
    #[error("step {0} was changed, left out or put in after it was stored")]
    Altered(u32),
}
