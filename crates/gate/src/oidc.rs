//! A provider of identities: what it publishes, fetched, kept for a while, and the tokens that its keys verify.
//!
//! The way through: [`Provider::identity`], and [`Provider::logged_in`] for the token of a login, tries the keys that are known; where they are old, or lack the one that the token names,
//! they are fetched ([`fetch`]) and the token is tried again.
//!
//! What holds:
//!
//! - keys are used for at most [`KEYS_LAST`] after they were fetched: a key that the provider took away opens nothing after that;
//! - strangers' tokens make us ask the provider at most once in [`ASKED_AGAIN`], whatever keys they name;
//! - one request fetches; tokens whose key is known do not wait for it;
//! - what a token says about where its keys are (`jku`, `x5u`, `jwk`) is not read.
//!
//! Not here: what makes a token valid (`access::Provider`).
//!
//! Sources: OIDC Discovery 1.0 sections 3 and 4; RFC 8725; decision 0065.

pub mod fetch;
#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use access::{Identity, KeySet, Login, TokenError};
use process::Clock;
use tokio::sync::Mutex;

use self::fetch::{Endpoints, Exchange, Fetcher, Published};
use crate::refusal::Refusal;
use crate::settings::{Client, ProviderSettings};

/// After how long keys are fetched again when they are next needed.
pub const KEYS_ARE_NEW: Duration = Duration::from_mins(10);
/// How long keys are used if the provider does not answer.
pub const KEYS_LAST: Duration = Duration::from_hours(1);
/// Shortest time between two requests for keys.
pub const ASKED_AGAIN: Duration = Duration::from_secs(30);

/// What a provider published, and when it came.
#[derive(Debug, Clone)]
struct Known {
    published: Arc<Published>,
    at: Instant,
}

impl Known {
    fn keys(&self) -> &KeySet {
        &self.published.keys
    }
}

/// A configured provider with what is known of it.
#[derive(Debug)]
pub struct Provider {
    settings: access::Provider,
    /// How people log in there, if they do.
    client: Option<Client>,
    clock: Clock,
    fetcher: Fetcher,
    known: RwLock<Option<Known>>,
    /// When it was last asked; whoever holds this is asking.
    asked: Mutex<Option<Instant>>,
}

impl Provider {
    /// A provider of which nothing is known yet.
    #[must_use]
    pub fn new(settings: ProviderSettings, clock: Clock) -> Self {
        let ProviderSettings { provider, client, authorities } = settings;
        let (known, asked, fetcher) =
            (RwLock::default(), Mutex::default(), Fetcher::new(&authorities));
        Self { settings: provider, client, clock, fetcher, known, asked }
    }

    /// Its issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// How people log in there, if they do.
    #[must_use]
    pub fn client(&self) -> Option<&Client> {
        self.client.as_ref()
    }

    /// Where people log in.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unavailable`] if it does not say.
    pub async fn endpoints(&self) -> Result<Endpoints, Refusal> {
        let endpoints = self.current().await?.published.endpoints.clone();
        endpoints.map_err(|why| {
            Refusal::Unavailable(format!("nobody can log in at {}: {why}", self.issuer()))
        })
    }

    /// The ID token for a code.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotIdentified`] if it refuses the code, [`Refusal::Unavailable`] if it does not answer.
    pub async fn exchange(
        &self,
        endpoints: &Endpoints,
        exchange: Exchange,
    ) -> Result<String, Refusal> {
        match self.fetcher.exchange(endpoints, exchange).await {
            Ok(Ok(token)) => Ok(token),
            Ok(Err(said)) => {
                let why = format!("the provider did not take the code: `{said}`");
                Err(Refusal::NotIdentified(why))
            }
            Err(problem) => {
                let issuer = self.issuer();
                tracing::warn!(issuer, %problem, "a code was not exchanged");
                Err(Refusal::Unavailable(format!("{issuer} does not exchange codes: {problem}")))
            }
        }
    }

    /// Who logged in, by the ID token of a login.
    ///
    /// # Errors
    ///
    /// As [`Self::identity`].
    pub async fn logged_in(&self, token: &str, login: &Login<'_>) -> Result<Identity, Refusal> {
        let now = self.clock.now();
        let tried = |keys: &KeySet| self.settings.logged_in(token, keys, now, login);
        self.verified(tried).await
    }

    /// Who bears this token.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotIdentified`] if it shows nobody, [`Refusal::Unavailable`] without keys to check it with.
    pub async fn identity(&self, token: &str) -> Result<Identity, Refusal> {
        let now = self.clock.now();
        self.verified(|keys| self.settings.identity(token, keys, now)).await
    }

    /// What `tried` says with the keys as they are known, or with newer ones if a key is missing.
    async fn verified(
        &self,
        tried: impl Fn(&KeySet) -> Result<Identity, TokenError>,
    ) -> Result<Identity, Refusal> {
        let known = self.current().await?;
        match tried(known.keys()) {
            Err(TokenError::UnknownKey(_)) => {
                let newer = self.asked_after(Some(known)).await?;
                tried(newer.keys()).map_err(|error| refused(&error))
            }
            outcome => outcome.map_err(|error| refused(&error)),
        }
    }

    /// What is known, if it is new; otherwise what is known after asking.
    async fn current(&self) -> Result<Known, Refusal> {
        match self.known() {
            Some(known) if self.age(&known) < KEYS_ARE_NEW => Ok(known),
            other => self.asked_after(other).await,
        }
    }

    fn known(&self) -> Option<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn age(&self, known: &Known) -> Duration {
        self.clock.instant().saturating_duration_since(known.at)
    }

    /// Keys that are newer than these, or these if the provider was asked a moment ago or does not answer, and they are not
    /// too old.
    async fn asked_after(&self, before: Option<Known>) -> Result<Known, Refusal> {
        let mut asked = self.asked.lock().await;
        // Another request may have fetched them while this one waited.
        let current = self.known();
        let is_newer = |known: &Known| before.as_ref().is_none_or(|before| before.at < known.at);
        if let Some(known) = current.filter(is_newer)
            && self.age(&known) < KEYS_ARE_NEW
        {
            return Ok(known);
        }
        let now = self.clock.instant();
        let is_recent = asked.is_some_and(|at| now.saturating_duration_since(at) < ASKED_AGAIN);
        let mut why = "it was asked a moment ago".to_owned();
        if !is_recent {
            *asked = Some(now);
            match self.fetcher.published(self.issuer()).await {
                Ok(published) => {
                    let published = Arc::new(published);
                    let known = Known { published, at: self.clock.instant() };
                    *self.known.write().unwrap_or_else(PoisonError::into_inner) =
                        Some(known.clone());
                    return Ok(known);
                }
                Err(problem) => {
                    tracing::warn!(issuer = self.issuer(), %problem, "the keys of a provider were not fetched");
                    why = problem.to_string();
                }
            }
        }
        before.filter(|known| self.age(known) < KEYS_LAST).ok_or_else(|| {
            let issuer = self.issuer();
            Refusal::Unavailable(format!("there are no keys of {issuer}: {why}"))
        })
    }
}

fn refused(error: &TokenError) -> Refusal {
    Refusal::NotIdentified(error.to_string())
}
