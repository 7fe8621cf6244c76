//! Asks a chain's nodes by JSON-RPC: several endpoints, one answer.
//!
//! The way through: [`Rpc::call`] asks the preferred endpoint that is not paused. One that cannot be reached,
//! is overloaded or answers something else than JSON-RPC is paused (1 s, doubling to 60 s) and the next is asked.
//! If all are paused, the one whose pause ends first is asked anyway: the caller decides how often to try.
//!
//! What holds: an endpoint is used only after it named the expected chain id; a refusal by the node (an
//! error object) is an answer, not a reason to ask elsewhere, except for "too many requests"; an
//! endpoint's path and query never reach a log, because providers put keys there.
//!
//! Blocking: callers on an async runtime use `spawn_blocking`.
//!
//! This is the only file that names the HTTP client.
//!
//! Sources: JSON-RPC 2.0; EIP-1474 for error codes.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use process::Clock;
use serde_json::{Value, json};
use thiserror::Error;
use ureq::tls::{Certificate, RootCerts};

use crate::quantity::{self, ShapeError};

/// Longest that one request may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Longest that connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Largest answer read: all receipts of a full block are about 10 MiB.
const MAX_ANSWER_BYTES: u64 = 64 << 20;
/// First pause of an endpoint that failed; doubles with every further failure.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// EIP-1474: limit exceeded.
const LIMIT_EXCEEDED: i64 = -32005;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RpcError {
    /// No endpoint gave an answer that could be used.
    #[error("none of {endpoints} chain endpoints answered; the last failure: {last}")]
    Unreachable {
        /// How many there are.
        endpoints: usize,
        /// How the last one failed.
        last: String,
    },
    /// The node refused the request.
    #[error("{method} was refused: {message} (code {code})")]
    Refused {
        /// What was asked.
        method: String,
        /// The node's code.
        code: i64,
        /// The node's message, cut to 300 characters.
        message: String,
    },
    /// The answer does not have the specified shape.
    #[error("answer to {method}: {source}")]
    Shape {
        /// What was asked.
        method: String,
        /// What is wrong with it.
        #[source]
        source: ShapeError,
    },
}

impl RpcError {
    /// Adds to a [`ShapeError`] the method whose answer it is.
    pub fn shape(method: &str) -> impl Fn(ShapeError) -> Self + '_ {
        move |source| Self::Shape { method: method.to_owned(), source }
    }

    /// Whether asking again later may help although nothing is changed.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

/// Why an address is not used as an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UrlError {
    /// It is not an address of the web; it is not repeated, because it may hold a provider's key.
    #[error("got something else than an http or https address")]
    Form,
    /// Anybody between the two machines could answer in the endpoint's place.
    #[error("got plain http to {host}")]
    PlainHttp {
        /// The host.
        host: String,
    },
}

impl UrlError {
    /// What was expected, for messages.
    pub const EXPECTED: &'static str =
        "https://…, or http://… to this machine (127.0.0.1, [::1], localhost)";
}

/// Checks the address of an endpoint: `https`, or plain `http` to the loopback interface. The one place of this rule;
/// [`Rpc`] sends nothing to any other address.
///
/// # Errors
///
/// [`UrlError`]
pub fn check_url(url: &str) -> Result<(), UrlError> {
    let uri: ureq::http::Uri = url.parse().map_err(|_| UrlError::Form)?;
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return Err(UrlError::Form);
    };
    if scheme.eq_ignore_ascii_case("https") {
        return Ok(());
    }
    if !scheme.eq_ignore_ascii_case("http") {
        return Err(UrlError::Form);
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if is_loopback { Ok(()) } else { Err(UrlError::PlainHttp { host: host.to_owned() }) }
}

/// Host and port of an address; what follows may hold a provider's key.
#[must_use]
pub fn host_of(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    // Credentials may stand before an @.
    let host = &url[start..end];
    host.rsplit_once('@').map_or(host, |(_, host)| host)
}

