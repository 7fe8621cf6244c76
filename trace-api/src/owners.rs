//! Owners: who entered an item's hidden code first or tapped its chip, and whoever the item was passed on to.
//!
//! The way through: [`claim`] makes somebody the first owner; whoever has the owner's code sees and passes on what is theirs ([`of`],
//! [`make_link`], [`withdraw`]); [`linked`] reads what a link leads to; [`accept`] makes whoever has the link the next owner.
//!
//! What holds: nobody is named: an owner is whoever has a code of 80 bits, and of codes and links the hashes are stored; the first owner
//! is who used the hidden code first, or who tapped the chip just now, and of many at once it is one; the same form sent again gives the
//! same code; what is unknown, withdrawn, used or past its time cannot be told apart; a wrong code costs what a guessed serial costs.
//!
//! Not here: tables (`sql::owners`), pages ([`crate::http::own`]).
//!
//! Source: docs/decisions/0095-owners.md.

use access::typed::LongCode;
use actix_web::HttpRequest;
use history::gather;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ledger::hash::sha256;
use sql::owners::{Linked, Owner, Shown, Stored};

pub use sql::owners::LinkKind;

use crate::codes;
use crate::once;
use crate::problem::Problem;
use crate::scan::ScanRequest;
use crate::scanned::Scanned;
use crate::state::AppState;
use crate::taps::{self, Held};
use crate::words::code::Entered;

/// How long somebody has to accept what they buy.
pub const SALE_DAYS: u8 = 7;
/// How long somebody has to accept a gift.
pub const GIFT_DAYS: u8 = 30;
/// How long a passport can be looked at.
pub const PASSPORT_DAYS: u8 = 30;

/// What keeps hashes of owners' codes apart from those of links.
const OWNER: &str = "chopmark.org/owner@v1\n";
/// What keeps hashes of links apart from those of owners' codes.
const LINK: &str = "chopmark.org/owner-link@v1\n";

/// What is stored of a code.
fn stored(what: &str, code: LongCode) -> Stored {
    *sha256(&[what.as_bytes(), &code.0[..]].concat()).as_bytes()
}

/// Why somebody did not become the first owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The hidden code has a typing error, or is not the item's.
    Code(Entered),
    /// The hidden code was used before, by somebody else or longer ago.
    Used(Timestamp),
    /// No fresh tap of the item's chip came from this browser.
    NotTapped,
    /// The seal of the chip is closed.
    Closed,
    /// The item has an owner since then.
    Owned(Timestamp),
}

impl Refused {
    /// Its code in metrics.
    #[must_use]
    pub fn outcome(self) -> &'static str {
        match self {
            Self::Code(Entered::Mistyped) => "mistyped",
            Self::Code(_) => "wrong",
            Self::Used(_) => "used",
            Self::NotTapped => "not_tapped",
            Self::Closed => "closed",
            Self::Owned(_) => "owned",
        }
    }
}

/// Somebody who became an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOwner {
    /// Digital Link of the item at id.gs1.org.
    pub item: String,
    /// The owner's code.
    pub code: LongCode,
}

/// What an address or a link names, without the address's parameters.
#[must_use]
pub fn named(text: &str) -> String {
    let bare = text.split(['?', '#']).next().unwrap_or_default();
    if bare.starts_with('/') { format!("https://id.gs1.org{bare}") } else { bare.to_owned() }
}

/// Whether this is the address of a tap, of a product whose items have no hidden codes: where they have, anybody who holds a phone to the
/// pack in a shop can tap, and only who bought it can read the code.
#[must_use]
pub fn is_tap(state: &AppState, item: &str) -> bool {
    let gtin = epc::identify(&named(item)).ok().and_then(|item| item.gtin14()).unwrap_or_default();
    let config = state.config();
    let has_codes = config.names.product(&gtin).is_some_and(|product| product.code_key.is_some());
    item.contains('?') && config.tag_key.is_some() && !has_codes
}

/// Makes whoever asks the first owner.
///
/// - `item`: what names the item, or the address of a tap of its chip.
/// - `code`: its hidden code; not read for a tap.
/// - `form`: number of the form.
///
/// # Errors
///
/// [`Problem`].
pub async fn claim(
    state: &AppState,
    request: &HttpRequest,
    (item, code): (&str, &str),
    form: &str,
) -> Result<Result<NewOwner, Refused>, Problem> {
    let shown = if is_tap(state, item) {
        tapped(state, request, item).await?.map(|item| (item, Shown::Tag))
    } else {
        let outcome = codes::enter(state, request, &named(item), code).await?;
        match (outcome.entered, outcome.item) {
            (Entered::First | Entered::Again(_), Some(item)) => Ok((item, Shown::Code)),
            (Entered::Used(at), _) => Err(Refused::Used(at)),
            (entered, _) => Err(Refused::Code(entered)),
        }
    };
    match shown {
        Ok((item, shown)) => register(state, item, shown, form).await,
        Err(refused) => Ok(Err(refused)),
    }
}

