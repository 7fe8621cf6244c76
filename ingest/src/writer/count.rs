//! Counts what a batch recorded and refused, after its commit.

use super::commit::Signed;
use super::delivery::NUMBER_TAKEN;
use super::site_ledger::SiteLedger;
use crate::metrics::Metrics;
use crate::problem::Problem;

/// Adds a committed batch to the metrics.
pub(super) fn count(metrics: &Metrics, ledger: &SiteLedger, signed: &Signed) {
    let draft = &signed.draft;
    let records = signed.records();
    metrics.records.inc_by(records as u64);
    metrics.observations.inc_by(draft.observations);
    if records > 0 {
        #[expect(clippy::cast_precision_loss, reason = "a batch has far fewer than 2^52 records")]
        metrics.commit_records.observe(records as f64);
    }
    let size = i64::try_from(signed.after.size()).unwrap_or(i64::MAX);
    metrics.ledger_size.with_label_values(&[&ledger.site.origin]).set(size);
    let refusals = &metrics.refusals;
    for (code, count) in &draft.refused_events {
        refusals.with_label_values(&["capture", code]).inc_by(*count);
    }
    for answer in &draft.answers {
        let answer = match answer {
            Ok(answer) => answer,
            Err(Problem::NumberTaken(_)) => {
                refusals.with_label_values(&["delivery", NUMBER_TAKEN]).inc();
                continue;
            }
            Err(_) => continue,
        };
        // Those of documents were counted event by event.
        if answer.repeated || answer.capture.is_some() {
            continue;
        }
        for refusal in &answer.refusals {
            refusals.with_label_values(&["observation", &refusal.code]).inc_by(refusal.count);
        }
    }
}
