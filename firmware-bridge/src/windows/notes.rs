//! What is found and what changes: kept, counted and said in the log, in one place.

use jiff::Timestamp;
use reads::{Finding, code};

use crate::metrics::Metrics;
use crate::spool::{Batch, SpoolError};

/// Keeps a finding, counts it and says it in the log.
pub(crate) fn note(
    batch: &mut Batch<'_>,
    metrics: &Metrics,
    reader: &str,
    finding: &Finding,
    now: Timestamp,
) -> Result<(), SpoolError> {
    metrics.findings.with_label_values(&[reader, finding.code]).inc();
    match finding.code {
        code::BACK | code::CHANGED => tracing::info!(reader.id = reader, "{}", finding.text),
        code => tracing::warn!(reader.id = reader, code, "{}", finding.text),
    }
    batch.add_finding(reader, finding, now)
}

/// Keeps a setting; one that is another than it was is a finding with both values.
pub(super) fn put_setting(
    batch: &mut Batch<'_>,
    metrics: &Metrics,
    reader: &str,
    name: &str,
    value: &str,
    now: Timestamp,
) -> Result<(), SpoolError> {
    let Some(old) = batch.put_setting(reader, name, value, now)? else { return Ok(()) };
    let text = format!("setting {name} was `{old}` and is `{value}`");
    note(batch, metrics, reader, &Finding { code: code::CHANGED, text }, now)
}

/// A gap's words, as long as a delivery takes them.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(250).collect()
}
