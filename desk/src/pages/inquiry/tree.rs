//! `GET /tree`: where a lot or thing came from and went, as a tree that folds without script.

use access::Act;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use history::trace::Direction;
use inquiry::lot_tree::{LotTree, MOST_DEPTH, Node, PAGE, Via, Wanted, lot_tree};
use inquiry::reading::element_string;
use jiff::Timestamp;
use process::language::Language;
use serde::Deserialize;

use super::search::{Asked, Form};
use super::{Link, address, basis, thing_page};
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
pub struct Followed {
    /// The thing or lot, in any spelling.
    #[serde(default)]
    thing: String,
    /// `back`, `forward` or `neighbourhood`.
    #[serde(default)]
    direction: String,
    /// Page of the children of the thing, from 0.
    #[serde(default)]
    page: String,
    /// Why.
    #[serde(default)]
    why: String,
}

#[derive(Template)]
#[template(path = "tree.html")]
struct Page {
    shell: Shell,
    texts: &'static InquiryTexts,
    form: Form,
    alerts: Vec<String>,
    thing: String,
    name: Option<NameView>,
    directions: Vec<(Link, bool)>,
    view: Option<View>,
    export: Option<ExportForm>,
}

struct View {
    reached: String,
    hidden: Option<String>,
    broken: Option<String>,
    is_cut: bool,
    is_alone: bool,
    lines: Vec<LineView>,
    previous: Option<String>,
    next: Option<Link>,
}

/// A piece of the tree: something that opens, a leaf, or an end.
struct LineView {
    /// Opens a thing with children.
    opens: bool,
    /// Ends the last thing that was opened.
    ends: bool,
    /// Whether it is shown open.
    is_open: bool,
    link: Link,
    /// The name of its product, if somebody says one.
    name: Option<NameView>,
    notes: Vec<String>,
    /// Children that are not shown.
    more: Option<String>,
}

/// `GET /tree`.
///
/// # Errors
///
/// [`Failure`].
pub async fn get(
    visitor: Visitor,
    state: Data<DeskState>,
    request: HttpRequest,
    asked: Query<Followed>,
) -> Result<HttpResponse, Failure> {
    let asked = asked.into_inner();
    let (lang, sight) = (visitor.language, visitor.sight(Act::Trace, &state)?);
    let direction = Direction::parse(&asked.direction).unwrap_or(Direction::Forward);
    let mut page = page(&visitor, &request, (&asked, direction), sight.is_recorded());
    if !asked.thing.contains(':') || asked.thing.len() > inquiry::reading::LONGEST {
        return Err(Failure::Malformed("the thing of a tree is no URI".to_owned()));
    }
    if sight.is_recorded() && reads::reason(&asked.why).is_none() {
        page.alerts.push(page.texts.why_missing.to_owned());
        return html(&page);
    }
    let basis = basis(&state).await?;
    let is_around = direction == Direction::Neighbourhood;
    let depth = if is_around { 1 } else { MOST_DEPTH };
    let number = asked.page.parse::<usize>().unwrap_or_default();
    let wanted = Wanted { direction, depth, page: number, per_page: PAGE };
    let found = lot_tree(&state.db, &sight, &asked.thing, wanted).await?;
    let done = Done {
        act: Act::Trace,
        asked: &format!("GET /tree {} {}", direction.word(), epc::thing_key(&asked.thing)),
        why: &asked.why,
        counts: (found.things, found.hidden),
    };
    reads::record(&state, &visitor, &sight, done, Some(basis)).await?;
    let mut things = Vec::new();
    list(&found.root, &mut things);
    let names = match state.authority().await {
        Some(current) => {
            Some(Names::of_products(&state, &current, things.into_iter(), lang).await?)
        }
        None => None,
    };
    page.name = names.as_ref().and_then(|names| names.product(&asked.thing));
    let about = (&*epc::thing_key(&asked.thing), &*asked.why);
    page.export = ExportForm::of_thing(&state, lang, about, sight.is_recorded());
    let drawing = Drawing { names: names.as_ref(), lang, why: &asked.why };
    page.view = Some(view(&found, (&asked, direction), number, &drawing));
    html(&page)
}

fn address_of(asked: &Followed, direction: Direction, page: usize) -> String {
    let page = if page == 0 { String::new() } else { page.to_string() };
    let (thing, why) = (&*asked.thing, &*asked.why);
    let all = [("thing", thing), ("direction", direction.word()), ("page", &page), ("why", why)];
    address("/tree", &all)
}

