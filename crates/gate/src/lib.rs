//! Who asks: from what a request shows to an identity with its grants, the same for every process that has a door.
//!
//! The way through: [`Gate::identify`] takes the `Authorization` headers of a request; a key of `chopmark access` is looked up in the
//! database (`key.rs`), anything else must be a token of a configured provider ([`oidc`]). [`Gate::identify_with`] looks at the client
//! certificate of the connection as well ([`certificate`]). Whoever was identified gets what two operators gave them for some hours
//! ([`emergency`], whose rows [`emergency_check`] compares with the log). [`Gate::allowed`] and [`Gate::allowed_with`] then ask `access::decide`, which alone says what the identity may do.
//!
//! People with a browser log in with a key or at a provider ([`login`]), and then show a session ([`session`]), which operators can end
//! ([`session_end`]). What was recorded of all this is read back from the end ([`log_walk`], [`log_entry`]).
//!
//! What holds:
//!
//! - nobody is identified by default: without exactly one header, a key that holds, or a token that verifies, there is no identity;
//! - a key that is unknown, or whose secret part is wrong, is answered alike;
//! - what cannot be checked at the moment is refused, and is not a refusal of who asks: [`Refusal::Unavailable`].
//!
//! What must be recorded before it is answered goes through [`read_log`], which every door has.
//!
//! Not here: what a role may do and see (`access`), the form of answers (the processes).
//!
//! Sources: RFC 6750; decisions 0058, 0065, 0071, 0072 and 0073.

pub mod certificate;
pub mod emergency;
pub mod emergency_check;
pub mod erasure;
mod key;
mod latest_time;
pub mod log_entry;
pub mod log_walk;
pub mod login;
pub mod oidc;
pub mod read_log;
mod refusal;
pub mod report_entry;
pub mod session;
pub mod session_end;
pub mod settings;
#[cfg(test)]
mod tests;

use access::{Act, ApiKey, Decision, Identity, Sight, decide};
use process::Clock;
use sql::Db;

use crate::latest_time::LatestTime;
use crate::oidc::Provider;
pub use crate::refusal::Refusal;
pub use crate::settings::Settings;

/// What was expected instead.
pub(crate) const EXPECTED: &str =
    "expected `Authorization: Bearer chm_…` with a key from `chopmark access key add`";

/// Identifies callers for one process.
#[derive(Debug)]
pub struct Gate {
    db: Db,
    clock: Clock,
    providers: Vec<Provider>,
    /// The latest time that was seen, for rights that last some hours.
    latest: LatestTime,
}

impl Gate {
    /// A gate of these providers; their keys are fetched when the first token comes.
    #[must_use]
    pub fn new(db: Db, clock: Clock, settings: Settings) -> Self {
        let provider = |settings| Provider::new(settings, clock.clone());
        let providers = settings.providers.into_iter().map(provider).collect();
        Self { db, clock, providers, latest: LatestTime::default() }
    }

    /// The caller.
    ///
    /// - `authorization`: every `Authorization` header of the request, as text; one that is no text as an empty one.
    ///
    /// # Errors
    ///
    /// [`Refusal`], but never [`Refusal::NotAllowed`].
    pub async fn identify(&self, authorization: &[&str]) -> Result<Identity, Refusal> {
        let refused = |got: &str| Refusal::NotIdentified(format!("got {got}, {}", self.expected()));
        let header = match authorization {
            [] => return Err(refused("no key")),
            [header] => *header,
            _ => return Err(refused("more than one `Authorization`")),
        };
        let shown = bearer(header).ok_or_else(|| refused("something that is no key"))?;
        let identity = match ApiKey::parse(shown) {
            Some(key) => self.holder_with(&key).await?,
            None => self.bearer_of(shown).await?,
        };
        self.with_emergencies(identity).await
    }

    /// What the caller may see, if they may do it.
    ///
    /// # Errors
    ///
    /// [`Refusal`].
    pub async fn allowed(
        &self,
        authorization: &[&str],
        act: Act,
    ) -> Result<(Identity, Sight), Refusal> {
        let identity = self.identify(authorization).await?;
        self.decided(identity, act)
    }

    /// What somebody who was identified may see, if they may do it.
    fn decided(&self, identity: Identity, act: Act) -> Result<(Identity, Sight), Refusal> {
        match decide(Some(&identity), act, self.clock.now()) {
            Decision::Allowed(sight) => Ok((identity, sight)),
            Decision::Refused { why, is_unknown: true } => Err(Refusal::NotIdentified(why)),
            Decision::Refused { why, is_unknown: false } => Err(Refusal::NotAllowed(why)),
        }
    }

    /// Who bears a token of a provider.
    async fn bearer_of(&self, token: &str) -> Result<Identity, Refusal> {
        let refused = |got: &str| Refusal::NotIdentified(format!("got {got}, {}", self.expected()));
        if self.providers.is_empty() {
            return Err(refused("something that is no key"));
        }
        let issuer = access::stated_issuer(token);
        let issuer = issuer.ok_or_else(|| refused("something that is no key and no token"))?;
        // The issuer is not verified yet; it only says whose keys are to be tried, and `identity` compares it again.
        let provider = self.providers.iter().find(|one| one.issuer() == issuer);
        provider.ok_or_else(|| refused("a token of another issuer"))?.identity(token).await
    }

    fn expected(&self) -> String {
        if self.providers.is_empty() {
            return EXPECTED.to_owned();
        }
        format!("{EXPECTED}, or a token of a provider in [[oidc]]")
    }
}

/// What a bearer shows.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, shown) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(shown.trim())
}

/// What names the key of a header; nothing if it shows something else. It can be stored.
#[must_use]
pub fn prefix(header: &str) -> Option<String> {
    Some(ApiKey::parse(bearer(header)?)?.prefix().to_owned())
}
