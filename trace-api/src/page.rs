//! The pages: what their templates need, in the reader's language.
//!
//! The way through: [`item`] takes the band ([`crate::words::band`]), the next step (`next_step`), the product, the three
//! lamps, the notices, the timeline (`journey`) and who says so (`parties`), and gives all of it to one template.
//!
//! What holds: the order of the verdict page is fixed: verdict, next step, product, features to compare, scans, lamps,
//! notices, timeline, signers, limits, advice, actions, times; everything is there without a script; nothing but a
//! verified chip is green.
//!
//! Not here: the texts ([`crate::words`]), the JSON answer ([`crate::answer`]), what surrounds a page (`frame`).
//!
//! Source: docs/decisions/0078-the-verdict-page.md.

pub mod code;
mod journey;
mod map;
mod next_step;
pub mod own;
mod parties;
pub mod report;
pub mod start;

use std::collections::HashSet;

use askama::Template;
use epcis::BizStep;
use history::{
    ChipFault, Gap, GatheredHistory, History, HistoryEntry, Reason, Relation, TagCheck, Verdict,
    Withdrawal,
};
use jiff::Timestamp;
use sql::scans::ScanTotals;

use self::journey::Journey;
use self::next_step::{NextStep, Parts};
use self::parties::Parties;
use crate::config::Config;
use crate::consumer;
use crate::error_page;
use crate::frame::Frame;
use crate::lamps::{Lamp, LampState, Lamps};
use crate::language::{Language, Pair};
use crate::names::Product;
use crate::naming::Naming;
use crate::notices::{expiry, first_excursion, hints, other_lot, registered, warnings};
use crate::pictures::Picture;
use crate::scan_result::ScanResult;
use crate::scanned::{SERIAL, Scanned};
use crate::signs::{self, Colour, Icon};
use crate::words::journey::{self as journey_text, ScanCounts};
use crate::words::page::{ItemLabels, VerifyTexts};
use crate::words::{self, Checked, next as next_text, own as own_text, page as text, verifier};

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

/// A time, for machines and for people.
struct Moment {
    iso: String,
    text: String,
}

impl Moment {
    fn of(at: Timestamp) -> Self {
        Self { iso: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), text: words::minute(at) }
    }
}

/// When the ledgers were last signed, and by when all of it existed.
struct Clocks {
    size: String,
    recorded: Moment,
    anchored: Option<Moment>,
    /// Which evidence that is.
    chain: String,
}

/// A lamp as the page shows it.
struct ShownLamp {
    class: &'static str,
    icon: Icon,
    question: &'static str,
    word: &'static str,
    text: &'static str,
}

/// A notice as the page shows it.
struct ShownNotice {
    icon: Icon,
    is_information: bool,
    text: String,
}

/// A product as the page shows it; empty where it is not known.
#[derive(Default)]
struct ShownProduct<'a> {
    brand: &'a str,
    name: &'a str,
    /// Path of its picture; empty if there is none.
    picture: String,
    /// Features of the pack.
    pack: Vec<&'a str>,
}

/// What somebody does who bought the item.
struct BuyerSteps {
    /// Where the hidden code is entered; empty if the product has none.
    enter_code: String,
    /// Where somebody registers as the owner, or opens what is theirs; empty if nothing shows who bought the item.
    own: String,
    /// What that is called, and more of it.
    own_words: (&'static str, &'static str),
}

impl BuyerSteps {
    fn of(view: &PageView<'_>) -> Self {
        let is_owned = view.result.registered.owned.is_some();
        Self {
            enter_code: code_address(view.code, view.config, view.language),
            own: own_address(view),
            own_words: own_text::step(is_owned, view.language),
        }
    }
}

/// What to do, where a verdict needs more than one sentence.
struct Advice {
    id: &'static str,
    heading: &'static str,
    is_list: bool,
    texts: Vec<&'static str>,
}