/// The item whose chip the same browser has just tapped.
async fn tapped(
    state: &AppState,
    request: &HttpRequest,
    address: &str,
) -> Result<Result<String, Refused>, Problem> {
    let admission = state.admit_code(request)?;
    let refused = Ok(Err(Refused::NotTapped));
    // A scan of this address, as it was when the chip opened it.
    let target = address.find("://").map_or(address, |at| {
        let host = &address[at + 3..];
        host.find('/').map_or("", |path| &host[path..])
    });
    let Ok(link) = epc::parse_digital_link(&named(address)) else { return refused };
    let scanned = Scanned::of_link(&link);
    let Some(item) = scanned.named.clone() else { return refused };
    let scan = ScanRequest::of(request, &state.config(), state.clock.now());
    let scan = ScanRequest { target: target.to_owned(), ..scan };
    let marks = scan.marks(&epc::thing_key(&item.to_uri()), &state.mark_keys);
    let heard = taps::hear(state, &scan, &scanned, true, &marks.device).await?;
    let (rights, policy) = state.rights_and_policy().await;
    let found = gather(&state.db, &state.cache, &policy, &rights, scan.at, &item).await?;
    let bound = found.history.state(scan.at, &TimeZone::UTC).chips;
    let held = taps::held(&heard, taps::judge(&heard, &bound));
    if held == Held::No {
        return refused;
    }
    if let Some(admission) = admission {
        admission.give_back();
    }
    let is_closed = held == Held::Closed;
    Ok(if is_closed { Err(Refused::Closed) } else { Ok(item.to_digital_link()) })
}

/// Stores the first owner of an item.
async fn register(
    state: &AppState,
    item: String,
    shown: Shown,
    form: &str,
) -> Result<Result<NewOwner, Refused>, Problem> {
    let (db, at) = (&state.db, state.clock.now());
    let code = once::code(&state.config().scan_secret, OWNER.as_bytes(), &[form, &item]);
    let own = stored(OWNER, code);
    if !sql::owners::claim(db, &item, &own, shown, at).await? && !is_owner(state, &own).await? {
        let since = sql::owners::registered(db, &item).await?.owned;
        return Ok(Err(Refused::Owned(since.unwrap_or(at))));
    }
    Ok(Ok(NewOwner { item, code }))
}

/// Whether this is the present owner's: the form was sent before, and its answer was lost.
async fn is_owner(state: &AppState, own: &Stored) -> Result<bool, Problem> {
    let owner = sql::owners::of_secret(&state.db, own, state.clock.now()).await?;
    Ok(owner.is_some_and(|owner| owner.ended.is_none()))
}

/// The owner with this code, present or earlier.
///
/// # Errors
///
/// [`Problem`].
pub async fn of(state: &AppState, code: LongCode) -> Result<Option<Owner>, Problem> {
    Ok(sql::owners::of_secret(&state.db, &stored(OWNER, code), state.clock.now()).await?)
}

/// A link that an owner made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewLink {
    /// What opens it.
    pub code: LongCode,
    /// Until when it holds.
    pub until: Timestamp,
}

/// Makes a link, in place of an earlier one of the kind; none for an earlier owner.
///
/// # Errors
///
/// [`Problem`].
pub async fn make_link(
    state: &AppState,
    owner: LongCode,
    kind: LinkKind,
    days: u8,
) -> Result<Option<NewLink>, Problem> {
    let (code, now) = (once::new_code()?, state.clock.now());
    let until = now.checked_add(SignedDuration::from_hours(24 * i64::from(days)));
    let until = until.unwrap_or(Timestamp::MAX);
    let (own, link) = (stored(OWNER, owner), stored(LINK, code));
    let made = sql::owners::make_link(&state.db, &own, kind, &link, until).await?;
    Ok(made.then_some(NewLink { code, until }))
}

/// Ends a link; gives whether there was one.
///
/// # Errors
///
/// [`Problem`].
pub async fn withdraw(state: &AppState, owner: LongCode, kind: LinkKind) -> Result<bool, Problem> {
    Ok(sql::owners::withdraw(&state.db, &stored(OWNER, owner), kind).await?)
}

/// What a link leads to, if it holds.
///
/// # Errors
///
/// [`Problem`].
pub async fn linked(
    state: &AppState,
    link: LongCode,
    kind: LinkKind,
) -> Result<Option<Linked>, Problem> {
    Ok(sql::owners::of_link(&state.db, &stored(LINK, link), kind, state.clock.now()).await?)
}

/// Makes whoever has the link the next owner; none if it does not hold.
///
/// - `form`: number of the form.
///
/// # Errors
///
/// [`Problem`].
pub async fn accept(
    state: &AppState,
    link: LongCode,
    form: &str,
) -> Result<Option<NewOwner>, Problem> {
    let parts = [form, &link.to_string()];
    let code = once::code(&state.config().scan_secret, OWNER.as_bytes(), &parts);
    let (own, token) = (stored(OWNER, code), stored(LINK, link));
    let now = state.clock.now();
    // Not accepted is also what was accepted before with this form.
    sql::owners::accept(&state.db, &token, &own, now).await?;
    let owner = sql::owners::of_secret(&state.db, &own, now).await?;
    let owner = owner.filter(|owner| owner.ended.is_none());
    Ok(owner.map(|owner| NewOwner { item: owner.item, code }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_item_whatever_its_parameters_are() {
        for (text, expected) in [
            ("/01/04012345111118/21/7?p=1&c=2", "https://id.gs1.org/01/04012345111118/21/7"),
            (
                "https://a.example/01/04012345111118/21/7?x#y",
                "https://a.example/01/04012345111118/21/7",
            ),
            ("urn:epc:id:sgtin:1", "urn:epc:id:sgtin:1"),
            ("", ""),
        ] {
            assert_eq!(named(text), expected);
        }
    }

    #[test]
    fn a_code_of_an_owner_and_the_same_code_of_a_link_are_stored_as_different_things() {
        let code = LongCode([7; 10]);
        assert_ne!(stored(OWNER, code), stored(LINK, code));
    }
}
