//! Fetches what a provider publishes, its description and its keys, and exchanges codes for ID tokens.
//!
//! What holds: with TLS, or from this machine if the issuer is of this machine too; every address that the provider names is checked by
//! the same authorities; no redirect is followed, no proxy of the environment is used; time and size are bounded; a description that names another issuer is refused; no message has a code, a
//! client's secret or a token.
//!
//! Not here: when ([`super::Provider`]).
//!
//! Sources: OIDC Discovery 1.0 sections 3 and 4.1 to 4.3; RFC 6749 sections 2.3.1 and 4.1.3; RFC 7636 section 4.5; RFC 9207 (mix-up).

use std::sync::Arc;
use std::time::Duration;

use access::KeySet;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ledger::json::{Json, Limits, parse};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::pki_types::CertificateDer;
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Longest time for one answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Most bytes of an answer.
const MOST_BYTES: usize = 256 * 1024;
/// Where a provider describes itself, below its issuer.
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// What stands in a form or an address as it is (RFC 3986 section 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A value as it stands in an address or a form.
#[must_use]
pub fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// The certificate of an authority, DER.
pub type Authority = CertificateDer<'static>;

/// What is known of a provider.
#[derive(Debug, Clone)]
pub struct Published {
    /// Its keys.
    pub keys: KeySet,
    /// Where people log in; why they cannot, if it does not say.
    pub endpoints: Result<Endpoints, String>,
}

/// Where people log in at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Where browsers are sent.
    pub authorization: String,
    /// Where codes are exchanged.
    token: Address,
    /// Whether its answers state the issuer.
    pub states_issuer: bool,
    /// Whether a client's secret goes into the form, and not into a header.
    takes_secret_in_form: bool,
}

/// A code to exchange.
#[derive(Clone)]
pub struct Exchange {
    /// The code.
    pub code: String,
    /// What the challenge was made of.
    pub verifier: String,
    /// Our address to which the code was sent.
    pub redirect_url: String,
    /// Our name as a client.
    pub client_id: String,
    /// Our secret as a client, if we were given one.
    pub client_secret: Option<String>,
}

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

const EXPECTED: &str = "an address that begins with `https://`, or with `http://` and an address of this machine, without user, query \
                        and fragment";

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
        if text.contains('?') {
            return Err(EXPECTED);
        }
        Self::parse_endpoint(text)
    }

    /// Reads an address that may have a query.
    fn parse_endpoint(text: &str) -> Result<Self, &'static str> {
        let expected = EXPECTED;
        let uri: Uri = text.parse().map_err(|_| expected)?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        if host.is_empty() || authority.contains('@') || text.contains('#') {
            return Err(expected);
        }
        let is_loopback = host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        match uri.scheme_str() {
            Some("https") => Ok(Self { url: text.to_owned(), is_plain: false }),
            Some("http") if is_loopback => Ok(Self { url: text.to_owned(), is_plain: true }),
            _ => Err(expected),
        }
    }

    /// This address, if the issuer may lead there.
    fn of(self, issuer: &Self) -> Result<Self, FetchError> {
        if self.is_plain && !issuer.is_plain {
            let expected = "an address with TLS, because the issuer has one";
            return Err(FetchError::Address(self.url, expected));
        }
        Ok(self)
    }
}

/// Fetches from one provider.
#[derive(Debug, Clone)]
pub struct Fetcher {
    agent: ureq::Agent,
    /// By whom its certificates must be signed, in words.
    signed_by: &'static str,
}

