//! The pages of owners: registering, the code that a new owner keeps, the owner's page, and what the recipient of a link sees.
//!
//! What holds: every page works without a script; a code is in forms and in the fragment of a link, which no browser sends, and never in a
//! path or a query; the switch of language on a page that a form led to sends that form again, so that nothing is lost by it.
//!
//! Not here: who may do what ([`crate::owners`]), the words ([`crate::words::own`]).

use access::typed::LongCode;
use askama::Template;
use epcis::BizStep;
use history::{History, HistoryEntry, Relation};
use jiff::Timestamp;
use sql::owners::{Linked, Owner};

use super::{PageView, expiry, hint, ids, journey, main, shown_product, warnings, why};
use crate::config::Config;
use crate::consumer;
use crate::frame::Frame;
use crate::language::Language;
use crate::naming::Naming;
use crate::owners::{NewLink, NewOwner, Refused};
use crate::scan_result::ScanResult;
use crate::scanned::Scanned;
use crate::signs::{self, Colour};
use crate::words::own::{
    self as words, ClaimTexts, Door, DoorTexts, FactTexts, NewOwnerTexts, OwnerTexts,
    PassportTexts, TakeTexts,
};
use crate::words::page::ItemLabels;

/// A band above a page: what happened.
struct Band {
    class: &'static str,
    sign: String,
    heading: String,
    hint: String,
}

impl Band {
    fn of(colour: Colour, heading: impl Into<String>, hint: impl Into<String>) -> Self {
        let sign = signs::code(colour);
        Self { class: colour.class(), sign, heading: heading.into(), hint: hint.into() }
    }
}

/// What somebody sends to register.
#[derive(Debug, Clone, Default)]
pub struct Claim {
    /// What names the item, or the address of a tap.
    pub item: String,
    /// Its hidden code.
    pub code: String,
    /// Number of the form.
    pub form: String,
    /// Whether `item` is the address of a tap.
    pub is_tap: bool,
    /// Why it was not taken.
    pub refused: Option<Refused>,
}

#[derive(Template)]
#[template(path = "own.html")]
struct ClaimPage<'a> {
    frame: Frame,
    texts: ClaimTexts,
    door: DoorTexts,
    band: Option<Band>,
    claim: &'a Claim,
}

/// The page on which somebody registers.
///
/// # Errors
///
/// If the template cannot be rendered.
pub fn claim(claim: &Claim, language: Language) -> Result<String, askama::Error> {
    let texts = ClaimTexts::of(language);
    let band = claim.refused.map(|why| {
        let (heading, hint) = words::refused(why, language);
        let is_used = matches!(why, Refused::Used(_) | Refused::Owned(_));
        Band::of(if is_used { Colour::Amber } else { Colour::Grey }, heading, hint)
    });
    let title = band.as_ref().map_or(texts.heading, |band| &band.heading);
    let frame = Frame::of(title, language);
    let item =
        percent_encoding::utf8_percent_encode(&claim.item, percent_encoding::NON_ALPHANUMERIC);
    let switch = format!("?item={item}&lang={}", language.other().tag());
    let door = DoorTexts::of(Door::Owner, language);
    ClaimPage { frame: Frame { switch, ..frame }, texts, door, band, claim }.render()
}

#[derive(Template)]
#[template(path = "door.html")]
struct DoorPage {
    frame: Frame,
    texts: DoorTexts,
    band: Option<Band>,
    /// Where the code is sent.
    action: &'static str,
    is_gift: bool,
    /// Fills in the code of the address.
    script: String,
}

/// The page on which a code is typed, or which takes it from the fragment of its own address.
///
/// - `is_unknown`: whether a code was entered that opens nothing.
///
/// # Errors
///
/// If the template cannot be rendered.
pub fn door(door: Door, is_unknown: bool, language: Language) -> Result<String, askama::Error> {
    let texts = DoorTexts::of(door, language);
    let (heading, hint) = words::UNKNOWN;
    let band = is_unknown.then(|| Band::of(Colour::Grey, language.of(heading), language.of(hint)));
    let title = band.as_ref().map_or(texts.heading, |band| &band.heading);
    let (action, is_gift) = match door {
        Door::Owner => ("/own/item", false),
        Door::Sale => ("/own/take", false),
        Door::Gift => ("/own/take", true),
        Door::Passport => ("/own/passport", false),
    };
    let mut frame = Frame::of(title, language);
    if is_gift {
        frame.switch = format!("?for=gift&lang={}", language.other().tag());
    }
    let script = crate::assets::path("own.js");
    DoorPage { frame, texts, band, action, is_gift, script }.render()
}

