//! The verdict page: what a template needs, in the reader's language.
//!
//! The order of the page is fixed: verdict, product, scans, lamps, notices, timeline, who says so, limits,
//! actions, times.

use askama::Template;
use epc::Epc;
use jiff::Timestamp;
use sql::scans::Scan;

use crate::config::Config;
use crate::scan::Look;
use crate::words::{self, Language, page as text};
use history::story::{Story, Told};
use history::verdict::{Judged, Verdict};

/// Everything the page shows.
pub struct Shown<'a> {
    /// The verdict.
    pub judged: &'a Judged,
    /// The history; none for an unknown code.
    pub story: Option<&'a Story>,
    /// Scans of the item, newest first, this one included.
    pub scans: &'a [Scan],
    /// This look.
    pub look: &'a Look,
    /// As asked for.
    pub gtin: &'a str,
    /// As asked for.
    pub serial: &'a str,
    /// Time of the block by which all of it existed.
    pub anchored: Option<Timestamp>,
    /// Names of products and places.
    pub config: &'a Config,
    /// The reader's language.
    pub language: Language,
}

/// One of the three lamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lamp {
    /// `ok`, `warn`, `broken` or `unchecked`.
    pub state: &'static str,
    /// Its name.
    pub name: words::Pair,
    /// What it says.
    pub says: words::Pair,
}

/// Record, tag, journey: three questions kept apart.
#[must_use]
pub fn lamps(judged: &Judged, story: Option<&Story>) -> [Lamp; 3] {
    let name = [("记录", "Record"), ("标签", "Tag"), ("流通", "Journey")];
    let lamp = |at: usize, state, says| Lamp { state, name: name[at], says };
    let Some(story) = story else {
        let none = ("没有记录", "no record");
        return [
            lamp(0, "broken", none),
            lamp(1, "unchecked", ("未检查", "not checked")),
            lamp(2, "unchecked", none),
        ];
    };
    let record = if story.broken().next().is_some() {
        lamp(0, "broken", ("与签名账本不符", "does not fit its signed ledger"))
    } else {
        lamp(0, "ok", ("在已签名的账本中，完好", "in the signed ledger, intact"))
    };
    let tag = match judged.verdict {
        Verdict::Strong => lamp(1, "ok", ("芯片已校验", "chip checked")),
        Verdict::TagFail | Verdict::Opened => lamp(1, "broken", ("校验失败", "check failed")),
        _ => lamp(
            1,
            "unchecked",
            ("未检查：印刷码可被复制", "not checked: a printed code can be copied"),
        ),
    };
    let journey = if !story.gaps().is_empty() {
        lamp(2, "warn", ("有缺口", "has a gap"))
    } else if story.excursions().next().is_some() {
        lamp(2, "warn", ("有温度提示", "a temperature notice"))
    } else {
        lamp(2, "ok", ("前后一致", "consistent"))
    };
    [record, tag, journey]
}

/// Notices above the timeline.
#[must_use]
pub fn notices(story: &Story, language: Language) -> Vec<String> {
    let mut notices: Vec<String> = story
        .broken()
        .map(|one| format!("{} {} #{}", language.of(text::BROKEN), one.origin, one.stored.index))
        .collect();
    for one in story.excursions().filter(|one| one.step == "sensor_reporting") {
        notices.push(format!("{} {}", language.of(text::EXCURSION), worst(one)));
    }
    if let Some(date) = story.expiry() {
        notices.push(match language {
            Language::Chinese => format!("有效期至 {date}"),
            Language::English => format!("Expires on {date}"),
        });
    }
    notices
}

/// The highest value of a sensor event and its span.
fn worst(one: &Told) -> String {
    let element =
        one.record.as_ref().and_then(|r| r.json().get("sensorElementList")?.as_array()?.first());
    let value = element.and_then(|element| {
        let report = element.get("sensorReport")?.as_array()?.first()?;
        report.get("maxValue").or_else(|| report.get("minValue"))?.as_number()
    });
    let time = |name: &str| {
        let text = element.and_then(|e| e.get("sensorMetadata")?.get(name)?.as_str());
        text.and_then(|text| text.parse::<Timestamp>().ok())
    };
    let span = match (time("startTime"), time("endTime")) {
        (Some(from), Some(to)) => {
            format!("{} – {}", from.strftime("%Y-%m-%d %H:%M:%S"), to.strftime("%H:%M:%S UTC"))
        }
        _ => String::new(),
    };
    format!("{} °C, {span}", value.unwrap_or("?"))
}

struct Line {
    at: String,
    step: &'static str,
    place: String,
    who: String,
    how: &'static str,
    via: String,
    class: &'static str,
}

