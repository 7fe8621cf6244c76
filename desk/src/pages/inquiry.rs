//! What the pages of an inquiry share: who may see what, rows as tables show them, links that carry the reason on.
//!
//! What holds: nothing of a row is shown that the row does not have; values are escaped by the templates.
//!
//! Not here: the words (`words/inquiry.rs`), what is found (`inquiry`).

pub mod item;
pub mod paste;
pub mod search;
pub mod tree;
mod way;

use epcis::{BizStep, Disposition, Event};
use gate::read_log::Basis;
use history::directory::Current;
use inquiry::custody::{Existed, Reader, Signature};
use inquiry::find::Row;
use inquiry::pasted::keys_of;
use inquiry::reading::element_string;
use inquiry::standing::Standing;
use jiff::Timestamp;
use ledger::chop_seal::ChopSeal;
use ledger::policy::Policy;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use process::language::Language;
use process::vocabulary;

use crate::failure::Failure;
use crate::names::{NameView, Names};
use crate::shell::time;
use crate::state::DeskState;
use crate::words::inquiry as words;
use crate::words::standing::witnesses;

/// Things that a row names before it only counts.
const MOST_THINGS: usize = 3;

/// A value in an address.
#[must_use]
pub fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// An address of ours with parameters; empty ones are left out.
#[must_use]
pub fn address(path: &str, parameters: &[(&str, &str)]) -> String {
    let given = parameters.iter().filter(|(_, value)| !value.is_empty());
    let given: Vec<String> =
        given.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    if given.is_empty() { path.to_owned() } else { format!("{path}?{}", given.join("&")) }
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where it leads.
    pub to: String,
    /// What it is called.
    pub name: String,
}

/// A seal, as a picture of 64 by 64; it helps to recognise a party and proves nothing, so its name always stands beside it.
#[derive(Debug, Clone)]
pub struct SealView {
    /// The frame.
    pub frame: String,
    /// The glyph.
    pub glyph: String,
    /// Width of the glyph's strokes.
    pub stroke: u8,
    /// Whether the glyph is cut into the frame.
    pub is_intaglio: bool,
}

impl SealView {
    /// The seal of a key.
    #[must_use]
    pub fn of(key: &[u8]) -> Self {
        let seal = ChopSeal::of_key(key);
        let stroke = seal.stroke_width();
        Self { frame: seal.frame, glyph: seal.glyph, stroke, is_intaglio: seal.is_intaglio }
    }

    /// The seal of a ledger's first key.
    #[must_use]
    pub fn of_ledger(policy: &Policy, origin: &str) -> Option<Self> {
        let key = policy.logs.iter().find(|log| log.key.name() == origin)?;
        Some(Self::of(key.key.key_bytes()))
    }
}

/// An event as a table shows it.
#[derive(Debug, Clone)]
pub struct EventRow {
    /// When it happened, for people.
    pub at: String,
    /// The same for programs.
    pub at_exact: String,
    /// Step and disposition.
    pub what: String,
    /// Things, each with its page.
    pub things: Vec<Link>,
    /// How many more there are.
    pub more: usize,
    /// Who stated it.
    pub who: NameView,
    /// Their seal.
    pub seal: Option<SealView>,
    /// Where.
    pub place: NameView,
    /// Products of the things, where they have names.
    pub products: Vec<NameView>,
    /// Origin of the ledger.
    pub origin: String,
    /// Place in the ledger, from 0.
    pub index: u64,
    /// Id of the event.
    pub event_id: String,
}

/// A time as tables show it, with the offset with which it was written.
#[must_use]
pub fn written_time(at: Timestamp, written: &str) -> String {
    let offset = written.get(10..).and_then(|time| {
        let sign = time.rfind(['+', '-'])?;
        let (hours, minutes) = time[sign + 1..].split_once(':')?;
        let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
        let is_west = time[sign..].starts_with('-');
        jiff::tz::Offset::from_seconds(if is_west { -seconds } else { seconds }).ok()
    });
    let offset = offset.unwrap_or(jiff::tz::Offset::UTC);
    let local = offset.to_datetime(at);
    let name = if offset.is_zero() { "UTC".to_owned() } else { format!("UTC{offset}") };
    format!("{} {name}", local.strftime("%Y-%m-%d %H:%M"))
}

