//! Tags that show that they have a key: what the address of a scan says of the chip that wrote it, and whose tag answered a challenge.
//!
//! The way through: [`hear`] takes the key sets of the product from the database, checks the address with those whose parameters it
//! has, and raises the chip's counter; [`crate::tag_exchange`] hears tags that answer challenges; [`judge`] compares the tag with those that the item's records bind to it.
//!
//! What holds: a code is fresh once: of equal addresses at the same time one raises the counter, and only the browser that did may
//! load the page again for some minutes; robots, link previews and `HEAD` raise nothing and are told nothing of the chip; a chip that
//! is bound to another item, or to none while its code does not name the item, never passes; keys that are missing or cannot be read
//! condemn nobody.
//!
//! Not here: the codes (`tag_auth`), the table (`sql::tag_taps`), what follows for the verdict (`history::verdict`).
//!
//! Source: docs/decisions/0081-taps-are-checked-once.md, docs/decisions/0082-a-chip-is-bound-to-its-item.md.

use history::{ChipFault, TagCheck};
use jiff::SignedDuration;
use keystore::wrapped::WrapKey;
use sql::scans::Mark;
use sql::tag_keys::WrappedKeySet;
use sql::tag_taps::{LastTap, NewTap};
use tag_auth::key_set::{KeySet, context};
use tag_auth::tag_keys::{TAM1, TagKeys};
use tag_auth::tap::{self, Seal, Tap};

use crate::scan::{ScanRequest, ScanRole};
use crate::scanned::Scanned;
use crate::state::AppState;

/// How long the browser that tapped may load the page again.
const RELOAD: SignedDuration = SignedDuration::from_mins(10);

/// What an address says of a chip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Nothing that can be checked.
    Nothing,
    /// A code that is not the chip's, or not a fresh one.
    Failed(ChipFault),
    /// A fresh code of a chip, or a response to a fresh challenge.
    Fresh(Shown),
    /// A tag whose response nobody could compare.
    Unchecked {
        /// Its number, if it was read.
        number: Option<String>,
    },
}

/// What a tag showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its number, hexadecimal in upper case, as records write it; none if it was not read.
    pub number: Option<String>,
    /// What its seal said; none if it has none.
    pub seal: Option<Seal>,
    /// Whether what it showed names the item.
    pub names_item: bool,
}

impl From<Tap> for Shown {
    fn from(tap: Tap) -> Self {
        let number = Some(hex::encode_upper(tap.chip.uid));
        Self { number, seal: tap.seal, names_item: tap.names_item }
    }
}

/// Checks the address of a scan, and raises the counter of the chip.
///
/// - `counts`: whether the request is a scan.
/// - `device`: mark of network and browser.
/// - Cost: nothing without a key of key sets or parameters; otherwise one statement, and one or two for a correct code.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn hear(
    state: &AppState,
    request: &ScanRequest,
    code: &Scanned,
    counts: bool,
    device: &Mark,
) -> Result<Heard, sql::Error> {
    let config = state.config();
    let is_scan = counts && request.role == ScanRole::Consumer;
    let Some(key) = config.tag_key.as_ref().filter(|_| is_scan) else { return Ok(Heard::Nothing) };
    if !request.target.contains('?') || code.gtin.len() != 14 {
        return Ok(Heard::Nothing);
    }
    let mut stored = sql::tag_keys::of_product(&state.db, &code.gtin).await?;
    stored.retain(|stored| stored.algorithm != TAM1);
    let mut heard = Heard::Nothing;
    for stored in &stored {
        let Some(TagKeys::Address(set)) = open(state, key, stored) else { continue };
        if !tap::is_tap(&set, &request.target) {
            continue;
        }
        match tap::check(&set, &request.target) {
            Ok(tap) => return fresh(state, request, &set, tap, device).await,
            Err(_) => heard = Heard::Failed(ChipFault::Code),
        }
    }
    Ok(heard)
}

