//! UHF tags that answer a challenge: the challenge is ours, and its answer counts once.
//!
//! The way through: [`challenge`] gives a random challenge for an item, in a ticket that only we can make; [`take`] opens the ticket with
//! the answer and uses it up; [`hear`] has the response compared, with keys of the product or by its service.
//!
//! What holds: a challenge is for one item, ends after [`LIFE`] and is used up by its first answer, right or wrong; giving one out stores
//! nothing, so that a flood of requests fills nothing; whether the item exists is not looked at before the answer; only a response that was
//! compared and does not fit says something against a tag.
//!
//! Not here: the table of used challenges (`sql::tag_challenges`), what a tag is for its item ([`crate::taps::judge`]).
//!
//! Source: docs/decisions/0100-uhf-tags-answer-a-challenge-of-ours.md.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use history::ChipFault;
use jiff::{SignedDuration, Timestamp};
use ledger::hash::{HmacKey, hmac_sha256};
use process::Randomness;
use tag_auth::tag_keys::{TAM1, TagKeys};
use tag_auth::tam::{CHALLENGE, Exchange, Refusal, TagAuthenticator as _};
use tag_auth::tam_keys::TamKeys;

use crate::authenticators::Authenticator;
use crate::problem::Problem;
use crate::scanned::Scanned;
use crate::state::AppState;
use crate::taps::{Heard, Shown, open};

/// How long a challenge waits for its answer.
pub const LIFE: SignedDuration = SignedDuration::from_secs(60);
/// How long a used challenge is kept after its end: longer than clocks of our machines differ.
const KEPT: SignedDuration = SignedDuration::from_mins(10);
/// Bytes of a time.
const TIME: usize = 8;
/// Bytes of the code that closes a ticket.
const CODE: usize = 16;

/// A challenge that was given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// By which its answer is sent.
    pub ticket: String,
    /// What the tag is sent.
    pub challenge: [u8; CHALLENGE],
    /// Numbers of the keys that the tag may be asked to use.
    pub key_ids: Vec<u8>,
    /// When it ends.
    pub expires: Timestamp,
}

/// Who can check the tags of a product.
enum Checker {
    Service(Authenticator),
    Keys(Vec<TamKeys>),
}

impl Checker {
    async fn of(state: &AppState, gtin: &str) -> Result<Self, Problem> {
        let config = state.config();
        if let Some(service) =
            config.names.product(gtin).and_then(|product| product.authenticator.clone())
        {
            return Ok(Self::Service(service));
        }
        let Some(key) = config.tag_key.as_ref().filter(|_| gtin.len() == 14) else {
            return Ok(Self::Keys(Vec::new()));
        };
        let mut stored = sql::tag_keys::of_product(&state.db, gtin).await?;
        stored.retain(|stored| stored.algorithm == TAM1);
        let read = stored.iter().filter_map(|stored| match open(state, key, stored) {
            Some(TagKeys::Challenge(keys)) => Some(keys),
            _ => None,
        });
        Ok(Self::Keys(read.collect()))
    }