#[derive(Template)]
#[template(path = "owned.html")]
struct NewOwnerPage {
    frame: Frame,
    texts: NewOwnerTexts,
    band: Band,
    code: String,
    link: String,
    /// Path of the item's page.
    item: String,
}

/// The code of somebody who became an owner.
///
/// - `sent`: the form that led here.
///
/// # Errors
///
/// If the template cannot be rendered.
pub fn new_owner(
    owner: &NewOwner,
    sent: Vec<(&'static str, String)>,
    config: &Config,
    language: Language,
) -> Result<String, askama::Error> {
    let texts = NewOwnerTexts::of(language);
    let code = owner.code.to_string();
    NewOwnerPage {
        frame: Frame::of(texts.heading, language).with_form(sent),
        band: Band::of(Colour::Blue, texts.heading, texts.hint),
        texts,
        link: format!("{}/own/item#{code}", config.public_url),
        item: item_page(&owner.item, config, language),
        code,
    }
    .render()
}

/// Path of the page of an item, with its token where its product asks for one: whoever has an owner's code or link may see it.
fn item_page(link: &str, config: &Config, language: Language) -> String {
    let item = epc::identify(link).ok();
    let product = item
        .as_ref()
        .and_then(epc::Epc::gtin14)
        .and_then(|gtin| config.names.product(&gtin).cloned());
    let key = product.and_then(|product| product.token_key);
    let token = key.zip(item).map(|(key, item)| format!("t={}&", key.token(&item.to_uri())));
    let path = link.strip_prefix("https://id.gs1.org").unwrap_or_default();
    format!("{path}?{}lang={}", token.unwrap_or_default(), language.tag())
}

/// What an owner's page shows.
pub struct Owned<'a> {
    /// The owner.
    pub owner: &'a Owner,
    /// Their code.
    pub code: LongCode,
    /// What the item is called.
    pub scanned: &'a Scanned,
    /// A link that was made just now, and the door that it opens.
    pub made: Option<(NewLink, Door)>,
}

/// A link that was made just now.
struct ShownLink {
    address: String,
    until: String,
}

#[derive(Template)]
#[template(path = "owner.html")]
struct OwnerPage<'a> {
    frame: Frame,
    texts: OwnerTexts,
    band: Option<Band>,
    code: String,
    name: &'a str,
    ids: Vec<(&'static str, &'a str)>,
    item: String,
    since: String,
    before: String,
    link: Option<ShownLink>,
    /// Until when the link to pass it on holds; empty if there is none.
    transfer: String,
    /// Until when the passport holds; empty if there is none.
    passport: String,
}

/// The page of an owner.
///
/// # Errors
///
/// If the template cannot be rendered.
pub fn owner(
    shown: &Owned<'_>,
    config: &Config,
    language: Language,
) -> Result<String, askama::Error> {
    let Owned { owner, code, scanned, made } = shown;
    let texts = OwnerTexts::of(language);
    let (before, own) = split(&owner.since);
    let band =
        owner.ended.map(|at| Band::of(Colour::Grey, words::ended(at, language), texts.ended));
    let link = made.as_ref().map(|(link, door)| {
        let path = match door {
            Door::Passport => "/own/passport",
            Door::Gift => "/own/take?for=gift",
            Door::Sale | Door::Owner => "/own/take",
        };
        ShownLink {
            address: format!("{}{path}#{}", config.public_url, link.code),
            until: words::holds(link.until, language),
        }
    });
    let until = |at: Option<Timestamp>| at.map(|at| words::until(at, language)).unwrap_or_default();
    let code = code.to_string();
    OwnerPage {
        frame: Frame::of(texts.heading, language).with_form(vec![("code", code.clone())]),
        texts,
        band,
        code,
        name: name(scanned, config, language),
        ids: ids(scanned, &ItemLabels::of(language)),
        item: item_page(&owner.item, config, language),
        since: match owner.ended {
            None => words::since(own, owner.since.len(), language),
            Some(_) => words::was(own, language),
        },
        before: words::before(before, language),
        link,
        transfer: until(owner.transfer),
        passport: until(owner.passport),
    }
    .render()
}

/// The owners before, and the last.
fn split(since: &[Timestamp]) -> (&[Timestamp], Timestamp) {
    since.split_last().map_or((since, Timestamp::UNIX_EPOCH), |(own, before)| (before, *own))
}

