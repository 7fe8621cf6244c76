//! Gives prepared work its place in the ledger: interprets, numbers, answers.
//!
//! The way through: [`sequence`] goes through the jobs in order, with what the jobs before them concluded and what was
//! looked up for the batch (`look_up.rs`).
//!
//! What holds: a job that cannot be taken is answered alone and leaves nothing in the draft; a job that was answered
//! before, in the tables, in the batch that is being committed or in this one, gets the same answer.
//!
//! Not here: what needs no database (`prepare.rs`), the statements (`commit.rs`).

use std::sync::Arc;

use super::draft::{Draft, Stored};
use super::look_up::{Answers, InFlight, LookedUp, Taken, again};
use super::site_ledger::SiteLedger;
use super::work::{Job, Ready};
use super::{capture, delivery};

/// Gives the jobs their places and answers.
///
/// - `tip`: what is about to be committed before them.
pub(super) fn sequence(
    ledger: &SiteLedger,
    jobs: &[Job],
    looked_up: &LookedUp,
    tip: &InFlight,
) -> (Draft, Answers) {
    let mut draft = Draft::on(tip.frontier.clone(), Arc::clone(&tip.pending));
    let mut given = Answers::default();
    for (place, job) in jobs.iter().enumerate() {
        let answer = match &job.ready {
            Ready::Delivery(one) => match find(&given, tip, looked_up, |all| all.delivery(one)) {
                Some(stored) => delivery::answer_again(&mut draft, one, stored),
                None => {
                    Ok(Taken::New(delivery::sequence(ledger, &mut draft, looked_up, place, one)))
                }
            },
            Ready::Capture(one) => match find(&given, tip, looked_up, |all| all.capture(one)) {
                Some(stored) => again(stored).map(Taken::Again),
                None => capture::sequence(ledger, &mut draft, looked_up, one).map(Taken::New),
            },
        };
        let answer = answer.map(|taken| match taken {
            Taken::Again(outcome) => outcome,
            Taken::New(outcome) => {
                let text = outcome.to_text();
                if !job.ready.is_unfinished() {
                    given.add(&job.ready, &text);
                }
                draft.stored.push(Stored {
                    job: place,
                    outcome: text,
                    at: ledger.context.clock.now(),
                });
                outcome
            }
        });
        draft.answers.push(answer);
    }
    (draft, given)
}

/// Looks among the answers of this batch, of the one before it, and of the tables.
fn find<'a, T>(
    given: &'a Answers,
    tip: &'a InFlight,
    looked_up: &'a LookedUp,
    get: impl Fn(&'a Answers) -> Option<&'a T>,
) -> Option<&'a T> {
    get(given).or_else(|| get(&tip.answers)).or_else(|| get(&looked_up.answers))
}
