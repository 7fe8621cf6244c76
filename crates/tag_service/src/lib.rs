//! Asks the service of whoever has the keys of UHF tags whether a response fits a challenge.
//!
//! The way through: [`HttpAuthenticator::new`] takes address and bearer token; as a [`TagAuthenticator`] it sends one exchange and
//! reads the answer, in the format that docs/formats/tag-check-v1.md describes.
//!
//! What holds: only an answer that says so, and that repeats the challenge, makes a tag pass or fail; whatever else comes (no answer,
//! a redirect, another status, too many bytes, another format) is [`Refusal::NotChecked`]; no redirect is followed and no proxy of the
//! environment is used, so the token goes to the configured host only; time and size are bounded; no message has the token.
//!
//! Not here: which address may be configured (`gate::oidc::fetch::Address`), when it is asked (`trace-api`).
//!
//! Source: docs/decisions/0100-uhf-tags-answer-a-challenge-of-ours.md.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ledger::json::{Json, Limits, object, parse};
use rustls::pki_types::CertificateDer;
use tag_auth::tam::{Exchange, Refusal, TagAuthenticator};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Version of the format, in questions and answers.
pub const FORMAT: &str = "chopmark.org/tag-check@v1";
/// What is checked.
const SUITE: &str = "ISO/IEC 29167-10 TAM1";
/// Longest time for a question and its answer.
pub const TIMEOUT: Duration = Duration::from_secs(3);
/// Most bytes of an answer.
pub const MOST_BYTES: usize = 4096;

/// A service that has the keys of a product's tags.
#[derive(Clone)]
pub struct HttpAuthenticator {
    agent: ureq::Agent,
    url: String,
    token: String,
    gtin: String,
}

impl fmt::Debug for HttpAuthenticator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("HttpAuthenticator").field("url", &self.url).finish_non_exhaustive()
    }
}

impl HttpAuthenticator {
    /// A service that is asked with this bearer token.
    ///
    /// - `url`: with TLS, or of this machine.
    /// - `gtin`: of the product, 14 digits; the service is told no more of the item.
    /// - `authorities`: who signs its certificate, and nobody else; the public authorities if there are none.
    #[must_use]
    pub fn new(
        url: &str,
        token: &str,
        gtin: &str,
        authorities: &[CertificateDer<'static>],
    ) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let own = authorities.iter().map(|one| Certificate::from_der(one).to_owned());
        let roots = match authorities {
            [] => RootCerts::WebPki,
            _ => RootCerts::from(own),
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
        Self {
            agent: config.into(),
            url: url.to_owned(),
            token: token.to_owned(),
            gtin: gtin.to_owned(),
        }
    }

    /// The answer of the service, or why there is none.
    fn ask(&self, exchange: &Exchange) -> Result<Json, String> {
        let question = self.question(exchange).canonical();
        let request = self.agent.post(&self.url).content_type("application/json");
        let request = request
            .header("Accept", "application/json")
            .header("Authorization", format!("Bearer {}", self.token));
        let mut answer = request.send(question.as_bytes()).map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(format!("got the status {status}, expected 200"));
        }
        let body = answer.body_mut().with_config().limit(MOST_BYTES as u64);
        let bytes = body.read_to_vec().map_err(|error| error.to_string())?;
        let limits = Limits { max_bytes: MOST_BYTES, max_depth: 8 };
        parse(&bytes, &limits).map_err(|error| error.to_string())
    }

    fn question(&self, exchange: &Exchange) -> Json {
        let text = |bytes: &[u8]| Json::from(&*hex::encode_upper(bytes));
        let mut members = vec![
            ("format", Json::from(FORMAT)),
            ("suite", Json::from(SUITE)),
            ("gtin", Json::from(&*self.gtin)),
            ("key_id", Json::from(u64::from(exchange.key_id))),
            ("challenge", text(&exchange.challenge)),
            ("response", text(&exchange.response)),
        ];
        if !exchange.tid.is_empty() {
            members.push(("tid", text(&exchange.tid)));
        }
        object(members)
    }
}

impl TagAuthenticator for HttpAuthenticator {
    fn check(&self, exchange: &Exchange) -> Result<(), Refusal> {
        let answer = self.ask(exchange).map_err(Refusal::NotChecked)?;
        let text = |name: &str| answer.get(name).and_then(Json::as_str).unwrap_or_default();
        let other = |name: &str, expected: &str| {
            let got: String = text(name).chars().take(60).flat_map(char::escape_debug).collect();
            Err(Refusal::NotChecked(format!("got `{got}` as {name}, expected {expected}")))
        };
        if text("format") != FORMAT {
            return other("format", FORMAT);
        }
        // An answer to another question, kept by somebody between, must not decide.
        if !text("challenge").eq_ignore_ascii_case(&hex::encode(exchange.challenge)) {
            return other("challenge", "the one of the question");
        }
        match text("result") {
            "passed" => Ok(()),
            "wrong" => Err(Refusal::Wrong),
            "unknown_key" => Err(Refusal::UnknownKey(exchange.key_id)),
            _ => other("result", "passed, wrong or unknown_key"),
        }
    }
}