    fn key_ids(&self) -> Vec<u8> {
        let mut ids = match self {
            Self::Service(service) => vec![service.key_id],
            Self::Keys(keys) => keys.iter().map(|keys| keys.key_id).collect(),
        };
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    async fn check(&self, exchange: &Exchange) -> Result<(), Refusal> {
        let keys = match self {
            Self::Service(service) if service.key_id == exchange.key_id => {
                return service.check(exchange).await;
            }
            Self::Service(_) => &Vec::new(),
            Self::Keys(keys) => keys,
        };
        let mut found = Err(Refusal::UnknownKey(exchange.key_id));
        for keys in keys.iter().filter(|keys| keys.key_id == exchange.key_id) {
            match keys.check(exchange) {
                Ok(()) => return Ok(()),
                // A key that was compared says more than one that could not be.
                Err(refusal) if found != Err(Refusal::Wrong) => found = Err(refusal),
                Err(_) => {}
            }
        }
        found
    }
}

/// A new challenge for an item, whether it exists or not; none if nobody can check the tags of its product.
///
/// # Errors
///
/// [`Problem`].
pub async fn challenge(state: &AppState, code: &Scanned) -> Result<Option<Challenge>, Problem> {
    let key_ids = Checker::of(state, &code.gtin).await?.key_ids();
    if key_ids.is_empty() {
        return Ok(None);
    }
    let mut challenge = [0; CHALLENGE];
    let filled = Randomness::system().source().fill(&mut challenge);
    filled.map_err(|_| Problem::Internal("no random bytes".to_owned()))?;
    let seconds = (state.clock.now() + LIFE).as_second();
    let expires = end(seconds)?;
    let code = code_of(state, seconds, &challenge, code);
    let ticket = BASE64.encode([&seconds.to_be_bytes()[..], &challenge, &code].concat());
    Ok(Some(Challenge { ticket, challenge, key_ids, expires }))
}

fn end(seconds: i64) -> Result<Timestamp, Problem> {
    Timestamp::from_second(seconds).map_err(|error| Problem::Internal(error.to_string()))
}

/// What closes a ticket: nobody else can make it, and it fits this item only.
fn code_of(
    state: &AppState,
    seconds: i64,
    challenge: &[u8; CHALLENGE],
    code: &Scanned,
) -> [u8; CODE] {
    let secret = &state.config().scan_secret;
    let key = HmacKey::new(&hmac_sha256(secret, b"chopmark.org/tag-challenge@v1\n"));
    let thing = epc::thing_key(&code.link);
    let signed = key.sign(&[&seconds.to_be_bytes()[..], challenge, thing.as_bytes()].concat());
    let mut code = [0; CODE];
    code.copy_from_slice(&signed[..CODE]);
    code
}

/// Uses the challenge of a ticket up; none if it is not this item's, has ended, or was used before.
///
/// # Errors
///
/// [`Problem`].
pub async fn take(
    state: &AppState,
    ticket: &str,
    code: &Scanned,
) -> Result<Option<[u8; CHALLENGE]>, Problem> {
    let bytes: Option<[u8; TIME + CHALLENGE + CODE]> =
        BASE64.decode(ticket).ok().and_then(|bytes| bytes.try_into().ok());
    let Some(bytes) = bytes else { return Ok(None) };
    let (mut time, mut challenge) = ([0; TIME], [0; CHALLENGE]);
    time.copy_from_slice(&bytes[..TIME]);
    challenge.copy_from_slice(&bytes[TIME..TIME + CHALLENGE]);
    let seconds = i64::from_be_bytes(time);
    let own = code_of(state, seconds, &challenge, code);
    if !tag_auth::block::same(&own, &bytes[TIME + CHALLENGE..]) {
        return Ok(None);
    }
    let expires = end(seconds)?;
    if expires <= state.clock.now() {
        return Ok(None);
    }
    let is_first = sql::tag_challenges::take(&state.db, &challenge, expires).await?;
    Ok(is_first.then_some(challenge))
}

/// What a tag showed that answered a challenge which [`take`] gave.
///
/// # Errors
///
/// [`Problem`] if keys cannot be asked for; a service that does not answer is [`Heard::Unchecked`].
pub async fn hear(state: &AppState, code: &Scanned, exchange: &Exchange) -> Result<Heard, Problem> {
    let number = Some(&exchange.tid).filter(|tid| !tid.is_empty()).map(hex::encode_upper);
    Ok(match Checker::of(state, &code.gtin).await?.check(exchange).await {
        Ok(()) => Heard::Fresh(Shown { number, seal: None, names_item: false }),
        Err(Refusal::Wrong) => Heard::Failed(ChipFault::Code),
        Err(refusal) => {
            tracing::warn!(gtin = code.gtin, %refusal, "a UHF tag was not checked");
            Heard::Unchecked { number }
        }
    })
}

/// Deletes the challenges that ended a while ago; gives their number.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn delete_ended(state: &AppState) -> Result<u64, sql::Error> {
    let before = state.clock.now().checked_sub(KEPT).unwrap_or(Timestamp::UNIX_EPOCH);
    let delete =
        async |tx: &sql::Transaction<'_>| sql::tag_challenges::delete_before(tx, before).await;
    state.db.run_tx("trace_api.delete_tag_challenges", delete).await
}