/// The endpoints of one chain.
pub struct Rpc {
    agent: ureq::Agent,
    clock: Clock,
    chain_id: u64,
    endpoints: Vec<Endpoint>,
    /// Place of the preferred endpoint.
    preferred: AtomicUsize,
    failures: AtomicU64,
}

struct Endpoint {
    url: String,
    health: Mutex<Health>,
}

#[derive(Clone, Copy, Default)]
struct Health {
    /// Named the expected chain since it last failed.
    is_known: bool,
    /// In a row.
    failures: u32,
    paused_until: Option<Instant>,
}

/// Why a request to one endpoint failed.
enum Failure {
    /// It cannot be used now.
    Endpoint(String),
    /// The node refused the request; another endpoint would as well.
    Answer(RpcError),
}

impl fmt::Debug for Rpc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<&str> = self.endpoints.iter().map(Endpoint::host).collect();
        formatter
            .debug_struct("Rpc")
            .field("chain_id", &self.chain_id)
            .field("endpoints", &hosts)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    fn host(&self) -> &str {
        host_of(&self.url)
    }

    fn health(&self) -> Health {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Health)) {
        change(&mut self.health.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Rpc {
    /// A client for these endpoints; sends no request yet.
    ///
    /// - `urls`: in the order of preference, `http://…` or `https://…`.
    /// - `chain_id`: the id that every endpoint must name before it is used.
    /// - `clock`: measures the pauses.
    #[must_use]
    pub fn new(urls: &[String], chain_id: u64, clock: Clock) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let is_https = urls.iter().any(|url| !url.starts_with("http://"));
        let tls = ureq::tls::TlsConfig::builder()
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(if is_https { system_roots() } else { RootCerts::WebPki });
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .http_status_as_error(false)
            // A proxy named by the environment would see every request.
            .proxy(None)
            .max_redirects(0)
            .tls_config(tls.build())
            .build()
            .new_agent();
        let endpoints = urls
            .iter()
            .map(|url| Endpoint { url: url.clone(), health: Mutex::default() })
            .collect();
        let (preferred, failures) = (AtomicUsize::new(0), AtomicU64::new(0));
        Self { agent, clock, chain_id, endpoints, preferred, failures }
    }

    /// Host and port of every endpoint, separated by commas.
    #[must_use]
    pub fn host(&self) -> String {
        self.endpoints.iter().map(Endpoint::host).collect::<Vec<_>>().join(", ")
    }

    /// From now on another endpoint is asked first: the one that was asked told something that others contradict, or
    /// nothing came of what was sent to it.
    pub fn prefer_another(&self) {
        self.preferred.fetch_add(1, Ordering::Relaxed);
    }

    /// The id of the chain.
    #[must_use]
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The clock that measures the pauses.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How often a request to an endpoint failed.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Calls `method` with `params` (a JSON array) and returns the result.
    ///
    /// # Errors
    ///
    /// [`RpcError::Unreachable`] if no endpoint can be used now, [`RpcError::Refused`] if the node refuses.
    pub fn call(&self, method: &str, params: &Value) -> Result<Value, RpcError> {
        let now = self.clock.instant();
        let count = self.endpoints.len().max(1);
        let preferred = self.preferred.load(Ordering::Relaxed) % count;
        let (last_asked, first_asked) =
            self.endpoints.split_at(preferred.min(self.endpoints.len()));
        let mut ready: Vec<&Endpoint> = first_asked
            .iter()
            .chain(last_asked)
            .filter(|endpoint| endpoint.health().paused_until.is_none_or(|until| until <= now))
            .collect();
        if ready.is_empty() {
            let soonest =
                self.endpoints.iter().min_by_key(|endpoint| endpoint.health().paused_until);
            ready.extend(soonest);
        }
        let mut last = String::from("no endpoint is configured");
        for endpoint in ready {
            match self.ask(endpoint, method, params) {
                Ok(result) => return Ok(result),
                Err(Failure::Answer(error)) => return Err(error),
                Err(Failure::Endpoint(reason)) => {
                    last = format!("{}: {reason}", endpoint.host());
                    self.pause(endpoint, &reason);
                }
            }
        }
        Err(RpcError::Unreachable { endpoints: self.endpoints.len(), last })
    }

    fn pause(&self, endpoint: &Endpoint, reason: &str) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let now = self.clock.instant();
        let mut pause = FIRST_PAUSE;
        endpoint.change(|health| {
            pause = (FIRST_PAUSE * 2_u32.pow(health.failures.min(6))).min(LONGEST_PAUSE);
            health.failures = health.failures.saturating_add(1);
            health.is_known = false;
            health.paused_until = Some(now + pause);
        });
        let (host, pause_s) = (endpoint.host(), pause.as_secs());
        tracing::warn!(rpc.host = host, reason, pause_s, "chain endpoint failed");
    }

    fn ask(&self, endpoint: &Endpoint, method: &str, params: &Value) -> Result<Value, Failure> {
        if !endpoint.health().is_known {
            let answer = self.post(endpoint, "eth_chainId", &json!([]));
            let found = match answer {
                Ok(value) => quantity::to_u64("result", &value)
                    .map_err(|error| Failure::Endpoint(error.to_string()))?,
                Err(Failure::Answer(error)) => return Err(Failure::Endpoint(error.to_string())),
                Err(failure) => return Err(failure),
            };
            if found != self.chain_id {
                let expected = self.chain_id;
                let problem = format!("got chain id {found}, expected {expected}");
                return Err(Failure::Endpoint(problem));
            }
        }
        let result = self.post(endpoint, method, params);
        if !matches!(result, Err(Failure::Endpoint(_))) {
            endpoint.change(|health| *health = Health { is_known: true, ..Health::default() });
        }
        result
    }

    fn post(&self, endpoint: &Endpoint, method: &str, params: &Value) -> Result<Value, Failure> {
        let failed = |error: &dyn fmt::Display| Failure::Endpoint(error.to_string());
        check_url(&endpoint.url).map_err(|error| failed(&error))?;
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let mut answer = self
            .agent
            .post(&endpoint.url)
            .header("content-type", "application/json")
            .send(request.to_string())
            .map_err(|error| failed(&error))?;
        let status = answer.status().as_u16();
        let body = answer
            .body_mut()
            .with_config()
            .limit(MAX_ANSWER_BYTES)
            .read_to_vec()
            .map_err(|error| failed(&error))?;
        let parsed: Result<Value, _> = serde_json::from_slice(&body);
        let Ok(mut parsed) = parsed else {
            return Err(Failure::Endpoint(format!("HTTP {status} without a JSON body")));
        };
        if let Some(error) = parsed.get("error").filter(|error| !error.is_null()) {
            let code = error.get("code").and_then(Value::as_i64).unwrap_or_default();
            let message = error.get("message").and_then(Value::as_str).unwrap_or("no reason given");
            // Some nodes put the contract's own error bytes into the message.
            let printable = message.chars().filter(|letter| !letter.is_control());
            let message: String = printable.take(300).collect();
            if status == 429 || status >= 500 || code == LIMIT_EXCEEDED {
                return Err(Failure::Endpoint(format!("HTTP {status}: {message} (code {code})")));
            }
            let method = method.to_owned();
            return Err(Failure::Answer(RpcError::Refused { method, code, message }));
        }
        match parsed.get_mut("result") {
            Some(result) if status == 200 => Ok(result.take()),
            _ => Err(Failure::Endpoint(format!("HTTP {status} without a result"))),
        }
    }
}

