//! What somebody reads is recorded before it is shown.
//!
//! The way through: a handler runs the query, and calls [`record`] with what came of it; only if that succeeds it answers. Where a reason is
//! needed and none was stated, [`reason`] says so and the page asks for one.
//!
//! What holds: reads of roles that are recorded are answered only when they are in a signed checkpoint of the log of reads, and so is what
//! anybody does in a case ([`record_act`]).
//!
//! Not here: the log (`gate::read_log`), which reads are recorded (`access`).
//!
//! Source: decisions 0058, 0072 and 0096.

use access::{Act, Sight};
use gate::read_log::{Basis, Outcome, Read};

use crate::failure::Failure;
use crate::state::DeskState;
use crate::visitor::Visitor;

/// Characters of a reason.
const REASON: std::ops::RangeInclusive<usize> = 3..=500;

/// The reason that was stated; none if there is none that can be recorded.
#[must_use]
pub fn reason(stated: &str) -> Option<&str> {
    let stated = stated.trim();
    let is_right =
        REASON.contains(&stated.chars().count()) && !stated.chars().any(char::is_control);
    is_right.then_some(stated)
}

/// A read, as a handler made it.
#[derive(Debug, Clone, Copy)]
pub struct Done<'a> {
    /// What it did.
    pub act: Act,
    /// What was asked for.
    pub asked: &'a str,
    /// Why; it is checked already ([`reason`]), and may be empty where nothing is recorded.
    pub why: &'a str,
    /// Shown and hidden events.
    pub counts: (u64, u64),
}

/// Records a read, if the reader's reads are recorded; nothing may be answered before.
///
/// # Errors
///
/// [`Failure::Unavailable`] if it cannot be recorded, [`Failure::Malformed`] without a reason.
pub async fn record(
    state: &DeskState,
    visitor: &Visitor,
    sight: &Sight,
    done: Done<'_>,
    basis: Option<Basis>,
) -> Result<(), Failure> {
    if sight.is_recorded() { write(state, visitor, sight, done, basis).await } else { Ok(()) }
}

/// Records what somebody did in a case, whatever their role; nothing may be answered before.
///
/// # Errors
///
/// As [`record`].
pub async fn record_act(
    state: &DeskState,
    visitor: &Visitor,
    sight: &Sight,
    done: Done<'_>,
) -> Result<(), Failure> {
    write(state, visitor, sight, done, None).await
}

async fn write(
    state: &DeskState,
    visitor: &Visitor,
    sight: &Sight,
    done: Done<'_>,
    basis: Option<Basis>,
) -> Result<(), Failure> {
    let expected = || Failure::Malformed("expected the reason of a read".to_owned());
    let reason = reason(done.why).ok_or_else(expected)?;
    let outcome = Outcome { basis, counts: Some(done.counts) };
    let who = &visitor.identity;
    let Done { act, asked, .. } = done;
    let read = Read { who, sight, act, asked, reason, outcome: &outcome };
    state.read_log.record(&read).await.map_err(|problem| {
        tracing::error!(%problem, subject = who.subject, "a read is not answered");
        Failure::Unavailable(problem.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_some_characters_and_is_one_line() {
        assert_eq!(reason("  recall case 7 "), Some("recall case 7"));
        assert_eq!(reason("召回七号"), Some("召回七号"));
        for wrong in ["", "  ", "ab", "a\nbcd", &"x".repeat(501)] {
            assert_eq!(reason(wrong), None, "{wrong:?}");
        }
    }
}