#[derive(Template)]
#[template(path = "item.html")]
struct ItemPage<'a> {
    lang: &'static str,
    other_lang: &'static str,
    other_name: &'static str,
    title: String,
    colour: &'static str,
    icon: &'static str,
    main: &'static str,
    hint: &'static str,
    reason: String,
    code: &'static str,
    product: String,
    pack: String,
    gtin: &'a str,
    serial: &'a str,
    lot: String,
    scans_line: String,
    lamps: Vec<(&'static str, &'static str, &'static str)>,
    notices: Vec<String>,
    lines: Vec<Line>,
    gaps: Vec<String>,
    sayers: Vec<String>,
    limits: &'static str,
    privacy: &'static str,
    report: String,
    bundle: String,
    checked_at: String,
    clocks: String,
    permanent: String,
    zh: bool,
}

/// Renders the page.
///
/// # Errors
///
/// If the template cannot be rendered.
pub fn item(shown: &Shown<'_>) -> Result<String, askama::Error> {
    let language = shown.language;
    let zh = language == Language::Chinese;
    let band = words::band(shown.judged.verdict);
    let product = shown.config.products.iter().find(|product| product.gtin == shown.gtin);
    let pick =
        |zh_text: &str, en_text: &str| if zh { zh_text.to_owned() } else { en_text.to_owned() };
    let told = shown.story.map(|story| story.told.as_slice()).unwrap_or_default();
    let lines = told
        .iter()
        // A lot's plain readings belong to the store's own history; its flags are notices and lines.
        .map(|one| line(one, shown.config, language))
        .collect();
    let mut sayers: Vec<String> =
        told.iter().map(|one| format!("{} · {}", one.party, one.origin)).collect();
    sayers.sort();
    sayers.dedup();
    let recorded = shown.story.and_then(|story| {
        told.iter()
            .filter_map(|one| story.ledgers.get(&one.stored.ledger))
            .map(|k| k.checkpoint.recorded_at)
            .max()
    });
    let size: u64 = shown.story.map_or(0, |story| {
        let ids: std::collections::HashSet<_> = told.iter().map(|one| one.stored.ledger).collect();
        ids.iter().filter_map(|id| story.ledgers.get(id)).map(|known| known.checkpoint.size).sum()
    });
    let page = ItemPage {
        lang: language.tag(),
        other_lang: if zh { "en" } else { "zh" },
        other_name: if zh { "English" } else { "中文" },
        title: format!("{} · {}", language.of(band.main), shown.serial),
        colour: band.colour,
        icon: band.icon,
        main: language.of(band.main),
        hint: language.of(band.hint),
        reason: reason(shown.judged, language),
        code: shown.judged.verdict.code(),
        product: product.map_or_else(String::new, |p| pick(&p.name_zh, &p.name_en)),
        pack: product.map_or_else(String::new, |p| pick(&p.pack_zh, &p.pack_en)),
        gtin: shown.gtin,
        serial: shown.serial,
        lot: shown.story.and_then(Story::lot).unwrap_or_default(),
        scans_line: scans_line(shown),
        lamps: lamps(shown.judged, shown.story)
            .iter()
            .map(|lamp| (lamp.state, language.of(lamp.name), language.of(lamp.says)))
            .collect(),
        notices: shown.story.map(|story| notices(story, language)).unwrap_or_default(),
        lines,
        gaps: shown.story.map(|story| gaps(story, shown.config, language)).unwrap_or_default(),
        sayers,
        limits: language.of(text::LIMITS),
        privacy: language.of(text::PRIVACY),
        report: shown.config.report_contact.clone().unwrap_or_default(),
        bundle: shown.story.map(|story| bundle_path(&story.item)).unwrap_or_default(),
        checked_at: minute(shown.look.at),
        clocks: clocks(recorded, shown.anchored, size, zh),
        permanent: format!("{}/01/{}/21/{}", shown.config.public_url, shown.gtin, shown.serial),
        zh,
    };
    page.render()
}

fn line(one: &Told, config: &Config, language: Language) -> Line {
    let zh = language == Language::Chinese;
    let how = match (one.broken.is_some(), one.sensed, zh) {
        (true, _, true) => "与账本不符，不作数",
        (true, _, false) => "does not fit, does not count",
        (_, true, true) => "读写器或传感器记录",
        (_, true, false) => "recorded by a reader or sensor",
        (_, false, true) => "由该方声明",
        (_, false, false) => "stated by the party",
    };
    let via = match (&one.via, one.lot, zh) {
        (Some(_), _, true) => "随箱推断".to_owned(),
        (Some(_), _, false) => "inferred from its container".to_owned(),
        (None, true, true) => "整批".to_owned(),
        (None, true, false) => "the whole lot".to_owned(),
        _ => String::new(),
    };
    Line {
        at: minute(one.at),
        step: language.of(words::step(&one.step)),
        place: place_name(&one.place, config, language),
        who: one.party.clone(),
        how,
        via,
        class: if one.broken.is_some() {
            "broken"
        } else if one.lot {
            "warn"
        } else {
            "ok"
        },
    }
}