/// The step and disposition of an event, in words.
#[must_use]
pub fn what(step: Option<&BizStep>, disposition: Option<&Disposition>, lang: Language) -> String {
    let step = vocabulary::step(step, lang);
    match disposition {
        Some(own) => format!("{step} · {}", vocabulary::disposition(own, lang)),
        None => step,
    }
}

/// What is known of the signature of a record: a sign, a word and a colour.
#[derive(Debug, Clone)]
pub struct SignatureView {
    /// The colour.
    pub class: &'static str,
    /// The sign.
    pub icon: &'static str,
    /// The word.
    pub name: &'static str,
    /// More about it; empty if there is no more.
    pub note: String,
}

impl SignatureView {
    /// Of what was found.
    #[must_use]
    pub fn of(signature: &Signature, lang: Language) -> Self {
        let (class, icon, note) = match signature {
            Signature::Valid => ("c-blue", "✓", String::new()),
            Signature::KeyEndedLater(size) => {
                ("c-amber", "▲", format!("{} {size}", words::texts(lang).size))
            }
            Signature::Invalid(why) => ("c-red", "✕", why.clone()),
            Signature::Erased(stone) => {
                ("c-amber", "▲", format!("{}: {}", stone.day(), stone.reason))
            }
            Signature::UnsignedImport => ("c-grey", "○", String::new()),
        };
        Self { class, icon, name: lang.of(words::signature(signature)), note }
    }
}

/// What is known of the record of a result.
#[derive(Debug, Clone)]
pub struct StandingView {
    /// Its signature.
    pub signature: SignatureView,
    /// Size of the checkpoint in which it was proved.
    pub checkpoint: u64,
    /// How many witnesses there are.
    pub witnesses: String,
    /// How far it is anchored.
    pub state: &'static str,
    /// By when it existed; empty while nobody else had it.
    pub existed: String,
}

impl StandingView {
    /// Of what was found.
    #[must_use]
    pub fn of(standing: &Standing, lang: Language) -> Self {
        Self {
            signature: SignatureView::of(&standing.signature, lang),
            checkpoint: standing.checkpoint,
            witnesses: witnesses(standing.witnesses, lang),
            state: lang.of(words::existed(standing.existed)),
            existed: existed(standing.existed),
        }
    }
}

/// By when something existed; empty while nobody else had it.
#[must_use]
pub fn existed(existed: Existed) -> String {
    match existed {
        Existed::Waiting => String::new(),
        Existed::InHub(at) | Existed::Anchored(at) => time(at),
    }
}

/// With what records are read.
#[must_use]
pub fn reader<'a>(state: &'a DeskState, current: &'a Current) -> Reader<'a> {
    Reader {
        db: &state.db,
        cache: &state.cache,
        policy: &current.policy,
        rights: &current.rights,
        hub: state.config.hub.as_deref(),
        now: state.clock.now(),
    }
}

/// The page of a thing: its custody if it is one thing, otherwise its events.
#[must_use]
pub fn thing_page(key: &str, why: &str) -> String {
    let is_class = key.starts_with("https://id.gs1.org/01/") && !key.contains("/21/");
    if is_class {
        let word = if key.contains("/10/") { "lot" } else { "product" };
        return address("/search", &[("q", &format!("{word}:{key}")), ("why", why)]);
    }
    address("/item", &[("thing", key), ("why", why)])
}

/// Where an event happened, as it says; empty if it does not.
fn place_of(event: &Event) -> &str {
    event.biz_location().or(event.read_point()).unwrap_or_default()
}

/// The party of a row by the directory, else what the record says.
fn party_name(current: &Current, row: &Row, names: &Names) -> NameView {
    let speaker = current.rights.speaker(&row.origin, row.index);
    let party = speaker.and_then(|id| current.rights.parties.get(id));
    let stated = names.party(&row.own.stated_by);
    party.map_or(stated, |party| NameView { name: party.name.clone(), ..NameView::default() })
}

