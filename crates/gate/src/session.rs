//! Sessions of people who logged in with a browser: begun with a key or at a provider, looked up with each request, ended.
//!
//! The way through: [`Gate::log_in_with_key`], or the end of a [`crate::login`], stores a session and gives its secret, which goes
//! into a cookie; [`Gate::visit`] says who shows a secret, and gives a new one when its time has come; [`Gate::log_out`] ends it.
//!
//! What holds:
//!
//! - of a secret only its SHA-256 is stored, and a session has the secret that was made for it: none is taken from the browser;
//! - a session of a key gives what the key gives now: it ends with the request after the key was revoked;
//! - a session of a provider gives what the claims gave at the login, at most for twelve hours; it ends when the provider is taken
//!   out of the configuration. What is stored of it is checked again like a configuration;
//! - one of several requests at the same time replaces a secret; the others go on with the secret before, for reading only;
//! - whoever shows the secret before when its time is over ends the session.
//!
//! Not here: how long things last (`access::Session`), cookies and forms (`desk`), who ends sessions of others ([`crate::session_end`]).
//!
//! Source: decision 0071.

use access::{ApiKey, SECRET_BYTES, Standing};
use access::{Grant, Identity, LONGEST, Means, Role, Scope, Session, SessionEnded, SessionSecret};
use jiff::{SignedDuration, Timestamp};
use ledger::Hash;
use ledger::json::{Json, Limits, object, parse};
use process::Randomness;
use sql::sessions::{LoggedInBy, NewSession, StoredSession};

use crate::{Gate, Refusal};

/// How exactly the last use of a session is known.
const USE_IS_KNOWN_TO: SignedDuration = SignedDuration::from_mins(1);
/// Most bytes of stored grants, as the table has it.
const MOST_GRANTS: usize = 256 * 1024;
/// After how long a session that began is deleted: longer than any lasts, and than any login waits.
const KEPT: SignedDuration = SignedDuration::from_hours(25);

/// Somebody who shows a session.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Who it is.
    pub identity: Identity,
    /// The secret as it is now, also after this request.
    pub secret: SessionSecret,
    /// Whether the browser must be given [`Self::secret`].
    pub is_new_secret: bool,
    /// Whether the browser showed the secret before: then nothing may be changed.
    pub is_read_only: bool,
    /// How they logged in.
    pub by: LoggedInBy,
    /// When they logged in.
    pub began_at: Timestamp,
    /// When the session ends at the latest.
    pub ends_at: Timestamp,
}

impl Gate {
    /// Begins a session for whoever has this key.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotIdentified`] if it is no key that holds; whoever shows it to people says the same in every case.
    pub async fn log_in_with_key(
        &self,
        text: &str,
        random: &Randomness,
    ) -> Result<SessionSecret, Refusal> {
        let unknown = || Refusal::NotIdentified("got something that is no key".to_owned());
        let key = ApiKey::parse(text.trim()).ok_or_else(unknown)?;
        let identity = self.holder_with(&key).await?;
        let by = LoggedInBy::Key(key.prefix().to_owned());
        let begun = self.begin(&identity.subject, &by, None, "[]", random).await?;
        begun.ok_or_else(|| Refusal::Internal("a session without a login was not stored".into()))
    }

    /// Begins a session for somebody who logged in at a provider; none if this login began one before.
    ///
    /// - `login`: SHA-256 of what makes the login different from every other.
    pub(crate) async fn begin_with_provider(
        &self,
        identity: &Identity,
        issuer: &str,
        login: &Hash,
        random: &Randomness,
    ) -> Result<Option<SessionSecret>, Refusal> {
        let by = LoggedInBy::Provider(issuer.to_owned());
        let grants = stated(&identity.grants);
        if grants.len() > MOST_GRANTS {
            let got = grants.len();
            return Err(Refusal::NotAllowed(format!(
                "the claims give {got} bytes of limits, expected at most {MOST_GRANTS}"
            )));
        }
        self.begin(&identity.subject, &by, Some(login), &grants, random).await
    }

    async fn begin(
        &self,
        subject: &str,
        by: &LoggedInBy,
        login: Option<&Hash>,
        grants: &str,
        random: &Randomness,
    ) -> Result<Option<SessionSecret>, Refusal> {
        let secret = SessionSecret::of(bytes(random)?, bytes(random)?);
        let session = Session::begin(&secret, self.clock.now());
        let new = NewSession {
            secret: &session.digest,
            login,
            by,
            subject,
            grants,
            began_at: session.began_at,
        };
        let store = async |tx: &sql::Transaction<'_>| sql::sessions::insert(tx, &new).await;
        let is_stored = self.db.run_tx("gate.session_begun", store).await?;
        Ok(is_stored.then_some(secret))
    }

