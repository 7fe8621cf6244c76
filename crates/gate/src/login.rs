//! Logging in at a provider: the authorization code flow with PKCE, from the first redirect to a session.
//!
//! The way through: [`Gate::begin_login`] makes a [`PendingLogin`], which the browser keeps in a cookie, and the address at the provider
//! to which it is sent; the provider sends it back with a code, and [`Gate::finish_login`] exchanges the code for an ID token,
//! verifies that, and begins a session.
//!
//! What holds:
//!
//! - state, nonce and the PKCE verifier are made of one secret that only this browser has: whoever steals one of them from an address
//!   cannot end the login, and a code that was obtained in another login is refused by the provider (PKCE) and by the nonce;
//! - nothing is stored for a login that was begun: strangers cannot fill a table. What belongs to it (issuer, time, way back) is part of
//!   the state, so that a cookie that was changed fits no answer;
//! - a login begins one session: its digest is stored with the session, and is unique;
//! - the code goes to the token endpoint that the provider's own description names, with TLS, and to no other;
//! - a provider that says that it states its issuer in answers must state it (mix-up).
//!
//! Not here: what makes a token valid (`access::Provider`), cookies and addresses of ours (`desk`).
//!
//! Sources: OIDC Core 1.0 section 3.1; RFC 6749 sections 4.1 and 10.12; RFC 7636; RFC 9207; RFC 9700; decision 0071.

use access::{Identity, Login, SECRET_BYTES, SessionSecret};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ledger::Hash;
use ledger::hash::{hmac_sha256, sha256};
use process::Randomness;

use crate::oidc::Provider;
use crate::oidc::fetch::{Exchange, escaped};
use crate::settings::Client;
use crate::{Gate, Refusal};

/// How long a login may take.
pub const LOGIN_LASTS: SignedDuration = SignedDuration::from_mins(10);
/// Most characters of a code that is passed on.
const MOST_CODE: usize = 4096;

/// A login under way, as the browser keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct PendingLogin {
    secret: [u8; SECRET_BYTES],
    issuer: String,
    began_at: Timestamp,
    /// Where the browser goes afterwards: a path of ours.
    pub way_back: String,
}

impl std::fmt::Debug for PendingLogin {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "PendingLogin({}, secret)", self.issuer)
    }
}

impl PendingLogin {
    /// As a cookie has it.
    #[must_use]
    pub fn text(&self) -> String {
        let encoded = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
        format!(
            "{}.{}.{}.{}",
            encoded(&self.secret),
            self.began_at.as_second(),
            encoded(self.issuer.as_bytes()),
            encoded(self.way_back.as_bytes())
        )
    }

    /// Reads what [`Self::text`] wrote. Nothing of it is verified: the state does that.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mut next = || parts.next();
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let secret = decoded(next()?)?.try_into().ok()?;
        let began_at = Timestamp::from_second(next()?.parse().ok()?).ok()?;
        let issuer = String::from_utf8(decoded(next()?)?).ok()?;
        let way_back = String::from_utf8(decoded(next()?)?).ok()?;
        parts.next().is_none().then_some(Self { secret, issuer, began_at, way_back })
    }

    /// Something that is made of the secret for one purpose, and does not show it.
    fn derived(&self, purpose: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac_sha256(&self.secret, purpose.as_bytes()))
    }

    /// What the provider repeats in the address: it binds the answer to all of this.
    fn state(&self) -> String {
        let Self { issuer, began_at, way_back, .. } = self;
        // Neither an issuer nor a path has a line break.
        let began = began_at.as_second();
        self.derived(&format!("chopmark login state\n{began}\n{issuer}\n{way_back}"))
    }

    /// What the provider repeats in the ID token.
    fn nonce(&self) -> String {
        self.derived("chopmark login nonce")
    }

    /// What only we can show when the code is exchanged (PKCE): 43 characters.
    fn verifier(&self) -> String {
        self.derived("chopmark login verifier")
    }

    /// What the provider is told of the verifier at first (S256).
    fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(sha256(self.verifier().as_bytes()).0)
    }

    /// What makes this login different from every other.
    fn digest(&self) -> Hash {
        sha256(self.derived("chopmark login digest").as_bytes())
    }
}

/// The answer of a provider, as the browser brings it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Returned {
    /// `state`.
    pub state: Option<String>,
    /// `code`.
    pub code: Option<String>,
    /// `iss`.
    pub issuer: Option<String>,
    /// `error`.
    pub error: Option<String>,
}