/// The names of what rows name.
///
/// # Errors
///
/// [`Failure::Unavailable`].
pub async fn names_of(
    state: &DeskState,
    current: &Current,
    rows: &[&Row],
    language: Language,
) -> Result<Names, Failure> {
    let things: Vec<String> =
        rows.iter().flat_map(|row| keys_of(&row.own.event).into_iter().take(MOST_THINGS)).collect();
    let stated = rows.iter().flat_map(|row| [&*row.own.stated_by, place_of(&row.own.event)]);
    Names::load(state, current, stated.chain(things.iter().map(String::as_str)), language).await
}

/// The products of the things that a row names, each once.
fn products_of(keys: &[String], names: &Names) -> Vec<NameView> {
    let mut products: Vec<NameView> = Vec::new();
    for product in keys.iter().take(MOST_THINGS).filter_map(|key| names.product(key)) {
        if !products.contains(&product) {
            products.push(product);
        }
    }
    products
}

impl EventRow {
    /// A row that was found.
    #[must_use]
    pub fn of(row: &Row, current: &Current, names: &Names, lang: Language, why: &str) -> Self {
        let event = &row.own.event;
        let keys = keys_of(event);
        let step = event.biz_step().map(|step| BizStep::from(step.as_str()));
        let disposition = event.disposition().map(|own| Disposition::from(own.as_str()));
        let link = |key: &String| Link { to: thing_page(key, why), name: element_string(key) };
        Self {
            at: written_time(event.event_time(), event.event_time_text()),
            at_exact: event.event_time().to_string(),
            what: what(step.as_ref(), disposition.as_ref(), lang),
            things: keys.iter().take(MOST_THINGS).map(link).collect(),
            more: keys.len().saturating_sub(MOST_THINGS),
            products: products_of(&keys, names),
            who: party_name(current, row, names),
            seal: SealView::of_ledger(&current.policy, &row.origin),
            place: names.place(place_of(event)),
            origin: row.origin.clone(),
            index: row.index,
            event_id: row.own.event_id.clone(),
        }
    }
}

/// What the projection is at, for the log of reads.
///
/// # Errors
///
/// [`Failure::Unavailable`].
pub async fn basis(state: &DeskState) -> Result<Basis, Failure> {
    Ok(Basis::now(&state.db).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_with_the_offset_with_which_it_was_written() {
        let at: Timestamp = "2026-11-20T00:05:00Z".parse().unwrap();
        for (written, shown) in [
            ("2026-11-20T08:05:00.000+08:00", "2026-11-20 08:05 UTC+08"),
            ("2026-11-19T19:05:00-05:00", "2026-11-19 19:05 UTC-05"),
            ("2026-11-20T00:05:00Z", "2026-11-20 00:05 UTC"),
            ("", "2026-11-20 00:05 UTC"),
            ("2026-11-20T05:35:00+05:30", "2026-11-20 05:35 UTC+05:30"),
            ("2026-11-20T99:99:99+99:99", "2026-11-20 00:05 UTC"),
        ] {
            assert_eq!(written_time(at, written), shown, "{written}");
        }
    }

    #[test]
    fn an_address_carries_the_reason_and_leaves_out_what_is_empty() {
        assert_eq!(address("/x", &[("a", ""), ("b", "")]), "/x");
        assert_eq!(address("/x", &[("a", "1&2"), ("why", "案 7")]), "/x?a=1%262&why=%E6%A1%88%207");
        let item = "https://id.gs1.org/01/09521141123454/21/602";
        assert!(thing_page(item, "").starts_with("/item?thing="));
        let lot = "https://id.gs1.org/01/09521141123454/10/L";
        assert!(thing_page(lot, "").starts_with("/search?q=lot%3A"));
        assert!(thing_page("urn:x", "").starts_with("/item?"));
    }
}