#[derive(Template)]
#[template(path = "item.html")]
struct ItemPage<'a> {
    frame: Frame,
    lang: Language,
    colour: Colour,
    sign: String,
    main: String,
    hint: String,
    reason: String,
    code: &'static str,
    next: NextStep,
    next_text: &'static str,
    product: ShownProduct<'a>,
    /// The code only claims to be of this product.
    is_claimed: bool,
    /// Nobody issues under this key.
    is_unknown: bool,
    /// Key and serial number, as they were in the address.
    ids: Vec<(&'static str, &'a str)>,
    lot: &'a str,
    scans_line: String,
    lamps: Vec<ShownLamp>,
    notices: Vec<ShownNotice>,
    journey: Journey,
    parties: Parties,
    unnamed: String,
    advice: Option<Advice>,
    limits: &'static str,
    privacy: String,
    report: String,
    buyer: BuyerSteps,
    bundle: String,
    checked: Moment,
    clocks: Option<Clocks>,
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
    let PageView { result, config, language, code, .. } = *view;
    let verdict = result.reason.verdict();
    let colour = if sold_to_one(view) { Colour::Blue } else { words::band(verdict).colour };
    let history = result.gathered.as_ref().map(|gathered| &gathered.history);
    let entries = history.map(|history| history.entries.as_slice()).unwrap_or_default();
    let product = shown_product(config.names.product(&code.gtin), verdict, language);
    let lamps = Lamps::of(verdict, result.tag, &result.state, history).in_order();
    let parties = Parties::of(entries, &result.rights, config, language, journey::local_day);
    let gaps = gap_texts(&result.state.gaps, config, language);
    let main = main(view, words::band(verdict).main);
    let report = report_address(code, config, language);
    let notices = history.map(|history| shown_notices(view, history)).unwrap_or_default();
    let parts = Parts {
        recall: result.recall_url(config).unwrap_or_default(),
        report: &report,
        has_pack: !product.pack.is_empty(),
        has_notices: !notices.is_empty(),
        has_journey: !entries.is_empty(),
    };
    let (labels, next) = (ItemLabels::of(language), next_step::of(verdict, parts));
    ItemPage {
        frame: frame(view, &main),
        lang: language,
        colour,
        sign: signs::verdict(verdict, colour),
        main,
        hint: hint(view, words::band(verdict).hint),
        reason: why(view, history),
        code: verdict.code(),
        next_text: language.of(next.text),
        next,
        product,
        is_claimed: verdict == Verdict::Rejected,
        is_unknown: verdict == Verdict::NotCovered,
        ids: ids(code, &labels),
        lot: history.and_then(History::lot_number).unwrap_or_default(),
        scans_line: history.map_or_else(
            || language.of(journey_text::NO_COUNTS).to_owned(),
            |history| journey_text::scan_counts(scan_counts(view, history), language),
        ),
        lamps: lamps.map(|lamp| shown_lamp(lamp, colour, language)).into(),
        notices,
        journey: Journey::of(entries, &gaps, &parties, config, language),
        unnamed: journey_text::unnamed(parties.count, language),
        parties,
        advice: advice(verdict, language),
        limits: language.of(text::LIMITS),
        privacy: words::privacy(config.keep_scans_days, language),
        report,
        buyer: BuyerSteps::of(view),
        bundle: history.map(|history| bundle_path(history, code)).unwrap_or_default(),
        checked: Moment::of(result.request.at),
        clocks: clocks(result, language),
        permanent: format!("{}{}{}", config.public_url, code.path(), code.query()),
        labels,
        words: verifier::attribute_for_page(language),
    }
    .render()
}

/// Where somebody registers as the owner of the item, or opens what is theirs; empty if its product has no hidden codes and nobody tapped
/// its chip.
fn own_address(view: &PageView<'_>) -> String {
    let PageView { result, config, language, code, .. } = *view;
    let has_codes = !code_address(code, config, language).is_empty();
    let Some(item) = code.named.as_ref().filter(|_| has_codes || result.is_held) else {
        return String::new();
    };
    if result.registered.owned.is_some() {
        return format!("/own/item?lang={}", language.tag());
    }
    let link = item.to_digital_link();
    let named = if has_codes { link } else { format!("{}?{}", code.path(), kept_query(result)) };
    let named = percent_encoding::utf8_percent_encode(&named, percent_encoding::NON_ALPHANUMERIC);
    format!("/own?item={named}&lang={}", language.tag())
}

