//! Tokens of an OIDC provider: what one says about its bearer, if the provider signed it for us.
//!
//! The way through: [`KeySet::parse`] reads the provider's keys, [`Provider::identity`] opens a token with them and gives the
//! identity that its claims stand for; [`Provider::logged_in`] does so for the ID token that ends a login.
//!
//! What holds:
//!
//! - a key fixes its algorithm, so that no token chooses how it is checked: `none`, and an HMAC made with a public key, open
//!   nothing;
//! - no claim is read before the signature is right;
//! - a token that is for somebody else, from another issuer, too old or too new gives nothing;
//! - what a claim gives ends when the token does; after a login, when the session does;
//! - a login is ended only by a token for its client that repeats its nonce, and by no access token.
//!
//! Not here: fetching keys, and the clock (`trace-api`).
//!
//! Sources: RFC 7515, RFC 7517, RFC 7518 sections 3 and 6, RFC 7519 section 4.1, RFC 8037, RFC 8725; RFC 9068 section 2.1 (types); OIDC Core 1.0
//! section 3.1.3.7; decisions 0058 and 0071.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ledger::json::{Json, Limits, parse};

use crate::grant::{Grant, Identity, Means};
use crate::role::Role;
use crate::scope::Scope;

mod key_set;

pub use key_set::{Algorithm, KeySet, KeySetError};

/// Most bytes of a token.
const MOST_BYTES: usize = 16 * 1024;
/// How far the provider's clock may be from ours.
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);
/// Most characters of a subject.
const MOST_SUBJECT: usize = 150;

/// A claim that gives a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Name of the claim: `groups`.
    pub claim: String,
    /// Its value, or one of its values if it is a list.
    pub value: String,
    /// The role.
    pub role: Role,
    /// Its limits.
    pub scope: Scope,
    /// Claims that state more limits.
    pub more: LimitClaims,
}

/// Claims whose values are limits; a token that lacks one of them, or has one that cannot be understood, is not given the
/// role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitClaims {
    /// Products.
    pub products: Option<String>,
    /// Parties.
    pub parties: Option<String>,
    /// Jurisdictions.
    pub jurisdictions: Option<String>,
}

/// Most values of a claim that are read.
const MOST_VALUES: usize = 200;

/// The issuer that a token states. Nothing of it is verified: it says only which provider to ask.
#[must_use]
pub fn stated_issuer(token: &str) -> Option<String> {
    if token.len() > MOST_BYTES {
        return None;
    }
    let claims = token.split('.').nth(1)?;
    let claims = object(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    Some(claims.get("iss")?.as_str()?.to_owned())
}

/// A provider, as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its issuer, letter by letter.
    pub issuer: String,
    /// Our name there, which must be among a token's audiences.
    pub audience: String,
    /// Algorithms that it may sign with.
    pub algorithms: Vec<Algorithm>,
    /// What claims give.
    pub rules: Vec<Rule>,
}

/// A login that waits for its ID token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Login<'a> {
    /// Our name as a client of the provider, for which the token must be.
    pub client_id: &'a str,
    /// What the token must repeat: it was made for this login.
    pub nonce: &'a str,
    /// When the roles end that its claims give.
    pub until: Timestamp,
}

/// Why a token shows nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is no signed token.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// Its algorithm is not one that the provider is configured for.
    #[error("the token is signed with `{got}`, expected one of {expected}")]
    Algorithm {
        /// What it states.
        got: String,
        /// The configured ones.
        expected: String,
    },
    /// The provider has no such key, as far as is known; its keys may have to be fetched again.
    #[error("the token is signed with the key `{0}`, which the provider does not list")]
    UnknownKey(String),
    /// The signature is wrong.
    #[error("the signature of the token is wrong")]
    Signature,
    /// A claim is missing or not as it must be.
    #[error("the claim `{claim}` of the token is {got}, expected {expected}")]
    Claim {
        /// Which.
        claim: &'static str,
        /// Its value.
        got: String,
        /// What would have been right.
        expected: String,
    },
}

/// Who a token is about, and until when.
struct Bearer {
    claims: Json,
    subject: String,
    expires: Timestamp,
}

/// A token whose signature is right.
struct Opened {
    claims: Json,
    /// What its head says that it is.
    kind: Option<String>,
}

/// Whether the type in a token's head is that of an access token, with or without `application/`.
fn is_access_token(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    kind.strip_prefix("application/").unwrap_or(&kind) == "at+jwt"
}