impl Gate {
    /// The providers at which people log in: issuer, and name for people.
    pub fn login_providers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.providers
            .iter()
            .filter_map(|provider| Some((provider.issuer(), provider.client()?.name.as_str())))
    }

    pub(crate) fn is_login_provider(&self, issuer: &str) -> bool {
        self.login_provider(issuer).is_some()
    }

    fn login_provider(&self, issuer: &str) -> Option<(&Provider, &Client)> {
        let provider = self.providers.iter().find(|one| one.issuer() == issuer)?;
        Some((provider, provider.client()?))
    }

    /// Begins a login; gives what the browser keeps, and the address at the provider that it goes to.
    ///
    /// - `redirect_url`: our address to which the provider sends it back.
    /// - `way_back`: the path of ours to which it goes afterwards.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotIdentified`] for an issuer at which nobody logs in, [`Refusal::Unavailable`] if the provider does not answer.
    pub async fn begin_login(
        &self,
        issuer: &str,
        redirect_url: &str,
        way_back: &str,
        random: &Randomness,
    ) -> Result<(PendingLogin, String), Refusal> {
        let unknown = || Refusal::NotIdentified("got an issuer at which nobody logs in".to_owned());
        let (provider, client) = self.login_provider(issuer).ok_or_else(unknown)?;
        let endpoints = provider.endpoints().await?;
        let pending = PendingLogin {
            secret: crate::session::bytes(random)?,
            issuer: issuer.to_owned(),
            began_at: self.clock.now(),
            way_back: way_back.to_owned(),
        };
        let parameters = [
            ("response_type", "code"),
            ("client_id", &client.client_id),
            ("redirect_uri", redirect_url),
            ("scope", &client.scopes.join(" ")),
            ("state", &pending.state()),
            ("nonce", &pending.nonce()),
            ("code_challenge", &pending.challenge()),
            ("code_challenge_method", "S256"),
        ];
        let sign = if endpoints.authorization.contains('?') { '&' } else { '?' };
        let parameters = parameters.map(|(name, value)| format!("{name}={}", escaped(value)));
        let url = format!("{}{sign}{}", endpoints.authorization, parameters.join("&"));
        Ok((pending, url))
    }

    /// Ends a login: gives the secret of the session that it begins.
    ///
    /// - `pending`: what this browser keeps.
    /// - `redirect_url`: as it was at the beginning.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotIdentified`] if the answer does not belong to this login, the login took too long or was ended before, or the
    /// provider did not let them in; [`Refusal::Unavailable`] if the provider does not answer.
    pub async fn finish_login(
        &self,
        pending: &PendingLogin,
        returned: &Returned,
        redirect_url: &str,
        random: &Randomness,
    ) -> Result<(Identity, SessionSecret), Refusal> {
        let refused = |why: &str| Refusal::NotIdentified(why.to_owned());
        let state = returned.state.as_deref().unwrap_or_default();
        if sha256(state.as_bytes()) != sha256(pending.state().as_bytes()) {
            return Err(refused("the answer belongs to another login than this browser's"));
        }
        let now = self.clock.now();
        let age = now.duration_since(pending.began_at);
        if age >= LOGIN_LASTS || age < SignedDuration::ZERO {
            return Err(refused("the login took more than 10 minutes"));
        }
        let provider = self.login_provider(&pending.issuer);
        let (provider, client) =
            provider.ok_or_else(|| refused("nobody logs in at this provider any more"))?;
        let endpoints = provider.endpoints().await?;
        match &returned.issuer {
            Some(issuer) if *issuer != pending.issuer => {
                return Err(refused("the answer is of another provider than the login"));
            }
            None if endpoints.states_issuer => {
                return Err(refused("the answer does not state its issuer, as the provider does"));
            }
            _ => {}
        }
        if let Some(error) = &returned.error {
            let error: String = error.chars().filter(char::is_ascii_graphic).take(60).collect();
            return Err(refused(&format!("the provider answered `{error}`")));
        }
        let code = returned.code.as_deref().filter(|code| (1..=MOST_CODE).contains(&code.len()));
        let code = code.ok_or_else(|| refused("the answer has no code"))?;
        let exchange = Exchange {
            code: code.to_owned(),
            verifier: pending.verifier(),
            redirect_url: redirect_url.to_owned(),
            client_id: client.client_id.clone(),
            client_secret: client.secret.clone(),
        };
        let token = provider.exchange(&endpoints, exchange).await?;
        let nonce = pending.nonce();
        let until = crate::session::latest_end(now);
        let login = Login { client_id: &client.client_id, nonce: &nonce, until };
        let identity = provider.logged_in(&token, &login).await?;
        let issuer = provider.issuer();
        let begun = self.begin_with_provider(&identity, issuer, &pending.digest(), random).await?;
        let secret = begun.ok_or_else(|| refused("this login was ended before"))?;
        Ok((identity, secret))
    }
}