/// A stored key set; none, which is logged and counted, if it cannot be read.
pub fn open(state: &AppState, key: &WrapKey, stored: &WrappedKeySet) -> Option<TagKeys> {
    let text = key.unwrap(&stored.wrapped, &context(&stored.name, &stored.products)).ok();
    let set = text.and_then(|text| TagKeys::parse(&text).ok());
    if set.is_none() {
        state.metrics.taps.with_label_values(&["unreadable"]).inc();
        tracing::error!(
            name = stored.name,
            "a key set of tags cannot be read: expected one that was imported under the secret of [trace_api] tag_secret"
        );
    }
    set
}

/// Raises the counter; a tap that does not is fresh only for the browser that sent it before.
async fn fresh(
    state: &AppState,
    request: &ScanRequest,
    set: &KeySet,
    tap: Tap,
    device: &Mark,
) -> Result<Heard, sql::Error> {
    let new = NewTap {
        chip: &set.chip_mark(tap.chip.uid),
        counter: tap.chip.counter,
        device: &device.own,
        at: request.at,
    };
    let last = sql::tag_taps::advance(&state.db, new).await?;
    Ok(match last {
        Some(last) if !is_reload(&last, &new, device) => Heard::Failed(ChipFault::Used),
        _ => Heard::Fresh(tap.into()),
    })
}

fn is_reload(last: &LastTap, new: &NewTap<'_>, device: &Mark) -> bool {
    let marks = [&device.own, &device.before];
    last.counter == new.counter
        && last.device.as_ref().is_some_and(|mark| marks.contains(&mark))
        && new.at.duration_since(last.at).abs() < RELOAD
}

/// What a tag is for an item.
///
/// - `bound`: the chips that its records bind to it ([`history::ItemState::chips`]).
#[must_use]
pub fn judge(heard: &Heard, bound: &[String]) -> TagCheck {
    let number = match heard {
        Heard::Nothing => return TagCheck::NotChecked,
        Heard::Failed(fault) => return TagCheck::Failed(*fault),
        Heard::Fresh(shown) => &shown.number,
        Heard::Unchecked { number } => number,
    };
    let is_bound = number.as_ref().is_some_and(|number| bound.contains(number));
    if !is_bound && !bound.is_empty() && number.is_some() {
        return TagCheck::Failed(ChipFault::OtherChip);
    }
    match heard {
        Heard::Fresh(shown) if !is_bound && (!shown.names_item || !bound.is_empty()) => {
            TagCheck::Unbound
        }
        Heard::Fresh(shown) if shown.seal == Some(Seal::Opened) => TagCheck::Opened,
        Heard::Fresh(_) => TagCheck::Passed,
        _ => TagCheck::NotChecked,
    }
}

/// Whether whoever tapped may be taken for who bought the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The tap is not that of the item's own chip, or not fresh.
    No,
    /// It is, and the chip's seal is closed: in a shop anybody may hold a phone to it.
    Closed,
    /// It is, and the seal is open, or the chip has none.
    Yes,
}

/// Whether whoever tapped may be taken for who bought the item.
///
/// - `tag`: what [`judge`] says of the tap.
#[must_use]
pub fn held(heard: &Heard, tag: TagCheck) -> Held {
    match (heard, tag) {
        (Heard::Fresh(tap), TagCheck::Passed) if tap.seal == Some(Seal::Closed) => Held::Closed,
        (Heard::Fresh(_), TagCheck::Passed | TagCheck::Opened) => Held::Yes,
        _ => Held::No,
    }
}

/// The code of what a check showed, in answers and metrics; none if there was nothing to check.
#[must_use]
pub fn code(tag: TagCheck) -> Option<&'static str> {
    match tag {
        TagCheck::NotChecked => None,
        TagCheck::Unbound => Some("unbound"),
        TagCheck::Passed => Some("passed"),
        TagCheck::Failed(ChipFault::Code) => Some("wrong_code"),
        TagCheck::Failed(ChipFault::Used) => Some("used_before"),
        TagCheck::Failed(ChipFault::OtherChip) => Some("other_chip"),
        TagCheck::Opened => Some("opened"),
    }
}