/// The certificates that this system trusts; Mozilla's list where the system has none.
fn system_roots() -> RootCerts {
    let found = rustls_native_certs::load_native_certs().certs;
    if found.is_empty() {
        return RootCerts::WebPki;
    }
    found
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect::<Vec<_>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for url in [
            "https://rpc.example",
            "HTTPS://rpc.example/v3/key",
            "https://user:secret@rpc.example:8545",
            "http://127.0.0.1:8545",
            "http://127.9.9.9/",
            "http://[::1]:8545/x",
            "http://localhost:8545",
        ] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
        for url in [
            "http://rpc.example/key",
            "http://10.0.0.1:8545",
            "http://127.0.0.1.rpc.example",
            "http://127.0.0.1@rpc.example",
            "http://localhost.rpc.example",
            "http://[fe80::1]:8545",
            "http://0.0.0.0:8545",
        ] {
            let error = check_url(url).unwrap_err();
            assert!(matches!(error, UrlError::PlainHttp { .. }), "{url}: {error}");
            assert!(!error.to_string().contains("key"), "{error}");
            // Nothing is sent there either.
            let error = rpc(&[url], &Clock::system()).call("eth_chainId", &json!([])).unwrap_err();
            assert!(error.to_string().contains("got plain http to"), "{url}: {error}");
        }
        for url in
            ["", "rpc.example", "ftp://rpc.example", "http://", "ws://127.0.0.1", "http://a b"]
        {
            assert_eq!(check_url(url), Err(UrlError::Form), "{url}");
        }
    }

    #[test]
    fn another_endpoint_is_asked_first_after_one_was_contradicted() {
        let clock = Clock::manual(jiff::Timestamp::UNIX_EPOCH);
        let rpc = rpc(&["http://127.0.0.1:9/", "http://127.0.0.1:7/"], &clock);
        let last = |rpc: &Rpc| rpc.call("eth_blockNumber", &json!([])).unwrap_err().to_string();
        assert!(last(&rpc).contains("127.0.0.1:7: "));
        rpc.prefer_another();
        clock.advance(LONGEST_PAUSE);
        assert!(last(&rpc).contains("127.0.0.1:9: "));
    }

    fn endpoint(url: &str) -> Endpoint {
        Endpoint { url: url.to_owned(), health: Mutex::default() }
    }

    fn rpc(urls: &[&str], clock: &Clock) -> Rpc {
        let urls: Vec<_> = urls.iter().map(|url| (*url).to_owned()).collect();
        Rpc::new(&urls, 1, clock.clone())
    }

    #[test]
    fn a_providers_key_in_the_address_is_not_printed() {
        for url in [
            "https://node.example:8545/v3/secret",
            "https://user:secret@node.example:8545?key=secret",
            "node.example:8545/secret",
        ] {
            assert_eq!(endpoint(url).host(), "node.example:8545", "{url}");
        }
        let printed = format!("{:?}", rpc(&["https://node.example/secret"], &Clock::system()));
        assert!(!printed.contains("secret"), "{printed}");
    }

    #[test]
    fn an_endpoint_that_failed_is_paused_and_asked_again_when_the_pause_is_over() {
        // Ports 9 (discard) and 7 (echo) of the loopback address: nobody listens there.
        let clock = Clock::manual(jiff::Timestamp::UNIX_EPOCH);
        let rpc = rpc(&["http://127.0.0.1:9/", "http://127.0.0.1:7/"], &clock);
        let error = rpc.call("eth_blockNumber", &json!([])).unwrap_err();
        assert!(error.is_unreachable(), "{error}");
        assert_eq!(rpc.failures(), 2);
        // Both are paused; the one whose pause ends first is asked anyway, so that a call is never refused unasked.
        rpc.call("eth_blockNumber", &json!([])).unwrap_err();
        assert_eq!(rpc.failures(), 3);
        clock.advance(LONGEST_PAUSE);
        rpc.call("eth_blockNumber", &json!([])).unwrap_err();
        assert_eq!(rpc.failures(), 5);
    }

    #[test]
    fn without_endpoints_the_error_says_so() {
        let error = rpc(&[], &Clock::system()).call("eth_blockNumber", &json!([])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "none of 0 chain endpoints answered; the last failure: no endpoint is configured"
        );
    }
}