/// The query of a scan without the language.
fn kept_query(result: &ScanResult) -> String {
    let query = result.request.target.split_once('?').map_or("", |(_, query)| query);
    let others: Vec<&str> = query.split('&').filter(|part| !part.starts_with("lang=")).collect();
    others.join("&")
}

/// The frame. The switch of language of a tap keeps the chip's parameters: it is the same tap, loaded again.
fn frame(view: &PageView<'_>, main: &str) -> Frame {
    let PageView { result, code, language, .. } = *view;
    let frame = Frame::of(&format!("{main} · {}", code.last_part()), language)
        .with_token(code.token.as_deref());
    let target = &result.request.target;
    if result.tag == TagCheck::NotChecked || target.len() > tag_auth::tap::MOST_BYTES {
        return frame;
    }
    let kept = kept_query(result);
    Frame { switch: format!("?{kept}&lang={}", language.other().tag()), ..frame }
}

/// Key, lot of the address and serial number, as people call them.
fn ids<'a>(code: &'a Scanned, labels: &ItemLabels) -> Vec<(&'static str, &'a str)> {
    let name = |name: &'static str| if name == SERIAL { labels.serial } else { name };
    let parts = code.parts.iter().filter(|(name, _)| *name != "lot");
    parts.map(|(part, value)| (name(part), value.as_str())).collect()
}

/// Where the hidden code of the item is entered; empty if its product has none.
fn code_address(code: &Scanned, config: &Config, language: Language) -> String {
    let product = config.names.product(&code.gtin);
    let has_codes = product.is_some_and(|product| product.code_key.is_some());
    let Some(item) = code.named.as_ref().filter(|_| has_codes) else { return String::new() };
    let link = item.to_digital_link();
    let named = percent_encoding::utf8_percent_encode(&link, percent_encoding::NON_ALPHANUMERIC);
    format!("/code?item={named}&lang={}", language.tag())
}

/// Where a suspicion is reported: our own page, or else where the operator is reached; empty if nowhere.
fn report_address(code: &Scanned, config: &Config, language: Language) -> String {
    if !config.takes_reports {
        return config.report_contact.clone().unwrap_or_default();
    }
    let named =
        percent_encoding::utf8_percent_encode(&code.link, percent_encoding::NON_ALPHANUMERIC);
    format!("/report?code={named}&lang={}", language.tag())
}

/// What nobody issues under is no product of anybody; what a rejected code claims has no features to compare, which
/// would help a copy.
fn shown_product(
    product: Option<&Product>,
    verdict: Verdict,
    language: Language,
) -> ShownProduct<'_> {
    let Some(product) = product.filter(|_| verdict != Verdict::NotCovered) else {
        return ShownProduct::default();
    };
    let pack = features(language.of((&product.pack_zh, &product.pack_en)));
    ShownProduct {
        brand: language.of((&product.brand_zh, &product.brand_en)),
        name: language.of((&product.name_zh, &product.name_en)),
        picture: product.picture.as_ref().map(Picture::path).unwrap_or_default(),
        pack: if verdict == Verdict::Rejected { Vec::new() } else { pack },
    }
}

/// The features of a pack: each sentence is one.
fn features(text: &str) -> Vec<&str> {
    let parts = text.split_inclusive(['。', '；', ';', '\n']);
    let sentences = parts.flat_map(|part| part.split_inclusive(". ")).map(str::trim);
    sentences.filter(|sentence| !sentence.is_empty()).collect()
}

