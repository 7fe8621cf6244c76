//! Asks a chain's nodes by JSON-RPC: several endpoints, one answer.
//!
//! The way through: [`Rpc::call`] asks the first endpoint that is not paused. One that cannot be reached,
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
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use process::Clock;
use serde_json::{Value, json};
use thiserror::Error;

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

/// The endpoints of one chain.
pub struct Rpc {
    agent: ureq::Agent,
    clock: Clock,
    chain_id: u64,
    endpoints: Vec<Endpoint>,
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
    /// Host and port; what follows may hold a provider's key.
    fn host(&self) -> &str {
        let start = self.url.find("://").map_or(0, |at| at + 3);
        let end = self.url[start..].find(['/', '?', '#']).map_or(self.url.len(), |at| start + at);
        // Credentials may stand before an @.
        let host = &self.url[start..end];
        host.rsplit_once('@').map_or(host, |(_, host)| host)
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
        let tls = ureq::tls::TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
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
        Self { agent, clock, chain_id, endpoints, failures: AtomicU64::new(0) }
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
        let mut ready: Vec<&Endpoint> = self
            .endpoints
            .iter()
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

#[cfg(test)]
mod tests {
    use super::*;

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
