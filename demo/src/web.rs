//! The demo as a client: documents to ingest, scans to trace-api, over plain HTTP like everyone else.

use std::time::Duration;

use anyhow::Context as _;
use ledger::json::{Json, Limits, parse};

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: Vec<u8>,
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_mins(1)))
        .http_status_as_error(false)
        .build()
        .into()
}

/// Whether `url` answers 200.
pub fn is_ok(url: &str) -> bool {
    agent().get(url).call().is_ok_and(|answer| answer.status() == 200)
}

/// Gets `url` with the given headers.
///
/// # Errors
///
/// If nothing answers.
pub fn get(url: &str, headers: &[(&str, &str)]) -> anyhow::Result<Answer> {
    let mut request = agent().get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut answer = request.call().with_context(|| format!("no answer from {url}"))?;
    let body = answer.body_mut().with_config().limit(64 << 20).read_to_vec()?;
    Ok(Answer { status: answer.status().as_u16(), body })
}

/// Gets `url` as JSON.
///
/// # Errors
///
/// If the answer is not 200 or not JSON.
pub fn get_json(url: &str, headers: &[(&str, &str)]) -> anyhow::Result<Json> {
    let mut all = vec![("Accept", "application/json")];
    all.extend(headers);
    let answer = get(url, &all)?;
    let text = String::from_utf8_lossy(&answer.body);
    anyhow::ensure!(answer.status == 200, "{url} answered {}: {text}", answer.status);
    parse(&answer.body, &Limits::default()).with_context(|| format!("{url} did not answer JSON"))
}

/// Posts a form, as a browser without scripts does.
///
/// # Errors
///
/// If nothing answers.
pub fn send_form(url: &str, fields: &[(&str, &str)]) -> anyhow::Result<Answer> {
    let sent = agent().post(url).send_form(fields.iter().copied());
    let mut answer = sent.with_context(|| format!("no answer from {url}"))?;
    let body = answer.body_mut().with_config().limit(64 << 20).read_to_vec()?;
    Ok(Answer { status: answer.status().as_u16(), body })
}

/// Posts an EPCIS document with a partner's token; the outcome comes after the commit.
///
/// # Errors
///
/// If it was not accepted; with the problem document.
pub fn capture(url: &str, token: &str, document: &Json) -> anyhow::Result<Json> {
    let mut answer = agent()
        .post(url)
        .header("Authorization", format!("Bearer {token}"))
        .content_type("application/ld+json")
        .send(document.canonical())
        .with_context(|| format!("no answer from {url}"))?;
    let status = answer.status();
    let body = answer.body_mut().read_to_vec()?;
    let text = String::from_utf8_lossy(&body);
    anyhow::ensure!(status == 202, "the document was not accepted ({status}): {text}");
    parse(&body, &Limits::default()).context("the answer is not JSON")
}
