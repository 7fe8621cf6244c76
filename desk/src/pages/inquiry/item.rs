//! `GET /item`: the custody of one thing: who had it, how each step is known, and what was checked.

use access::Act;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use inquiry::custody::{Correction, CustodyRow, Existed, Knowledge, Reader, Signature};
use inquiry::reading::element_string;
use inquiry::{Count, Custody, custody};
use process::language::Language;
use serde::Deserialize;

use super::search::{Asked, Form};
use super::way::Way;
use super::{Link, SealView, address, thing_page, what, written_time};
use crate::failure::Failure;
use crate::names::{NameView, Names};
use crate::pages::exports::ExportForm;
use crate::pages::html;
use crate::reads::{self, Done};
use crate::shell::{Shell, time};
use crate::state::DeskState;
use crate::visitor::Visitor;
use crate::words::inquiry::{self as words, InquiryTexts};

/// What is asked for.
#[derive(Debug, Clone, Deserialize)]
pub struct Wanted {
    /// The thing, in any spelling.
    #[serde(default)]
    thing: String,
    /// Why.
    #[serde(default)]
    why: String,
}

#[derive(Template)]
#[template(path = "item.html")]
struct Page {
    shell: Shell,
    texts: &'static InquiryTexts,
    form: Form,
    alerts: Vec<String>,
    thing: String,
    uri: String,
    view: Option<View>,
    export: Option<ExportForm>,
}

/// What of a custody is shown.
struct View {
    count: String,
    lot: Option<Link>,
    rows: Vec<RowView>,
    way: Way,
    product: Option<NameView>,
    gaps: Vec<String>,
    hidden: Option<String>,
    cut: Option<String>,
    ledgers: Vec<LedgerView>,
    legend: Vec<KnownView>,
    tree: String,
    events: String,
}

/// A ledger that was read.
struct LedgerView {
    origin: String,
    party: String,
    size: u64,
    root: String,
    signed: String,
    fault: Option<String>,
}

/// How something is known, with its sign.
#[derive(Clone, Copy)]
struct KnownView {
    class: &'static str,
    name: &'static str,
    hint: &'static str,
}

/// A row.
struct RowView {
    class: &'static str,
    at: String,
    at_exact: String,
    what: String,
    place: NameView,
    notes: Vec<String>,
    party: String,
    seal: Option<SealView>,
    known: KnownView,
    signature: &'static str,
    signature_class: &'static str,
    signature_note: String,
    origin: String,
    index: u64,
    checkpoint: u64,
    leaf: String,
    existed: String,
    existed_state: &'static str,
}

/// `GET /item`.
///
/// # Errors
///
/// [`Failure`].
pub async fn get(
    visitor: Visitor,
    state: Data<DeskState>,
    request: HttpRequest,
    wanted: Query<Wanted>,
) -> Result<HttpResponse, Failure> {
    let Wanted { thing, why } = wanted.into_inner();
    let (lang, sight) = (visitor.language, visitor.sight(Act::QueryEvents, &state)?);
    let texts = words::texts(lang);
    let asked = Asked { q: element_string(&thing), why: why.clone(), ..Asked::default() };
    let mut page = Page {
        shell: Shell::of(&visitor, &request, words::ITEM),
        texts,
        form: Form { texts, asked, has_reason: sight.is_recorded() },
        alerts: Vec::new(),
        thing: element_string(&thing),
        uri: epc::thing_key(&thing),
        view: None,
        export: None,
    };
    let item = match epc::identify(&thing) {
        Ok(item) => item,
        Err(error) => {
            let problem = inquiry::Unreadable { got: thing, expected: error.to_string() };
            page.alerts.push(words::unreadable(&problem, lang));
            return html(&page);
        }
    };
    if sight.is_recorded() && reads::reason(&why).is_none() {
        page.alerts.push(texts.why_missing.to_owned());
        return html(&page);
    }
    let Some(current) = state.authority().await else {
        page.alerts.push(texts.no_policy.to_owned());
        return html(&page);
    };
    let reader = Reader {
        db: &state.db,
        cache: &state.cache,
        policy: &current.policy,
        rights: &current.rights,
        hub: state.config.hub.as_deref(),
        now: state.clock.now(),
    };
    let found = custody(&reader, &sight, &item).await?;
    let done = Done {
        act: Act::QueryEvents,
        asked: &format!("GET /item {}", page.uri),
        why: &why,
        counts: (found.rows.len() as u64, found.hidden),
    };
    reads::record(&state, &visitor, &sight, done, None).await?;
    page.export = ExportForm::of_thing(&state, lang, (&page.uri, &why), sight.is_recorded());
    let missing = found.gaps.iter().filter_map(place_of_gap);
    let shown = found.rows.iter().flat_map(|row| [&*row.place, &*row.pgln]);
    let shown = shown.chain(missing).chain([&*page.uri]);
    let names = Names::load(&state, &current, shown, lang).await?;
    page.view = Some(view(&found, &names, lang, (&page.uri, &why)));
    html(&page)
}