/// Each gap with what it says.
fn gap_texts<'a>(gaps: &'a [Gap], config: &Config, language: Language) -> Vec<(&'a Gap, String)> {
    let naming = Naming::of_public(config);
    let place = |sgln: &str| consumer::place_name(sgln, config, language);
    gaps.iter().map(|gap| (gap, words::gap(gap, naming, language, place))).collect()
}

fn shown_lamp(lamp: Lamp, colour: Colour, language: Language) -> ShownLamp {
    let (class, icon) = match lamp.state {
        // Green is for a chip that was verified now, and only its lamp.
        LampState::Ok if colour == Colour::Green && lamp.name == words::lamps::TAG => {
            ("chip", Icon::Tick)
        }
        LampState::Ok => ("ok", Icon::Tick),
        LampState::Warn => ("warn", Icon::Care),
        LampState::Broken => ("broken", Icon::Cross),
        LampState::Unchecked => ("unchecked", Icon::Minus),
    };
    let [question, word, text] = [lamp.name, lamp.word, lamp.text].map(|pair| language.of(pair));
    ShownLamp { class, icon, question, word, text }
}

/// What to do, where one sentence is not enough.
fn advice(verdict: Verdict, language: Language) -> Option<Advice> {
    let (id, heading, is_list, texts): (_, _, _, &[Pair]) = match verdict {
        Verdict::NotCovered => ("why", next_text::WHY_UNKNOWN, true, &next_text::UNKNOWN),
        Verdict::Rejected => ("now", next_text::WHAT_NOW, true, &next_text::REJECTED),
        Verdict::Sold => {
            ("ask", next_text::ASK, false, &[next_text::ASK_TEXT, next_text::ASK_RESULT])
        }
        _ => return None,
    };
    let texts = texts.iter().map(|text| language.of(*text)).collect();
    Some(Advice { id, heading: language.of(heading), is_list, texts })
}

/// Why the verdict was given.
fn why(view: &PageView<'_>, history: Option<&History>) -> String {
    let PageView { result, config, language, .. } = *view;
    match result.reason {
        Reason::Sold(_) if sold_to_one(view) => language.of(next_text::SOLD_TO_ONE).to_owned(),
        Reason::Sold(_) => language.of(next_text::SOLD_OTHERS).to_owned(),
        _ => {
            let checked =
                history.map(Checked::of).unwrap_or_default().with_hints(result.hints.len());
            words::reason(&result.reason, checked, Naming::of_public(config), language)
        }
    }
}

/// What asks for care, then when the item expires: a date alone is no warning.
fn shown_notices(view: &PageView<'_>, history: &History) -> Vec<ShownNotice> {
    let (language, naming) = (view.language, Naming::of_public(view.config));
    let lot = other_lot(history, view.code.lot.as_deref(), language);
    let warnings = warnings(history, &view.result.state, naming, language).into_iter();
    let warnings = warnings.chain(hints(&view.result.hints, language));
    let care = |text| ShownNotice { icon: Icon::Care, is_information: false, text };
    let date = |text| ShownNotice { icon: Icon::Date, is_information: true, text };
    let expiry = expiry(history, language).map(date);
    let registered = registered(&view.result.registered, language);
    lot.into_iter().chain(registered).chain(warnings).map(care).chain(expiry).collect()
}

/// The main sentence: what the verdict says, with the day of a sale.
fn main(view: &PageView<'_>, general: Pair) -> String {
    let PageView { result, config, language, .. } = *view;
    match (&result.reason, &result.state.sale) {
        (Reason::Sold(at), Some(sale)) => {
            let seller = config.show_parties.then_some(&*sale.party);
            words::sold(&sold_day(view, *at), seller, language)
        }
        (Reason::Clash(clash), _) => {
            let special = words::ledger_clash(clash.kind).map(|(main, _)| main);
            language.of(special.unwrap_or(general)).to_owned()
        }
        _ => language.of(general).to_owned(),
    }
}