    /// Who shows this secret.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotIdentified`] if the session ended or never was, or its holder is none any more.
    pub async fn visit(
        &self,
        shown: &SessionSecret,
        random: &Randomness,
    ) -> Result<Visit, Refusal> {
        let refused = |why: SessionEnded| Refusal::NotIdentified(why.to_string());
        let stored = sql::sessions::find(&self.db, &shown.digest()).await?;
        let stored = stored.ok_or_else(|| refused(SessionEnded::Unknown))?;
        let (session, now) = (session_of(&stored), self.clock.now());
        let standing = match session.check(shown, now) {
            Ok(standing) => standing,
            Err(why) => {
                if why == SessionEnded::Replaced {
                    tracing::warn!(
                        session = stored.id,
                        "a secret was shown that had been replaced; the session is ended"
                    );
                    self.end(stored.id, now).await?;
                }
                return Err(refused(why));
            }
        };
        let identity = self.holder_of_session(&stored, &session).await?;
        let fresh = match standing {
            Standing::Rotate => self.rotate(&session, shown, random, now).await?,
            Standing::Holds | Standing::Before => None,
        };
        if fresh.is_none() && now.duration_since(session.used_at) >= USE_IS_KNOWN_TO {
            let note =
                async |tx: &sql::Transaction<'_>| sql::sessions::used(tx, stored.id, now).await;
            self.db.run_tx("gate.session_used", note).await?;
        }
        Ok(Visit {
            identity,
            is_new_secret: fresh.is_some(),
            secret: fresh.unwrap_or_else(|| shown.clone()),
            is_read_only: standing == Standing::Before,
            by: stored.by,
            began_at: session.began_at,
            ends_at: session.ends_at(),
        })
    }

    /// The next secret of a session; none if another request was faster, whose answer has it.
    async fn rotate(
        &self,
        session: &Session,
        shown: &SessionSecret,
        random: &Randomness,
        now: Timestamp,
    ) -> Result<Option<SessionSecret>, Refusal> {
        let fresh = shown.renewed(bytes(random)?);
        let rotated = session.rotated(&fresh, now);
        let replace = async |tx: &sql::Transaction<'_>| {
            sql::sessions::rotate(tx, &session.digest, &rotated.digest, now).await
        };
        let is_replaced = self.db.run_tx("gate.session_rotated", replace).await?;
        Ok(is_replaced.then_some(fresh))
    }

    /// Ends the session of this secret, or of which it is the secret before; does nothing if there is none.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unavailable`] and [`Refusal::Internal`].
    pub async fn log_out(&self, shown: &SessionSecret) -> Result<(), Refusal> {
        if let Some(stored) = sql::sessions::find(&self.db, &shown.digest()).await? {
            self.end(stored.id, self.clock.now()).await?;
        }
        Ok(())
    }

    /// Ends a session; gives whether it had not ended.
    pub(crate) async fn end(&self, id: i64, now: Timestamp) -> Result<bool, sql::Error> {
        let end = async |tx: &sql::Transaction<'_>| sql::sessions::end(tx, id, now).await;
        self.db.run_tx("gate.session_ended", end).await
    }

    /// Deletes sessions that cannot hold any more; gives their number.
    ///
    /// # Errors
    ///
    /// [`sql::Error`].
    pub async fn delete_old_sessions(&self) -> Result<u64, sql::Error> {
        let before = self.clock.now().checked_sub(KEPT).unwrap_or(Timestamp::UNIX_EPOCH);
        let delete =
            async |tx: &sql::Transaction<'_>| sql::sessions::delete_before(tx, before).await;
        let mut all = 0;
        loop {
            let deleted = self.db.run_tx("gate.delete_sessions", delete).await?;
            all += deleted;
            if deleted < sql::sessions::MOST_DELETED {
                return Ok(all);
            }
        }
    }

    /// Whose session it is, with what they are given now.
    async fn holder_of_session(
        &self,
        stored: &StoredSession,
        session: &Session,
    ) -> Result<Identity, Refusal> {
        match &stored.by {
            LoggedInBy::Key(prefix) => {
                let holder = self.holder_of(prefix).await?;
                Ok(Identity { means: Means::Session, ..holder })
            }
            LoggedInBy::Provider(issuer) => {
                if !self.is_login_provider(issuer) {
                    let why = format!("nobody logs in at {issuer} any more");
                    return Err(Refusal::NotIdentified(why));
                }
                let grants = granted(&stored.grants, session.ends_at()).map_err(|problem| {
                    Refusal::Internal(format!("the session {}: {problem}", stored.id))
                })?;
                let identity =
                    Identity { subject: stored.subject.clone(), means: Means::Session, grants };
                self.with_emergencies(identity).await
            }
        }
    }
}

