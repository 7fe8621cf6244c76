//! Keys of `chopmark access`: from the database to their holder.
//!
//! What holds: the secret part is compared before anything is said about a key; that a key was used is known to the minute.
//!
//! Source: decision 0058.

use access::{ApiKey, Grant, Identity, Means};
use jiff::{SignedDuration, Timestamp};
use sql::access_keys::StoredKey;
use sql::access_limits::StoredLimits;

use crate::emergency::what;
use crate::{EXPECTED, Gate, Refusal};

/// How exactly the last use of a key is known.
pub(crate) const USE_IS_KNOWN_TO: SignedDuration = SignedDuration::from_mins(1);

impl Gate {
    /// The holder of a whole key; its use is noted.
    pub(crate) async fn holder_with(&self, key: &ApiKey) -> Result<Identity, Refusal> {
        let stored = sql::access_keys::find(&self.db, key.prefix()).await?;
        let stored = stored.filter(|stored| stored.key_sha256 == key.digest());
        let unknown = || Refusal::NotIdentified(format!("got a key that is not known, {EXPECTED}"));
        let stored = stored.ok_or_else(unknown)?;
        let now = self.clock.now();
        let identity = holder(&stored, now)?;
        let is_noted =
            stored.last_used_at.is_some_and(|at| now.duration_since(at) < USE_IS_KNOWN_TO);
        if !is_noted {
            let note = async |tx: &sql::Transaction<'_>| {
                sql::access_keys::used(tx, &stored.prefix, now).await
            };
            self.db.run_tx("gate.key_used", note).await?;
        }
        Ok(identity)
    }

    /// The holder of the key that `prefix` names, as it is now: for what goes on after the request, such as subscriptions.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotIdentified`] if there is no such key, or it was revoked or has expired meanwhile.
    pub async fn holder_of(&self, prefix: &str) -> Result<Identity, Refusal> {
        let stored = sql::access_keys::find(&self.db, prefix).await?;
        let unknown = || Refusal::NotIdentified(format!("there is no key {prefix}"));
        let identity = holder(&stored.ok_or_else(unknown)?, self.clock.now())?;
        self.with_emergencies(identity).await
    }
}

/// The holder of a key, while it holds.
fn holder(stored: &StoredKey, now: Timestamp) -> Result<Identity, Refusal> {
    let ended = |how: &str, at: Timestamp| {
        let prefix = &stored.prefix;
        let expected = "expected a key from `chopmark access key add` that holds";
        Refusal::NotIdentified(format!("got the key {prefix}, which {how} at {at}, {expected}"))
    };
    if let Some(at) = stored.revoked_at {
        return Err(ended("was revoked", at));
    }
    if stored.expires_at <= now {
        return Err(ended("expired", stored.expires_at));
    }
    let grant = grant(stored).map_err(|error| {
        Refusal::Internal(format!("the key {} cannot be understood: {error}", stored.prefix))
    })?;
    let subject = stored.subject.clone();
    Ok(Identity { subject, means: Means::ApiKey, grants: vec![grant] })
}

/// What a stored key gives; one that cannot be understood gives nothing.
fn grant(stored: &StoredKey) -> Result<Grant, String> {
    let (role, scope) = what(&StoredLimits::of_key(stored))?;
    Grant::new(role, scope, Some(stored.expires_at)).map_err(|error| error.to_string())
}
