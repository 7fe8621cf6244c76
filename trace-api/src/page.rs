//! The pages: what their templates need, in the reader's language.
//!
//! The order of the verdict page is fixed: verdict, product, scans, lamps, notices, timeline, signers, limits, actions, times.
//!
//! Not here: the texts ([`crate::words`]), the JSON answer ([`crate::answer`]).

use std::collections::HashSet;

use askama::Template;
use epcis::{BizStep, Disposition};
use history::{GatheredHistory, History, HistoryEntry, Mark, Reason, Relation, Weight, Withdrawal};
use jiff::Timestamp;
use sql::scans::ScanTotals;

use crate::config::Config;
use crate::consumer;
use crate::error_page;
use crate::lamps::Lamps;
use crate::language::{Language, Pair};
use crate::naming::Naming;
use crate::notices::{expiry, first_excursion, other_lot, warnings};
use crate::scan_result::ScanResult;
use crate::scanned::{SERIAL, Scanned};
use crate::words::page::{ItemLabels, StartTexts, VerifyTexts};
use crate::words::{self, Checked, ScanCounts, page as text, verifier};

/// Everything that the page shows.
pub struct PageView<'a> {
    /// The scan and its answer.
    pub result: &'a ScanResult,
    /// What the address names.
    pub code: &'a Scanned,
    /// Names of products and places.
    pub config: &'a Config,
    /// The reader's language.
    pub language: Language,
}

/// One step of the timeline.
struct Line {
    at: String,
    step: String,
    place: String,
    who: String,
    how: &'static str,
    via: &'static str,
    /// What is to be known about its weight and its time.
    marks: Vec<&'static str>,
    class: &'static str,
}