/// Random bytes for a secret.
pub(crate) fn bytes(random: &Randomness) -> Result<[u8; SECRET_BYTES], Refusal> {
    let mut bytes = [0; SECRET_BYTES];
    let no_bytes = |_| Refusal::Internal("the system gave no random bytes".to_owned());
    random.source().fill(&mut bytes).map_err(no_bytes)?;
    Ok(bytes)
}

/// A stored session, as it is judged.
pub(crate) fn session_of(stored: &StoredSession) -> Session {
    Session {
        digest: stored.secret,
        digest_before: stored.previous,
        began_at: stored.began_at,
        secret_made_at: stored.secret_made_at,
        used_at: stored.used_at,
        ended_at: stored.ended_at,
    }
}

/// Members of a stored grant that are lists of limits, in the order of `Scope::of_lists`.
const LISTS: [&str; 3] = ["products", "parties", "jurisdictions"];

/// Grants as they are stored. Limits are written as they were stated, so that what reads a configuration reads them again.
fn stated(grants: &[Grant]) -> String {
    let grant = |grant: &Grant| {
        let lists = LISTS.into_iter().zip(grant.scope().stated()).map(|(name, list)| {
            let texts = list.iter().map(|text| Json::String(text.clone())).collect();
            (name, Json::Array(texts))
        });
        let role = ("role", Json::String(grant.role().name().to_owned()));
        object([role].into_iter().chain(lists))
    };
    Json::Array(grants.iter().map(grant).collect()).canonical()
}

/// Grants as they were stored, until `until`. One that cannot be understood makes all of them useless: without its limits it would
/// show more.
fn granted(text: &str, until: Timestamp) -> Result<Vec<Grant>, String> {
    let limits = Limits { max_bytes: MOST_GRANTS, max_depth: 8 };
    let json = parse(text.as_bytes(), &limits).map_err(|error| error.to_string())?;
    let grants = json.as_array().ok_or("its grants are no list")?;
    grants.iter().map(|grant| granted_one(grant, until)).collect()
}

fn granted_one(grant: &Json, until: Timestamp) -> Result<Grant, String> {
    let role = grant.get("role").and_then(Json::as_str).unwrap_or_default();
    let role = Role::from_name(role).ok_or_else(|| format!("got the role `{role}`"))?;
    let mut lists: [Vec<String>; 3] = Default::default();
    for (list, name) in lists.iter_mut().zip(LISTS) {
        let texts = grant.get(name).and_then(Json::as_array);
        let texts = texts.ok_or_else(|| format!("a grant without the list `{name}`"))?;
        let texts = texts.iter().map(|text| text.as_str().map(str::to_owned));
        let texts: Option<Vec<String>> = texts.collect();
        *list = texts.ok_or_else(|| format!("the list `{name}` has something that is no text"))?;
    }
    let scope = Scope::of_lists(lists.each_ref().map(Vec::as_slice), (None, None));
    let scope = scope.map_err(|error| error.to_string())?;
    Grant::new(role, scope, Some(until)).map_err(|error| error.to_string())
}

/// When the roles of a session end that begins now.
pub(crate) fn latest_end(now: Timestamp) -> Timestamp {
    now.checked_add(LONGEST).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_grants_are_read_as_the_same_grants() {
        let until = Timestamp::from_second(1_800_000_000).unwrap();
        let scope = Scope::default()
            .with_product("https://id.gs1.org/01/09521141123454")
            .and_then(|scope| scope.with_party("urn:epc:id:pgln:9521142.00000"))
            .and_then(|scope| scope.with_jurisdiction("9521142"))
            .unwrap();
        let grants = [
            Grant::new(Role::Regulator, scope, Some(until)).unwrap(),
            Grant::new(Role::Operator, Scope::default(), Some(until)).unwrap(),
        ];
        assert_eq!(granted(&stated(&grants), until).unwrap(), grants);
        assert_eq!(stated(&[]), "[]");
    }

    #[test]
    fn a_stored_grant_that_lost_its_limits_gives_nothing() {
        let until = Timestamp::from_second(1_800_000_000).unwrap();
        for (text, words) in [
            ("", ""),
            ("{}", "no list"),
            ("[{}]", "got the role ``"),
            (r#"[{"role":"auditor"}]"#, "without the list `products`"),
            (r#"[{"role":"king","products":[],"parties":[],"jurisdictions":[]}]"#, "`king`"),
            (
                r#"[{"role":"custodian","products":[],"parties":[],"jurisdictions":[]}]"#,
                "custodian",
            ),
            (r#"[{"role":"auditor","products":[1],"parties":[],"jurisdictions":[]}]"#, "no text"),
            (r#"[{"role":"auditor","products":["x"],"parties":[],"jurisdictions":[]}]"#, "`x`"),
        ] {
            let problem = granted(text, until).unwrap_err();
            assert!(problem.contains(words), "{text}: {problem}");
        }
    }
}