#[cfg(test)]
mod tests {
    use tag_auth::session::ChipTap;

    use super::*;

    #[test]
    fn a_chip_passes_only_for_an_item_that_its_code_or_a_record_names() {
        let uid = [0x04, 0x95, 0x8c, 0xaa, 0x5c, 0x5e, 0x80];
        let own = vec!["04DE5F1EACC040".to_owned(), "04958CAA5C5E80".to_owned()];
        let other = vec!["04DE5F1EACC040".to_owned()];
        let found = |names_item, seal, bound: &[String]| {
            let tap = Tap { chip: ChipTap { uid, counter: 7 }, seal, names_item };
            judge(&Heard::Fresh(tap.into()), bound)
        };
        let other_chip = TagCheck::Failed(ChipFault::OtherChip);
        for (names_item, seal, bound, expected) in [
            (true, None, &[][..], TagCheck::Passed),
            (false, None, &[], TagCheck::Unbound),
            (false, None, &own, TagCheck::Passed),
            (true, None, &own, TagCheck::Passed),
            (true, None, &other, other_chip),
            (false, None, &other, other_chip),
            (true, Some(Seal::Closed), &[], TagCheck::Passed),
            (true, Some(Seal::Unknown), &[], TagCheck::Passed),
            (true, Some(Seal::Opened), &[], TagCheck::Opened),
            (false, Some(Seal::Opened), &own, TagCheck::Opened),
            (false, Some(Seal::Opened), &[], TagCheck::Unbound),
            (true, Some(Seal::Opened), &other, other_chip),
        ] {
            let what = format!("{names_item} {seal:?} {bound:?}");
            assert_eq!(found(names_item, seal, bound), expected, "{what}");
        }
        assert_eq!(judge(&Heard::Nothing, &own), TagCheck::NotChecked);
    }

    #[test]
    fn who_tapped_may_have_bought_the_item_unless_its_seal_is_closed() {
        let number = || Some("04958CAA5C5E80".to_owned());
        let of = |seal, tag| {
            held(&Heard::Fresh(Shown { number: number(), seal, names_item: true }), tag)
        };
        for (seal, tag, expected) in [
            (None, TagCheck::Passed, Held::Yes),
            (Some(Seal::Unknown), TagCheck::Passed, Held::Yes),
            (Some(Seal::Opened), TagCheck::Opened, Held::Yes),
            (Some(Seal::Closed), TagCheck::Passed, Held::Closed),
            (None, TagCheck::Unbound, Held::No),
            (Some(Seal::Opened), TagCheck::Failed(ChipFault::OtherChip), Held::No),
        ] {
            assert_eq!(of(seal, tag), expected, "{seal:?} {tag:?}");
        }
        let used = ChipFault::Used;
        assert_eq!(held(&Heard::Failed(used), TagCheck::Failed(used)), Held::No);
        assert_eq!(held(&Heard::Nothing, TagCheck::NotChecked), Held::No);
    }

    #[test]
    fn a_tag_that_answers_a_challenge_passes_with_the_number_that_is_bound_and_is_unbound_without()
    {
        let own = vec!["E280689400001234".to_owned()];
        let other_chip = TagCheck::Failed(ChipFault::OtherChip);
        for (number, bound, fresh, unchecked) in [
            (Some("E280689400001234"), &own[..], TagCheck::Passed, TagCheck::NotChecked),
            (Some("E280689400001235"), &own, other_chip, other_chip),
            (None, &own, TagCheck::Unbound, TagCheck::NotChecked),
            (Some("E280689400001234"), &[], TagCheck::Unbound, TagCheck::NotChecked),
            (None, &[], TagCheck::Unbound, TagCheck::NotChecked),
        ] {
            let number = number.map(str::to_owned);
            let shown = Shown { number: number.clone(), seal: None, names_item: false };
            assert_eq!(judge(&Heard::Fresh(shown), bound), fresh, "{number:?} {bound:?}");
            assert_eq!(judge(&Heard::Unchecked { number }, bound), unchecked, "{bound:?}");
        }
    }
}
