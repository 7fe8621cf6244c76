//! Fetches what a provider publishes: its description, and its keys.
//!
//! What holds: with TLS, or from this machine if the issuer is of this machine too; no redirect is followed, no proxy of the
//! environment is used; time and size are bounded; a description that names another issuer is refused.
//!
//! Not here: when ([`super::Provider`]).
//!
//! Sources: OIDC Discovery 1.0 sections 4.1 to 4.3; RFC 9207 (mix-up).

use std::sync::Arc;
use std::time::Duration;

use access::KeySet;
use ledger::json::{Json, Limits, parse};
use ureq::http::Uri;
use ureq::tls::TlsConfig;

/// Longest time for one answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Most bytes of an answer.
const MOST_BYTES: usize = 256 * 1024;
/// Where a provider describes itself, below its issuer.
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// Why nothing was fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// An address that is not fetched from.
    #[error("got the address `{0}`, expected {1}")]
    Address(String, &'static str),
    /// No answer, or not one with status 200 within the limits.
    #[error("{url}: {cause}")]
    Answer {
        /// What was asked for.
        url: String,
        /// What came.
        cause: String,
    },
    /// The description is of another issuer.
    #[error("the description names the issuer `{got}`, expected `{expected}`")]
    Issuer {
        /// The one it names.
        got: String,
        /// The configured one.
        expected: String,
    },
}

/// An address that may be fetched from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    url: String,
    /// Whether it is of this machine and without TLS.
    is_plain: bool,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// What was expected.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let expected = "an address that begins with `https://`, or with `http://` and an address of this machine, without user, \
                        query and fragment";
        let uri: Uri = text.parse().map_err(|_| expected)?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        if host.is_empty() || authority.contains('@') || text.contains(['?', '#']) {
            return Err(expected);
        }
        let is_loopback = host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        match uri.scheme_str() {
            Some("https") => Ok(Self { url: text.to_owned(), is_plain: false }),
            Some("http") if is_loopback => Ok(Self { url: text.to_owned(), is_plain: true }),
            _ => Err(expected),
        }
    }
}

/// Fetches.
#[derive(Debug, Clone)]
pub struct Fetcher(ureq::Agent);

impl Default for Fetcher {
    fn default() -> Self {
        Self::new()
    }
}

impl Fetcher {
    /// A fetcher that keeps no connection.
    #[must_use]
    pub fn new() -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider).build();
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .proxy(None)
            .max_redirects(0)
            .max_idle_connections(0)
            .tls_config(tls)
            .build();
        Self(config.into())
    }

    /// The keys of an issuer, found by its description.
    ///
    /// # Errors
    ///
    /// [`FetchError`].
    pub async fn keys(&self, issuer: &str) -> Result<KeySet, FetchError> {
        let (client, issuer) = (self.clone(), issuer.to_owned());
        let url = issuer.clone();
        let fetched = tokio::task::spawn_blocking(move || client.keys_now(&issuer)).await;
        fetched.map_err(|error| FetchError::Answer { url, cause: error.to_string() })?
    }

    fn keys_now(&self, issuer: &str) -> Result<KeySet, FetchError> {
        let of_issuer = address(issuer)?;
        let described = address(&format!("{}{WELL_KNOWN}", issuer.trim_end_matches('/')))?;
        let bytes = self.get(&described)?;
        let wrong = |cause: &str| FetchError::Answer {
            url: described.url.clone(),
            cause: cause.to_owned(),
        };
        let limits = Limits { max_bytes: MOST_BYTES, max_depth: 16 };
        let json = parse(&bytes, &limits).map_err(|error| wrong(&error.to_string()))?;
        let text = |name: &str| json.get(name).and_then(Json::as_str);
        let got = text("issuer").unwrap_or_default();
        if got != issuer {
            let got = got.chars().take(200).collect();
            return Err(FetchError::Issuer { got, expected: issuer.to_owned() });
        }
        let keys = address(text("jwks_uri").ok_or_else(|| wrong("it has no `jwks_uri`"))?)?;
        if keys.is_plain && !of_issuer.is_plain {
            let expected = "an address with TLS, because the issuer has one";
            return Err(FetchError::Address(keys.url, expected));
        }
        let bytes = self.get(&keys)?;
        KeySet::parse(&bytes)
            .map_err(|error| FetchError::Answer { url: keys.url, cause: error.to_string() })
    }

    fn get(&self, address: &Address) -> Result<Vec<u8>, FetchError> {
        let wrong = |cause: String| FetchError::Answer { url: address.url.clone(), cause };
        let request = self.0.get(&address.url).header("Accept", "application/json");
        let mut answer = request.call().map_err(|error| wrong(error.to_string()))?;
        if answer.status().as_u16() != 200 {
            return Err(wrong(format!(
                "got the status {}, expected 200",
                answer.status().as_u16()
            )));
        }
        let body = answer.body_mut().with_config().limit(MOST_BYTES as u64);
        body.read_to_vec().map_err(|error| wrong(error.to_string()))
    }
}

fn address(text: &str) -> Result<Address, FetchError> {
    let shown = || text.chars().take(200).collect();
    Address::parse(text).map_err(|expected| FetchError::Address(shown(), expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_only_this_machine_is_asked() {
        for good in [
            "https://login.example",
            "https://login.example/realms/a",
            "http://127.0.0.1:8080",
            "http://[::1]:1/x",
        ] {
            assert!(Address::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "login.example",
            "http://login.example",
            "http://10.0.0.1",
            "http://localhost.evil.example",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "https://",
            "https://user@login.example",
            "https://login.example?x",
            "http://127.0.0.1@evil.example",
        ] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }
}
