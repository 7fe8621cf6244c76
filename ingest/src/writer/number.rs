//! A delivery whose number was taken before: the same one again gets its answer again, another one is refused.
//!
//! Source: docs/formats/observation-v1.md, section "Answers".

use jiff::Timestamp;
use reads::Delivery;
use sql::Transaction;

use super::cut;
use crate::outcome::Outcome;
use crate::problem::Problem;

/// Code of a delivery whose number another one has.
pub(super) const NUMBER_TAKEN: &str = "number-taken";

/// Answers a delivery whose number was taken before: with the answer of then if the body is the same, else with a refusal.
///
/// - `taken`: the answer that was given, and the body that it was given to.
pub(super) async fn answer_again(
    tx: &Transaction<'_>,
    delivery: &Delivery,
    body: &str,
    (answer, taken): &(String, String),
) -> Result<Result<Outcome, Problem>, sql::Error> {
    if taken == body {
        Outcome::again(answer).map(Ok)
    } else {
        refuse_number(tx, delivery, body).await.map(Err)
    }
}

/// Stores a delivery whose number another one has, and gives the answer to it.
async fn refuse_number(
    tx: &Transaction<'_>,
    delivery: &Delivery,
    body: &str,
) -> Result<Problem, sql::Error> {
    let Delivery { bridge, boot, seq, .. } = delivery;
    let detail = format!(
        "another delivery was recorded as bridge {bridge} boot {boot} sequence {seq}: two bridges share one id, or \
         a spool took the place of another; it must come under a number of its own"
    );
    sql::refusals::insert(
        tx,
        &sql::refusals::NewRefusal {
            at: Timestamp::now(),
            source: bridge,
            kind: "delivery",
            code: NUMBER_TAKEN,
            detail: &detail,
            body_sha256: &ledger::hash::sha256(body.as_bytes()),
            excerpt: cut(body.as_bytes()),
            count: 1,
        },
    )
    .await?;
    tracing::warn!(bridge, boot, seq, "number of another delivery");
    Ok(Problem::NumberTaken(detail))
}
