//! A delivery whose number was used before: a redelivery gets its answer again, a different delivery is refused.
//!
//! Source: docs/formats/observation-v1.md, section "Answers".

use jiff::Timestamp;
use reads::Delivery;
use sql::Transaction;
use sql::refusals::NewRefusal;

use crate::excerpt::excerpt;
use crate::outcome::Outcome;
use crate::problem::Problem;

/// Code of a delivery whose number another one has.
pub(super) const NUMBER_TAKEN: &str = "number-taken";

/// Answers a delivery whose number was used before: with the stored answer if the body is the same, else with a
/// refusal.
///
/// - `stored`: the answer that was given, and the body that it was given to.
pub(super) async fn answer_again(
    tx: &Transaction<'_>,
    delivery: &Delivery,
    body: &str,
    (answer, stored): &(String, String),
    now: Timestamp,
) -> Result<Result<Outcome, Problem>, sql::Error> {
    if stored == body {
        Outcome::again(answer).map(Ok)
    } else {
        refuse_number(tx, delivery, body, now).await.map(Err)
    }
}

/// Stores the refusal of a delivery whose number another one has, and gives the answer to it.
async fn refuse_number(
    tx: &Transaction<'_>,
    delivery: &Delivery,
    body: &str,
    now: Timestamp,
) -> Result<Problem, sql::Error> {
    let Delivery { bridge, boot, seq, .. } = delivery;
    let detail = format!(
        "bridge {bridge} boot {boot} sequence {seq} is already used by a different delivery: two bridges share one \
         id, or a spool file was replaced; send it under an unused number"
    );
    let refusal = NewRefusal {
        at: now,
        source: bridge,
        kind: "delivery",
        code: NUMBER_TAKEN,
        detail: &detail,
        body_sha256: &ledger::hash::sha256(body.as_bytes()),
        excerpt: excerpt(body.as_bytes()),
        count: 1,
    };
    sql::refusals::insert(tx, &refusal).await?;
    tracing::warn!(bridge, boot, seq, "delivery number already used by another delivery");
    Ok(Problem::NumberTaken(detail))
}