/// The day of a sale, where it happened.
fn sold_day(view: &PageView<'_>, at: Timestamp) -> String {
    let entries = view.result.gathered.iter().flat_map(|gathered| &gathered.history.entries);
    let mut sales = entries.filter(|entry| entry.at == at);
    let sale = sales.find(|entry| entry.step == Some(BizStep::RetailSelling));
    let day = sale.map_or_else(|| at.to_zoned(jiff::tz::TimeZone::UTC).date(), journey::local_day);
    journey_text::day(day, view.language)
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
        Reason::ChipFailed(ChipFault::Used) => Some(language.of(next_text::TAP_AGAIN).to_owned()),
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

/// Whether the item was sold once, and nobody but this person scanned it.
fn sold_to_one(view: &PageView<'_>) -> bool {
    let result = view.result;
    let is_once = matches!(result.reason, Reason::Sold(_)) && result.state.resold.is_empty();
    is_once && result.scans.all <= result.scans.own
}

fn scan_counts(view: &PageView<'_>, history: &History) -> ScanCounts {
    let ScanTotals { all, own } = view.result.scans;
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let is_read = |entry: &&HistoryEntry| entry.sensed && entry.relation != Relation::Lot;
    let is_sale = |entry: &&HistoryEntry| entry.step == Some(BizStep::RetailSelling);
    ScanCounts {
        chain: history.entries.iter().filter(is_read).count(),
        shop: history.counted().filter(is_sale).count(),
        own: count(own),
        others: count(all.saturating_sub(own)),
    }
}

/// When the ledgers of the history were last signed, and by when all of it existed.
fn clocks(result: &ScanResult, language: Language) -> Option<Clocks> {
    let heads = result.gathered.iter().flat_map(heads_in_use);
    let checkpoints: Vec<_> = heads.map(|head| &head.checkpoint).collect();
    let recorded = checkpoints.iter().map(|checkpoint| checkpoint.recorded_at).max()?;
    let size = checkpoints.iter().map(|checkpoint| checkpoint.size).sum();
    let anchored = result.anchored.as_ref();
    let confirmed = anchored.and_then(|anchored| anchored.confirmed.as_ref());
    let confirmed = confirmed.map(|confirmed| (confirmed.asked, confirmed.agreed));
    Some(Clocks {
        size: words::ledger_size(size, language),
        recorded: Moment::of(recorded),
        anchored: anchored.map(|anchored| Moment::of(anchored.at)),
        chain: words::public_chain(confirmed, language),
    })
}

/// The ledgers that have records of the history.
fn heads_in_use(gathered: &GatheredHistory) -> impl Iterator<Item = &history::gather::LedgerHead> {
    let origins: HashSet<&str> =
        gathered.history.entries.iter().map(|entry| &*entry.origin).collect();
    gathered.ledgers.values().filter(move |head| origins.contains(&*head.origin))
}

fn bundle_path(history: &History, code: &Scanned) -> String {
    let item =
        percent_encoding::utf8_percent_encode(&history.name(), percent_encoding::NON_ALPHANUMERIC)
            .to_string();
    format!("/items/{item}/bundle{}", code.query())
}

/// The page for when the database does not answer: no verdict, and never a green one.
#[must_use]
pub fn cannot_check(language: Language) -> String {
    error_page::cannot_check(language)
}

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage {
    frame: Frame,
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
    VerifyPage { frame: Frame::of(texts.heading, language), texts, words }.render()
}

#[cfg(test)]
mod tests {
    use super::features;

    #[test]
    fn each_sentence_about_a_pack_is_a_feature() {
        let zh = "瓶盖为墨绿色，有竖纹。盖下有一道金环；打开后断裂。";
        assert_eq!(features(zh), ["瓶盖为墨绿色，有竖纹。", "盖下有一道金环；", "打开后断裂。"]);
        let en = "Dark green cap, 3.5 cm wide. A gold ring.\nA lot number";
        let expected = ["Dark green cap, 3.5 cm wide.", "A gold ring.", "A lot number"];
        assert_eq!(features(en), expected);
        assert_eq!(features("a bamboo leaf on the lid"), ["a bamboo leaf on the lid"]);
        assert!(features("").is_empty());
    }
}
