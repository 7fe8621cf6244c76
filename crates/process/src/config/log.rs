//! `[log]`: what the processes log, and how.

use serde::Deserialize;

/// `[log]`.
///
/// ```toml
/// [log]
/// format = "json"
/// level = "info,ingest=debug"
/// otlp = "http://127.0.0.1:4318"
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSection {
    /// `text` for people or `json`, one object a line, for log collectors. Default: `text`.
    #[serde(default)]
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,ingest=debug`. Default: `info`. The
    /// environment variable `RUST_LOG` takes precedence.
    #[serde(default)]
    pub level: Option<String>,
    /// Base address of an OpenTelemetry collector that accepts OTLP over HTTP: `http://127.0.0.1:4318`. It receives
    /// traces of requests, transactions and anchor steps. Default: none; then nothing is traced.
    #[serde(default)]
    pub otlp: Option<String>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For log collectors.
    Json,
}