#[derive(Template)]
#[template(path = "item.html")]
struct ItemPage<'a> {
    lang: Language,
    title: String,
    colour: &'static str,
    icon: &'static str,
    main: String,
    hint: String,
    reason: String,
    /// Where the issuer says what to do about a recall.
    recall: &'a str,
    code: &'static str,
    product: &'a str,
    pack: &'a str,
    /// Key and serial number, as they were in the address.
    ids: String,
    lot: &'a str,
    scans_line: String,
    lamps: Vec<(&'static str, &'static str, &'static str)>,
    /// CSS classes and text.
    notices: Vec<(&'static str, String)>,
    lines: Vec<Line>,
    gaps: Vec<String>,
    signers: Vec<String>,
    limits: &'static str,
    privacy: String,
    report: &'a str,
    bundle: String,
    checked_at: String,
    clocks: String,
    permanent: String,
    labels: ItemLabels,
    /// What the verifier shows, as JSON, escaped.
    words: &'static str,
}

/// Renders the page.
///
/// # Errors
///
/// If the template cannot be rendered.
pub fn item(view: &PageView<'_>) -> Result<String, askama::Error> {
    let PageView { result, config, language, .. } = *view;
    let verdict = result.reason.verdict();
    let band = words::band(verdict);
    let history = result.gathered.as_ref().map(|gathered| &gathered.history);
    let entries = history.map(|history| history.entries.as_slice()).unwrap_or_default();
    let product = config.names.product(&view.code.gtin);
    let lamps = Lamps::of(verdict, &result.state, history).in_order();
    let place = |sgln: &str| consumer::place_name(sgln, config, language);
    let naming = Naming::of_public(config);
    let checked = history.map(Checked::of).unwrap_or_default();
    let main = main(view, band.main);
    ItemPage {
        lang: language,
        title: format!("{main} · {}", view.code.last_part()),
        colour: if sold_to_one(view) { "blue" } else { band.colour },
        icon: band.icon,
        main,
        hint: hint(view, band.hint),
        reason: words::reason(&result.reason, checked, naming, language),
        recall: result.recall_url(config).unwrap_or_default(),
        code: verdict.code(),
        product: product.map_or("", |p| language.of((p.name_zh.as_str(), p.name_en.as_str()))),
        pack: product.map_or("", |p| language.of((p.pack_zh.as_str(), p.pack_en.as_str()))),
        ids: ids(view.code, &ItemLabels::of(language)),
        lot: history.and_then(History::lot_number).unwrap_or_default(),
        scans_line: words::scan_counts(scan_counts(view, history), language),
        lamps: lamps
            .map(|lamp| (lamp.state.code(), language.of(lamp.name), language.of(lamp.text)))
            .into(),
        notices: history.map(|history| shown_notices(view, history, naming)).unwrap_or_default(),
        lines: entries.iter().map(|entry| line(entry, config, language)).collect(),
        gaps: result
            .state
            .gaps
            .iter()
            .map(|gap| words::gap(gap, naming, language, place))
            .collect(),
        signers: consumer::signers(entries, config, language),
        limits: language.of(text::LIMITS),
        privacy: words::privacy(config.keep_scans_days, language),
        report: config.report_contact.as_deref().unwrap_or_default(),
        bundle: history.map(|history| bundle_path(&history.name())).unwrap_or_default(),
        checked_at: words::minute(result.request.at),
        clocks: clocks(result, language),
        permanent: format!("{}{}", config.public_url, view.code.path()),
        labels: ItemLabels::of(language),
        words: verifier::attribute_for_page(language),
    }
    .render()
}

/// Key, lot of the address and serial number, as people call them.
fn ids(code: &Scanned, labels: &ItemLabels) -> String {
    let name = |name: &'static str| if name == SERIAL { labels.serial } else { name };
    let parts = code.parts.iter().filter(|(name, _)| *name != "lot");
    let parts: Vec<String> = parts.map(|(part, value)| format!("{} {value}", name(part))).collect();
    parts.join(" · ")
}

fn line(entry: &HistoryEntry, config: &Config, language: Language) -> Line {
    let (how, class) = match (&entry.fault, entry.sensed, &entry.relation) {
        (Some(_), _, _) => (text::HOW_DISPUTED, "broken"),
        (None, true, Relation::Lot) => (text::HOW_SENSED, "warn"),
        (None, false, Relation::Lot) => (text::HOW_STATED, "warn"),
        (None, true, _) => (text::HOW_SENSED, "ok"),
        (None, false, _) => (text::HOW_STATED, "ok"),
    };
    let class = if class == "ok" && entry.weight != Weight::Counts { "warn" } else { class };
    Line {
        at: consumer::day(entry.at),
        step: words::step(entry.step.as_ref(), language),
        place: consumer::place_name(&entry.place, config, language),
        who: consumer::party(&entry.party, config, language),
        how: language.of(how),
        via: match entry.relation {
            Relation::Item => "",
            Relation::Container(_) => language.of(text::VIA_CONTAINER),
            Relation::Lot => language.of(text::VIA_LOT),
        },
        marks: marks(entry).into_iter().map(|mark| language.of(mark)).collect(),
        class,
    }
}

/// What the timeline says about a recall or a theft in a record, and about its weight and time.
fn marks(entry: &HistoryEntry) -> Vec<Pair> {
    let weight = match entry.weight {
        Weight::Listed if entry.fault.is_none() => Some(text::MARK_LISTED),
        Weight::Claim => Some(text::MARK_CLAIM),
        Weight::Listed | Weight::Counts => None,
    };
    let mark = entry.mark.map(|mark| match mark {
        Mark::Future => text::MARK_FUTURE,
        Mark::BackDated => text::MARK_BACK_DATED,
        Mark::Corrected => text::MARK_CORRECTED,
    });
    let says = match &entry.disposition {
        Some(Disposition::Recalled) => Some(text::SAYS_RECALLED),
        Some(Disposition::Stolen) => Some(text::SAYS_STOLEN),
        _ => None,
    };
    let weight = weight.filter(|_| entry.mark != Some(Mark::Corrected));
    says.into_iter().chain(weight).chain(mark).collect()
}

/// The notices with their CSS classes: a date alone is no warning.
fn shown_notices(
    view: &PageView<'_>,
    history: &History,
    naming: Naming,
) -> Vec<(&'static str, String)> {
    let language = view.language;
    let lot = other_lot(history, view.code.lot.as_deref(), language);
    let warnings = warnings(history, &view.result.state, naming, language).into_iter();
    let expiry = expiry(history, language).map(|text| ("notice info", text));
    lot.into_iter().chain(warnings).map(|text| ("notice", text)).chain(expiry).collect()
}

/// The main sentence: what the verdict says, with the day of a sale.
fn main(view: &PageView<'_>, general: Pair) -> String {
    let PageView { result, config, language, .. } = *view;
    match (&result.reason, &result.state.sale) {
        (Reason::Sold(at), Some(sale)) => {
            let seller = config.show_parties.then_some(&*sale.party);
            words::sold(*at, seller, language)
        }
        (Reason::Clash(clash), _) => {
            let special = words::ledger_clash(clash.kind).map(|(main, _)| main);
            language.of(special.unwrap_or(general)).to_owned()
        }
        _ => language.of(general).to_owned(),
    }
}

/// What to do, with the date, the gap or the value that the verdict is about.
fn hint(view: &PageView<'_>, general: Pair) -> String {
    let PageView { result, config, language, .. } = *view;
    let history = result.gathered.as_ref().map(|gathered| &gathered.history);
    let naming = Naming::of_public(config);
    let special = match &result.reason {
        Reason::Withdrawn(Withdrawal::Expired) => {
            history.and_then(History::expiry_date).map(|date| words::expired_on(date, language))
        }
        Reason::Withdrawn(Withdrawal::Recalled) if result.recall_url(config).is_none() => {
            Some(language.of(text::RECALL_HINT).to_owned())
        }
        Reason::Clash(clash) => {
            words::ledger_clash(clash.kind).map(|(_, hint)| language.of(hint).to_owned())
        }
        Reason::Gap(gap) => {
            let place = |sgln: &str| consumer::place_name(sgln, config, language);
            Some(words::gap(gap, naming, language, place))
        }
        Reason::Condition(_) => {
            history.and_then(|history| first_excursion(history, naming, language))
        }
        _ => None,
    };
    special.unwrap_or_else(|| language.of(general).to_owned())
}

/// Whether the item was sold, and nobody but this person scanned it.
fn sold_to_one(view: &PageView<'_>) -> bool {
    matches!(view.result.reason, Reason::Sold(_)) && view.result.scans.all <= view.result.scans.own
}

fn scan_counts(view: &PageView<'_>, history: Option<&History>) -> ScanCounts {
    let ScanTotals { all, own } = view.result.scans;
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let is_read = |entry: &&HistoryEntry| entry.sensed && entry.relation != Relation::Lot;
    let is_sale = |entry: &&HistoryEntry| entry.step == Some(BizStep::RetailSelling);
    ScanCounts {
        chain: history.map_or(0, |history| history.entries.iter().filter(is_read).count()),
        shop: history.map_or(0, |history| history.counted().filter(is_sale).count()),
        own: count(own),
        others: count(all.saturating_sub(own)),
    }
}

/// When the ledgers of the history were last signed, and by when all of it existed.
fn clocks(result: &ScanResult, language: Language) -> String {
    let heads = result.gathered.iter().flat_map(heads_in_use);
    let checkpoints: Vec<_> = heads.map(|head| &head.checkpoint).collect();
    let recorded: Option<Timestamp> =
        checkpoints.iter().map(|checkpoint| checkpoint.recorded_at).max();
    let size = checkpoints.iter().map(|checkpoint| checkpoint.size).sum();
    recorded.map_or_else(String::new, |recorded| {
        words::clocks(recorded, size, result.anchored.as_ref(), language)
    })
}

/// The ledgers that have records of the history.
fn heads_in_use(gathered: &GatheredHistory) -> impl Iterator<Item = &history::gather::LedgerHead> {
    let origins: HashSet<&str> =
        gathered.history.entries.iter().map(|entry| &*entry.origin).collect();
    gathered.ledgers.values().filter(move |head| origins.contains(&*head.origin))
}

fn bundle_path(item: &str) -> String {
    format!(
        "/items/{}/bundle",
        percent_encoding::utf8_percent_encode(item, percent_encoding::NON_ALPHANUMERIC)
    )
}

/// The page for when the database does not answer.
#[must_use]
pub fn cannot_check(language: Language) -> String {
    error_page::render(
        language.of(text::CANNOT_CHECK),
        language.of(text::CANNOT_CHECK_HINT),
        language,
    )
}

#[derive(Template)]
#[template(path = "start.html")]
struct StartPage {
    lang: Language,
    texts: StartTexts,
}

/// The page at `/`.
///
/// # Errors
///
/// If the template cannot be rendered.
pub fn start(language: Language) -> Result<String, askama::Error> {
    let texts = StartTexts::of(language);
    StartPage { lang: language, texts }.render()
}

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage {
    lang: Language,
    texts: VerifyTexts,
    /// As on the page of an item.
    words: &'static str,
}

/// The page that verifies a file in the browser.
///
/// # Errors
///
/// If the template cannot be rendered.
pub fn verify(language: Language) -> Result<String, askama::Error> {
    let (texts, words) = (VerifyTexts::of(language), verifier::attribute_for_page(language));
    VerifyPage { lang: language, texts, words }.render()
}
