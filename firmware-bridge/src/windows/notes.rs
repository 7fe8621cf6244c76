//! Findings and changed settings: stored, counted and logged, in one place.

use jiff::Timestamp;
use reads::{Finding, code};

use crate::metrics::Metrics;
use crate::spool::{Batch, SpoolError};

/// Stores a finding, counts it and logs it.
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

/// Stores a setting; a changed one is a finding with both values.
pub(super) fn put_setting(
    batch: &mut Batch<'_>,
    metrics: &Metrics,
    reader: &str,
    name: &str,
    value: &str,
    now: Timestamp,
) -> Result<(), SpoolError> {
    let Some(old) = batch.put_setting(reader, name, value, now)? else { return Ok(()) };
    let text = format!("setting {name} changed from `{old}` to `{value}`");
    note(batch, metrics, reader, &Finding { code: code::CHANGED, text }, now)
}

/// A gap's text, cut to what a delivery allows.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(250).collect()
}