fn place_name(sgln: &str, config: &Config, language: Language) -> String {
    let site = |uri: &str| {
        uri.rsplit_once('.').map_or_else(|| uri.to_owned(), |(site, _)| site.to_owned())
    };
    let found = config
        .places
        .iter()
        .find(|place| place.sgln == sgln)
        .or_else(|| config.places.iter().find(|place| site(&place.sgln) == site(sgln)));
    match found {
        Some(place) if language == Language::Chinese => place.name_zh.clone(),
        Some(place) => place.name_en.clone(),
        None => sgln.trim_start_matches("urn:epc:id:sgln:").to_owned(),
    }
}

fn gaps(story: &Story, config: &Config, language: Language) -> Vec<String> {
    let zh = language == Language::Chinese;
    story
        .gaps()
        .iter()
        .map(|gap| match gap.split_once(':') {
            Some(("shipping", place)) => {
                let place = place_name(place, config, language);
                if zh {
                    format!("缺少：从{place}的发货记录")
                } else {
                    format!("Missing: shipping from {place}")
                }
            }
            Some(("receiving", place)) => {
                let place = place_name(place, config, language);
                if zh {
                    format!("缺少：{place}的收货记录")
                } else {
                    format!("Missing: receiving at {place}")
                }
            }
            Some((_, record)) if zh => format!("有争议：记录 {record} 与账本不符"),
            Some((_, record)) => format!("Disputed: record {record} does not fit its ledger"),
            None => gap.clone(),
        })
        .collect()
}

fn reason(judged: &Judged, language: Language) -> String {
    let text = language.of(words::reason(judged.reason.0, &judged.reason.1));
    match judged.reason.0 {
        "sold" => format!("{text}: {}", judged.reason.1.get(..10).unwrap_or_default()),
        _ => text.to_owned(),
    }
}

fn scans_line(shown: &Shown<'_>) -> String {
    let mine = shown.scans.iter().filter(|scan| scan.device == shown.look.device).count();
    let consumers = shown.scans.iter().filter(|scan| scan.role == "consumer").count();
    let others = consumers.saturating_sub(mine);
    let chain = shown
        .story
        .map_or(0, |story| story.told.iter().filter(|one| one.sensed && !one.lot).count());
    let sold =
        shown.story.map_or(0, |s| s.sound().filter(|one| one.step == "retail_selling").count());
    if shown.language == Language::Chinese {
        format!("供应链读取 {chain} · 商店 {sold} · 你 {mine} · 其他人 {others}")
    } else {
        format!("supply chain {chain} · shop {sold} · you {mine} · others {others}")
    }
}

fn clocks(recorded: Option<Timestamp>, anchored: Option<Timestamp>, size: u64, zh: bool) -> String {
    let Some(recorded) = recorded.map(minute) else { return String::new() };
    match (anchored.map(minute), zh) {
        (Some(at), true) => {
            format!("已记录：{recorded} · 账本共 {size} 条 · 不晚于 {at} 存在（公链）")
        }
        (Some(at), false) => {
            format!(
                "Recorded: {recorded} · ledgers hold {size} records · existed no later than {at} (public chain)"
            )
        }
        (None, true) => format!("已记录：{recorded} · 账本共 {size} 条 · 等待公链锚定"),
        (None, false) => format!(
            "Recorded: {recorded} · ledgers hold {size} records · waiting for the public anchor"
        ),
    }
}

fn bundle_path(item: &Epc) -> String {
    format!(
        "/items/{}/bundle",
        percent_encoding::utf8_percent_encode(&item.to_uri(), percent_encoding::NON_ALPHANUMERIC)
    )
}

/// `2026-11-20 08:15 UTC`.
fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[derive(Template)]
#[template(path = "away.html")]
struct AwayPage {
    lang: &'static str,
    main: &'static str,
    hint: &'static str,
}

/// The page while nothing can be checked.
#[must_use]
pub fn cannot_check(language: Language) -> String {
    let (main, hint) = (language.of(text::CANNOT_CHECK), language.of(text::CANNOT_CHECK_HINT));
    AwayPage { lang: language.tag(), main, hint }.render().unwrap_or_else(|_| main.to_owned())
}