impl Fetcher {
    /// A fetcher that keeps no connection.
    ///
    /// - `authorities`: who signs the provider's certificates, and nobody else; the public authorities if there are none.
    #[must_use]
    pub fn new(authorities: &[Authority]) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let own = authorities.iter().map(|one| Certificate::from_der(one).to_owned());
        let (roots, signed_by) = match authorities {
            [] => (RootCerts::WebPki, "a public authority, or `ca` in [[oidc]] with others"),
            _ => (RootCerts::from(own), "an authority of `ca` in [[oidc]]"),
        };
        let tls =
            TlsConfig::builder().unversioned_rustls_crypto_provider(provider).root_certs(roots);
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .proxy(None)
            .max_redirects(0)
            .max_idle_connections(0)
            .tls_config(tls.build())
            .build();
        Self { agent: config.into(), signed_by }
    }

    /// Why a request failed; of a certificate, what is wrong and what was expected.
    fn cause(&self, error: &ureq::Error) -> String {
        let of_tls = match error {
            ureq::Error::Io(error) => error.get_ref().and_then(|inner| inner.downcast_ref()),
            ureq::Error::Rustls(error) => Some(error),
            _ => None,
        };
        match of_tls {
            Some(rustls::Error::InvalidCertificate(why)) => {
                let signed_by = self.signed_by;
                format!(
                    "its certificate is refused ({why}); expected one for this host, valid now, signed by {signed_by}"
                )
            }
            _ => error.to_string(),
        }
    }

    /// What an issuer publishes.
    ///
    /// # Errors
    ///
    /// [`FetchError`].
    pub async fn published(&self, issuer: &str) -> Result<Published, FetchError> {
        let (client, issuer) = (self.clone(), issuer.to_owned());
        let url = issuer.clone();
        let fetched = tokio::task::spawn_blocking(move || client.published_now(&issuer)).await;
        fetched.map_err(|error| FetchError::Answer { url, cause: error.to_string() })?
    }

    fn published_now(&self, issuer: &str) -> Result<Published, FetchError> {
        let of_issuer = address(issuer)?;
        let described = address(&format!("{}{WELL_KNOWN}", issuer.trim_end_matches('/')))?;
        let bytes = self.get(&described)?;
        let wrong = |cause: &str| FetchError::Answer {
            url: described.url.clone(),
            cause: cause.to_owned(),
        };
        let json = json(&bytes).map_err(|cause| wrong(&cause))?;
        let text = |name: &str| json.get(name).and_then(Json::as_str);
        let got = text("issuer").unwrap_or_default();
        if got != issuer {
            let got = got.chars().take(200).collect();
            return Err(FetchError::Issuer { got, expected: issuer.to_owned() });
        }
        let keys = address(text("jwks_uri").ok_or_else(|| wrong("it has no `jwks_uri`"))?)?;
        let keys = keys.of(&of_issuer)?;
        let endpoints = endpoints(&json, &of_issuer);
        let bytes = self.get(&keys)?;
        let keys = KeySet::parse(&bytes)
            .map_err(|error| FetchError::Answer { url: keys.url, cause: error.to_string() })?;
        Ok(Published { keys, endpoints })
    }

    /// The ID token for a code; or, if the provider refuses the code, what it says.
    ///
    /// # Errors
    ///
    /// [`FetchError`] if the provider does not answer.
    pub async fn exchange(
        &self,
        endpoints: &Endpoints,
        exchange: Exchange,
    ) -> Result<Result<String, String>, FetchError> {
        let (client, endpoints) = (self.clone(), endpoints.clone());
        let url = endpoints.token.url.clone();
        let exchanged =
            tokio::task::spawn_blocking(move || client.exchange_now(&endpoints, &exchange)).await;
        exchanged.map_err(|error| FetchError::Answer { url, cause: error.to_string() })?
    }

    fn exchange_now(
        &self,
        endpoints: &Endpoints,
        exchange: &Exchange,
    ) -> Result<Result<String, String>, FetchError> {
        let url = &endpoints.token.url;
        let wrong = |cause: String| FetchError::Answer { url: url.clone(), cause };
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", &exchange.code),
            ("redirect_uri", &exchange.redirect_url),
            ("code_verifier", &exchange.verifier),
        ];
        let mut request = self.agent.post(url).header("Accept", "application/json");
        match &exchange.client_secret {
            Some(secret) if !endpoints.takes_secret_in_form => {
                let pair = format!("{}:{}", escaped(&exchange.client_id), escaped(secret));
                request = request.header("Authorization", format!("Basic {}", BASE64.encode(pair)));
            }
            secret => {
                form.push(("client_id", &exchange.client_id));
                form.extend(secret.as_deref().map(|secret| ("client_secret", secret)));
            }
        }
        let mut answer = request.send_form(form).map_err(|error| wrong(self.cause(&error)))?;
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(MOST_BYTES as u64);
        let bytes = body.read_to_vec().map_err(|error| wrong(error.to_string()))?;
        if !matches!(status, 200 | 400 | 401) {
            return Err(wrong(format!("got the status {status}, expected 200")));
        }
        let json = json(&bytes).map_err(wrong)?;
        let text = |name: &str| json.get(name).and_then(Json::as_str);
        if status != 200 {
            let said = text("error").unwrap_or_default().chars();
            return Ok(Err(said.filter(char::is_ascii_graphic).take(60).collect()));
        }
        let token = text("id_token").map(str::to_owned);
        Ok(Ok(token.ok_or_else(|| wrong("it gave no `id_token`".to_owned()))?))
    }

    fn get(&self, address: &Address) -> Result<Vec<u8>, FetchError> {
        let wrong = |cause: String| FetchError::Answer { url: address.url.clone(), cause };
        let request = self.agent.get(&address.url).header("Accept", "application/json");
        let mut answer = request.call().map_err(|error| wrong(self.cause(&error)))?;
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

fn json(bytes: &[u8]) -> Result<Json, String> {
    let limits = Limits { max_bytes: MOST_BYTES, max_depth: 16 };
    parse(bytes, &limits).map_err(|error| error.to_string())
}

/// Where people log in, as a description says.
fn endpoints(described: &Json, issuer: &Address) -> Result<Endpoints, String> {
    let list = |name: &str| -> Option<Vec<&str>> {
        described.get(name)?.as_array()?.iter().map(Json::as_str).collect()
    };
    let endpoint = |name: &str| {
        let text = described.get(name).and_then(Json::as_str);
        let text = text.ok_or_else(|| format!("its description has no `{name}`"))?;
        let address = Address::parse_endpoint(text)
            .map_err(|expected| format!("`{name}`: got an address, expected {expected}"))?;
        address.of(issuer).map_err(|error| error.to_string())
    };
    if list("code_challenge_methods_supported").is_some_and(|all| !all.contains(&"S256")) {
        return Err("it does not take PKCE challenges of the method S256".to_owned());
    }
    let means = list("token_endpoint_auth_methods_supported").unwrap_or_default();
    let states_issuer = described.get("authorization_response_iss_parameter_supported");
    Ok(Endpoints {
        authorization: endpoint("authorization_endpoint")?.url,
        token: endpoint("token_endpoint")?,
        states_issuer: states_issuer.and_then(Json::as_bool) == Some(true),
        takes_secret_in_form: !means.contains(&"client_secret_basic")
            && means.contains(&"client_secret_post"),
    })
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