/// The page before anything was followed.
fn page(
    visitor: &Visitor,
    request: &HttpRequest,
    (asked, direction): (&Followed, Direction),
    has_reason: bool,
) -> Page {
    let texts = words::texts(visitor.language);
    let link = |to: Direction, name: &'static str| {
        (Link { to: address_of(asked, to, 0), name: name.to_owned() }, to == direction)
    };
    let (q, why) = (element_string(&asked.thing), asked.why.clone());
    Page {
        shell: Shell::of(visitor, request, words::TREE),
        texts,
        form: Form { texts, asked: Asked { q, why, ..Asked::default() }, has_reason },
        alerts: Vec::new(),
        thing: element_string(&asked.thing),
        name: None,
        directions: vec![
            link(Direction::Back, texts.back),
            link(Direction::Forward, texts.forward),
            link(Direction::Neighbourhood, texts.around),
        ],
        view: None,
        export: None,
    }
}

/// The things of a tree, the first one first.
fn list<'a>(node: &'a Node, out: &mut Vec<&'a str>) {
    out.push(&node.thing);
    for child in &node.children {
        list(child, out);
    }
}

/// With what a tree is drawn.
struct Drawing<'a> {
    names: Option<&'a Names>,
    lang: Language,
    why: &'a str,
}

fn view(
    found: &LotTree,
    (asked, direction): (&Followed, Direction),
    number: usize,
    drawing: &Drawing<'_>,
) -> View {
    let lang = drawing.lang;
    let mut lines = Vec::new();
    for child in &found.root.children {
        drawing.add(child, 1, &mut lines);
    }
    let (before, after) = found.root.others;
    let paged = |page: usize| address_of(asked, direction, page);
    View {
        reached: words::reached(found.things, lang),
        hidden: words::hidden(inquiry::Count::Exactly(found.hidden), lang),
        broken: words::broken(found.faults, lang),
        is_cut: found.is_cut,
        is_alone: found.root.children.is_empty() && before == 0,
        lines,
        previous: (before > 0).then(|| paged(number.saturating_sub(1))),
        next: (after > 0).then(|| Link {
            to: paged(number.saturating_add(1)),
            name: words::others(after, lang),
        }),
    }
}

impl Drawing<'_> {
    /// Adds a thing and what hangs on it.
    fn add(&self, node: &Node, level: u32, out: &mut Vec<LineView>) {
        let (lang, why) = (self.lang, self.why);
        let texts = words::texts(lang);
        let key = epc::thing_key(&node.thing);
        let mut notes = node.via.as_ref().map(|via| via_notes(via, lang)).unwrap_or_default();
        if node.is_repeated {
            notes.push(texts.elsewhere.to_owned());
        }
        let opens = !node.children.is_empty();
        let more = node.others.1;
        out.push(LineView {
            opens,
            ends: false,
            is_open: level < 2,
            link: Link { to: thing_page(&key, why), name: element_string(&key) },
            name: self.names.and_then(|names| names.product(&key)),
            notes,
            more: (more > 0 && !opens).then(|| words::others(more, lang)),
        });
        if !opens {
            return;
        }
        for child in &node.children {
            self.add(child, level + 1, out);
        }
        let to = address("/tree", &[("thing", &key), ("why", why)]);
        out.push(LineView {
            opens: false,
            ends: true,
            is_open: false,
            link: Link { to, name: String::new() },
            name: None,
            notes: Vec::new(),
            more: (more > 0).then(|| words::others(more, lang)),
        });
    }
}

fn via_notes(via: &Via, lang: Language) -> Vec<String> {
    let mut notes = vec![lang.of(words::kind(via.kind)).to_owned()];
    if via.is_inferred {
        notes.push(words::texts(lang).inferred.to_owned());
    }
    let at = |at: Timestamp| time(at);
    let (from, until) = (via.span.from, via.span.until);
    if from != Timestamp::MIN {
        let end = if until == Timestamp::MAX { String::new() } else { at(until) };
        notes.push(format!("{} – {end}", at(from)).trim_end().to_owned());
    }
    notes.extend(via.begun_by.as_ref().map(|one| format!("{} {}", one.origin, one.index)));
    notes
}