impl Provider {
    /// Who bears this token, with what its claims give. Somebody whose claims give nothing is an identity without grants.
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    pub fn identity(
        &self,
        token: &str,
        keys: &KeySet,
        now: Timestamp,
    ) -> Result<Identity, TokenError> {
        let claims = self.open(token, keys)?.claims;
        let bearer = self.bearer(claims, &self.audience, now)?;
        let expires = bearer.expires;
        Ok(self.holder(&bearer, expires))
    }

    /// Who logged in, by the ID token that the provider gave for a login.
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    pub fn logged_in(
        &self,
        token: &str,
        keys: &KeySet,
        now: Timestamp,
        login: &Login<'_>,
    ) -> Result<Identity, TokenError> {
        let Opened { claims, kind } = self.open(token, keys)?;
        if kind.is_some_and(|kind| is_access_token(&kind)) {
            return Err(TokenError::Malformed("it is an access token, expected an ID token"));
        }
        let bearer = self.bearer(claims, login.client_id, now)?;
        let wrong = |claim, expected: String| {
            let got = bearer.claims.get(claim).map_or("missing".to_owned(), Json::canonical);
            TokenError::Claim { claim, got: shortened(&got), expected }
        };
        let text = |claim| bearer.claims.get(claim).and_then(Json::as_str);
        if text("nonce") != Some(login.nonce) {
            return Err(wrong("nonce", "that of this login".to_owned()));
        }
        let is_for_several =
            matches!(bearer.claims.get("aud"), Some(Json::Array(all)) if all.len() > 1);
        if (is_for_several || bearer.claims.get("azp").is_some())
            && text("azp") != Some(login.client_id)
        {
            return Err(wrong("azp", format!("`{}`", login.client_id)));
        }
        Ok(self.holder(&bearer, login.until))
    }

    /// What the claims of a token give until `expires`.
    fn holder(&self, bearer: &Bearer, expires: Timestamp) -> Identity {
        let mut grants = Vec::new();
        for rule in self.rules.iter().filter(|rule| rule.is_met_by(&bearer.claims)) {
            // A rule whose role needs limits and has none gives nothing; the configuration refuses it before.
            let scope = rule.scope_of(&bearer.claims);
            grants.extend(scope.and_then(|scope| Grant::new(rule.role, scope, Some(expires)).ok()));
        }
        let subject = format!("{}#{}", self.issuer, bearer.subject);
        Identity { subject, means: Means::Oidc, grants }
    }

    /// The claims of a token whose signature is right.
    fn open(&self, token: &str, keys: &KeySet) -> Result<Opened, TokenError> {
        if token.len() > MOST_BYTES {
            return Err(TokenError::Malformed("it has more than 16 KiB"));
        }
        let three = "expected three parts in base64url between two points";
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed(three))?;
        let (head, claims) = signed.split_once('.').ok_or(TokenError::Malformed(three))?;
        let decode =
            |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed(three));
        let (head, claims, signature) =
            (object(&decode(head)?)?, decode(claims)?, decode(signature)?);
        if head.get("crit").is_some() {
            return Err(TokenError::Malformed("it has critical extensions, expected none"));
        }
        let algorithm = self.algorithm(&head)?;
        let kid = head.get("kid").and_then(Json::as_str);
        let kid = kid.ok_or(TokenError::Malformed("its head names no key (`kid`)"))?;
        if !keys.knows(kid) {
            return Err(TokenError::UnknownKey(shortened(kid)));
        }
        if !keys.is_signed(kid, algorithm, signed.as_bytes(), &signature) {
            return Err(TokenError::Signature);
        }
        let media_type = head.get("typ").and_then(Json::as_str).map(str::to_owned);
        Ok(Opened { claims: object(&claims)?, kind: media_type })
    }

    fn algorithm(&self, head: &Json) -> Result<Algorithm, TokenError> {
        let got = head.get("alg").and_then(Json::as_str).unwrap_or_default();
        let known = self.algorithms.iter().copied().find(|one| one.name() == got);
        known.ok_or_else(|| {
            let names: Vec<&str> = self.algorithms.iter().map(|one| one.name()).collect();
            TokenError::Algorithm { got: shortened(got), expected: names.join(", ") }
        })
    }

    /// - `audience`: who the token must be for.
    fn bearer(&self, claims: Json, audience: &str, now: Timestamp) -> Result<Bearer, TokenError> {
        let wrong = |claim, expected: String| {
            let got = claims.get(claim).map_or("missing".to_owned(), Json::canonical);
            TokenError::Claim { claim, got: shortened(&got), expected }
        };
        if claims.get("iss").and_then(Json::as_str) != Some(&self.issuer) {
            return Err(wrong("iss", format!("`{}`", self.issuer)));
        }
        if !is_among(claims.get("aud"), audience) {
            return Err(wrong("aud", format!("`{audience}`")));
        }
        let time = |claim| claims.get(claim).map(|value| seconds(value).ok_or(claim)).transpose();
        let number = |claim| wrong(claim, "seconds since 1970".to_owned());
        let expires = time("exp").map_err(number)?;
        let Some(expires) = expires.filter(|expires| now.duration_since(*expires) < LEEWAY) else {
            return Err(wrong("exp", format!("a time after {now}")));
        };
        for claim in ["nbf", "iat"] {
            if time(claim).map_err(number)?.is_some_and(|at| at.duration_since(now) > LEEWAY) {
                return Err(wrong(claim, format!("no time after {now}")));
            }
        }
        let subject = claims.get("sub").and_then(Json::as_str).map(str::to_owned);
        let is_name = |name: &String| {
            let characters = name.chars().count();
            (1..=MOST_SUBJECT).contains(&characters) && !name.chars().any(char::is_control)
        };
        let subject = subject.filter(is_name);
        let subject =
            subject.ok_or_else(|| wrong("sub", "1 to 150 printable characters".to_owned()))?;
        // The clocks may differ by the leeway, and so a token that is accepted gives its roles for that long.
        let expires = expires.checked_add(LEEWAY).unwrap_or(expires);
        Ok(Bearer { claims, subject, expires })
    }
}

