//! Sends a message to a subscriber, and to no machine that it must not reach.
//!
//! What holds: every address that a name leads to is checked at the moment of connecting, after the lookup, so that a name that
//! leads elsewhere meanwhile helps nobody; no redirect is followed; no proxy of the environment is used; time and answer are
//! bounded.
//!
//! Not here: which addresses may be reached ([`super::destination`]), what is sent ([`super::subscriber`]).
//!
//! Source: decision 0061.

use std::sync::Arc;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::TlsConfig;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use super::destination::may_reach;
use crate::network::Cidr;

/// Longest time for a message and its answer.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Longest time for a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Looks names up and leaves out the addresses that must not be reached.
#[derive(Debug)]
struct Guarded {
    inner: DefaultResolver,
    own_networks: Vec<Cidr>,
}

impl Resolver for Guarded {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let is_https = uri.scheme_str() == Some("https");
        let found = self.inner.resolve(uri, config, timeout)?;
        let mut kept = self.empty();
        for address in
            found.iter().filter(|found| may_reach(found.ip(), is_https, &self.own_networks))
        {
            kept.push(*address);
        }
        if kept.is_empty() { Err(ureq::Error::HostNotFound) } else { Ok(kept) }
    }
}

/// Sends messages.
#[derive(Debug, Clone)]
pub struct Sender(ureq::Agent);

/// What came of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The subscriber took it.
    Taken,
    /// The subscriber says that it is too large.
    TooLarge,
    /// Anything else, for people.
    Failed(String),
}

impl Sender {
    /// A sender that reaches public addresses and these networks.
    #[must_use]
    pub fn new(own_networks: Vec<Cidr>) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider).build();
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .timeout_connect(Some(CONNECT))
            .http_status_as_error(false)
            .proxy(None)
            .max_redirects(0)
            .max_idle_connections(0)
            .tls_config(tls)
            .build();
        let guarded = Guarded { inner: DefaultResolver::default(), own_networks };
        Self(ureq::Agent::with_parts(config, DefaultConnector::new(), guarded))
    }

    /// Sends a body with its signature; waits for the answer, so it runs where waiting is allowed.
    #[must_use]
    pub fn send(&self, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Outcome {
        let mut request = self.0.post(url).content_type("application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match request.send(body) {
            Ok(answer) if answer.status().is_success() => Outcome::Taken,
            Ok(answer) if answer.status().as_u16() == 413 => Outcome::TooLarge,
            Ok(answer) => Outcome::Failed(format!("got the status {}, expected 200", answer.status().as_u16())),
            Err(ureq::Error::HostNotFound) => Outcome::Failed(
                "got a host that leads to no address that may be reached, expected a public address with TLS".to_owned(),
            ),
            Err(error) => Outcome::Failed(format!("the message was not delivered: {error}")),
        }
    }
}