/// The place that a gap is about.
fn place_of_gap(gap: &history::Gap) -> Option<&str> {
    match gap {
        history::Gap::Shipping { from: place } | history::Gap::Receiving { at: place } => {
            Some(place)
        }
        _ => None,
    }
}

fn view(found: &Custody, names: &Names, lang: Language, (key, why): (&str, &str)) -> View {
    let all = [Knowledge::Sensed, Knowledge::Stated, Knowledge::Claimed, Knowledge::Inferred];
    let product = key.split_once("/21/").map(|(product, _)| product);
    let lot = found.lot.as_ref().zip(product).map(|(lot, product)| {
        let lot_key = epc::thing_key(&format!("{product}/10/{}", super::escaped(lot)));
        Link { to: thing_page(&lot_key, why), name: lot.clone() }
    });
    let ledgers = found.ledgers.iter().map(|ledger| LedgerView {
        origin: ledger.origin.clone(),
        party: ledger.party.clone(),
        size: ledger.size,
        root: ledger.root.to_string(),
        signed: time(ledger.recorded_at),
        fault: ledger.fault.clone(),
    });
    let cut = history::Gap::Cut { left_out: found.cut };
    let claimed = lang.of(crate::words::CLAIMED_NAME);
    let called = |place: &str| names.place(place).in_words(claimed);
    View {
        count: words::count(Count::Exactly(found.rows.len() as u64), lang),
        lot,
        rows: found.rows.iter().map(|row| row_view(row, names, lang)).collect(),
        way: Way::of(&found.rows, names, found.hidden, lang),
        product: names.product(key),
        gaps: found.gaps.iter().map(|gap| words::gap(gap, &called, lang)).collect(),
        hidden: words::hidden(Count::Exactly(found.hidden), lang),
        cut: (found.cut > 0).then(|| words::gap(&cut, &called, lang)),
        ledgers: ledgers.collect(),
        legend: all.map(|known| known_view(known, lang)).into(),
        tree: address("/tree", &[("thing", key), ("direction", "neighbourhood"), ("why", why)]),
        events: address("/search", &[("q", &format!("item:{key}")), ("why", why)]),
    }
}

fn known_view(known: Knowledge, lang: Language) -> KnownView {
    let class = match known {
        Knowledge::Sensed => "sensed",
        Knowledge::Stated => "stated",
        Knowledge::Claimed => "claimed",
        Knowledge::Inferred => "inferred",
    };
    let (name, hint) = (words::knowledge(known), words::knowledge_hint(known));
    KnownView { class, name: lang.of(name), hint: lang.of(hint) }
}

fn row_view(row: &CustodyRow, names: &Names, lang: Language) -> RowView {
    let texts = words::texts(lang);
    let mut notes = Vec::new();
    if let Some(container) = &row.container {
        notes.push(format!("{} {}", texts.inside, element_string(container)));
    }
    if row.is_of_lot {
        notes.push(texts.whole_lot.to_owned());
    }
    notes.extend(row.documents.iter().map(|one| format!("{} {one}", texts.document)));
    let (class, correction) = match &row.correction {
        None => ("", None),
        Some(Correction::Replaces(original)) => {
            ("new", Some(format!("{} {original}", texts.corrects)))
        }
        Some(Correction::Declares(original, reason)) => {
            ("new", Some(format!("{} {original} · {reason}", texts.declares)))
        }
        Some(Correction::DeclaredWrong(by)) => {
            ("old", Some(format!("{} {by}", texts.corrected_by)))
        }
    };
    notes.extend(correction);
    notes.extend(row.mark.map(|mark| lang.of(words::mark(mark)).to_owned()));
    let class =
        if class.is_empty() && row.known == Knowledge::Claimed { "k-claimed" } else { class };
    let (signature_class, signature_note) = match &row.signature {
        Signature::Valid => ("c-blue", String::new()),
        Signature::KeyEndedLater(size) => ("c-amber", format!("{} {size}", texts.size)),
        Signature::Invalid(why) => ("c-red", why.clone()),
        Signature::Erased(stone) => ("c-amber", format!("{}: {}", stone.day(), stone.reason)),
        Signature::UnsignedImport => ("c-grey", String::new()),
    };
    let existed = match row.existed {
        Existed::Waiting => String::new(),
        Existed::InHub(at) | Existed::Anchored(at) => time(at),
    };
    RowView {
        class,
        at: written_time(row.at, &row.at_text),
        at_exact: row.at.to_string(),
        what: what(row.step.as_ref(), row.disposition.as_ref(), lang),
        place: names.place(&row.place),
        notes,
        party: row.party.clone(),
        seal: row.key.as_deref().map(SealView::of),
        known: known_view(row.known, lang),
        signature: lang.of(words::signature(&row.signature)),
        signature_class,
        signature_note,
        origin: row.origin.clone(),
        index: row.index,
        checkpoint: row.checkpoint,
        leaf: row.leaf_hash.to_string(),
        existed,
        existed_state: lang.of(words::existed(row.existed)),
    }
}