impl Rule {
    fn is_met_by(&self, claims: &Json) -> bool {
        is_among(at(claims, &self.claim), &self.value)
    }

    /// The limits, with those that the claims state.
    fn scope_of(&self, claims: &Json) -> Option<Scope> {
        let mut scope = self.scope.clone();
        let LimitClaims { products, parties, jurisdictions } = &self.more;
        for value in texts(claims, products.as_deref())? {
            scope = scope.with_product(value).ok()?;
        }
        for value in texts(claims, parties.as_deref())? {
            scope = scope.with_party(value).ok()?;
        }
        for value in texts(claims, jurisdictions.as_deref())? {
            scope = scope.with_jurisdiction(value).ok()?;
        }
        Some(scope)
    }
}

/// The claim of this name, or at this path if it begins with a slash.
fn at<'a>(claims: &'a Json, name: &str) -> Option<&'a Json> {
    match name.strip_prefix('/') {
        Some(path) => path.split('/').try_fold(claims, |json, member| json.get(member)),
        None => claims.get(name),
    }
}

/// The texts of a claim: none if no claim is asked for, and nothing at all if it is not at least one text.
fn texts<'a>(claims: &'a Json, name: Option<&str>) -> Option<Vec<&'a str>> {
    let Some(name) = name else { return Some(Vec::new()) };
    match at(claims, name)? {
        Json::Array(all) if (1..=MOST_VALUES).contains(&all.len()) => {
            all.iter().map(Json::as_str).collect()
        }
        one => Some(vec![one.as_str()?]),
    }
}

/// Whether a text is the value of a claim, or one of its values.
fn is_among(claim: Option<&Json>, text: &str) -> bool {
    match claim {
        Some(Json::Array(values)) => values.iter().any(|value| value.as_str() == Some(text)),
        Some(value) => value.as_str() == Some(text),
        None => false,
    }
}

/// A time in seconds; parts of a second are cut off.
fn seconds(value: &Json) -> Option<Timestamp> {
    let number = value.as_number()?;
    let whole = number.split_once('.').map_or(number, |(whole, _)| whole);
    Timestamp::from_second(whole.parse().ok()?).ok()
}

fn object(bytes: &[u8]) -> Result<Json, TokenError> {
    let limits = Limits { max_bytes: MOST_BYTES, max_depth: 8 };
    let json = parse(bytes, &limits).ok().filter(|json| json.as_object().is_some());
    json.ok_or(TokenError::Malformed("head and claims must be JSON objects with distinct members"))
}

/// What a stranger stated, short enough for a log.
fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests;