/// What the item is called; empty if nobody says.
fn name<'a>(scanned: &Scanned, config: &'a Config, language: Language) -> &'a str {
    let product = config.names.product(&scanned.gtin);
    product.map_or("", |product| language.of((&*product.name_zh, &*product.name_en)))
}

/// What is known of an item, for whoever may get it.
struct Facts<'a> {
    texts: FactTexts,
    brand: &'a str,
    name: &'a str,
    picture: String,
    ids: Vec<(&'static str, &'a str)>,
    lot: &'a str,
    made: String,
    since: String,
    before: String,
    until: String,
    /// What the verdict says; empty if no record names the item.
    verdict: [String; 3],
    notices: Vec<String>,
    /// Path of the item's page.
    page: String,
}

impl<'a> Facts<'a> {
    fn of(view: &'a PageView<'a>, linked: &Linked) -> Self {
        let PageView { result, config, language, code, .. } = *view;
        let history = result.gathered.as_ref().map(|gathered| &gathered.history);
        let verdict = result.reason.verdict();
        let product = shown_product(config.names.product(&code.gtin), verdict, language);
        let band = crate::words::band(verdict);
        let notices = history.map(|history| {
            let naming = Naming::of_public(config);
            let all = warnings(history, &result.state, naming, language);
            all.into_iter().chain(expiry(history, language)).collect()
        });
        let (before, own) = split(&linked.since);
        Self {
            texts: FactTexts::of(language),
            brand: product.brand,
            name: product.name,
            picture: product.picture,
            ids: ids(code, &ItemLabels::of(language)),
            lot: history.and_then(History::lot_number).unwrap_or_default(),
            made: history.and_then(|history| made(history, config, language)).unwrap_or_default(),
            since: words::since(own, linked.since.len(), language),
            before: words::before(before, language),
            until: words::holds(linked.expires_at, language),
            verdict: history.map_or_else(Default::default, |history| {
                [main(view, band.main), hint(view, band.hint), why(view, Some(history))]
            }),
            notices: notices.unwrap_or_default(),
            page: item_page(&linked.item, config, language),
        }
    }
}

/// When the item was made, and who says so.
fn made(history: &History, config: &Config, language: Language) -> Option<String> {
    let is_made = |entry: &&HistoryEntry| {
        entry.step == Some(BizStep::Commissioning) && entry.relation == Relation::Item
    };
    let entry = history.counted().find(is_made)?;
    let day = crate::words::journey::day(journey::local_day(entry), language);
    Some(words::made(&day, &consumer::party(&entry.party, config, language), language))
}

#[derive(Template)]
#[template(path = "take.html")]
struct TakePage<'a> {
    frame: Frame,
    band: Band,
    facts: Facts<'a>,
    /// What accepts; none on a passport.
    accept: Option<Accept>,
}

/// What accepts an item.
struct Accept {
    texts: TakeTexts,
    code: String,
    form: String,
    is_gift: bool,
}

/// What somebody gets who has the link of an owner.
///
/// - `form`: number of the form that accepts.
///
/// # Errors
///
/// If the template cannot be rendered.
pub fn take(
    result: &ScanResult,
    linked: &Linked,
    (link, form, is_gift): (LongCode, String, bool),
    config: &Config,
    language: Language,
) -> Result<String, askama::Error> {
    let view = PageView { result, code: &result.code, config, language };
    let texts = TakeTexts::of(is_gift, language);
    let code = link.to_string();
    let mut sent = vec![("code", code.clone())];
    sent.extend(is_gift.then(|| ("for", "gift".to_owned())));
    TakePage {
        frame: Frame::of(texts.heading, language).with_form(sent),
        band: Band::of(Colour::Blue, texts.heading, texts.hint),
        facts: Facts::of(&view, linked),
        accept: Some(Accept { texts, code, form, is_gift }),
    }
    .render()
}

/// What a passport shows.
///
/// # Errors
///
/// If the template cannot be rendered.
pub fn passport(
    result: &ScanResult,
    linked: &Linked,
    link: LongCode,
    config: &Config,
    language: Language,
) -> Result<String, askama::Error> {
    let view = PageView { result, code: &result.code, config, language };
    let texts = PassportTexts::of(language);
    TakePage {
        frame: Frame::of(texts.heading, language).with_form(vec![("code", link.to_string())]),
        band: Band::of(Colour::Blue, texts.heading, texts.hint),
        facts: Facts::of(&view, linked),
        accept: None,
    }
    .render()
}
