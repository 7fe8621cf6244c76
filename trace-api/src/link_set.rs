//! What else is known about a code: links by type, of which a client gets all, or the one that it asks for.
//!
//! The way through: [`LinkSet::of`] collects the links of each level of a code, from the item up to its product;
//! [`LinkSet::json`] is the whole set, [`LinkSet::choose`] the link of one type that fits language and media type best.
//!
//! What holds: a link leads to our own address or to one that the configuration names; exactly one link is the default, and
//! it has no attributes but its title.
//!
//! Not here: requests and redirects ([`crate::http::resolve_get`]).
//!
//! Sources: GS1-Conformant Resolver 1.2, and its JSON schema of link sets; RFC 9264 (link sets); RFC 9110 section 12 (language and media type).

use serde_json::{Map, Value, json};

use crate::config::Config;
use crate::language::{Language, Pair};
use crate::links::{GS1_VOC, Link};
use crate::scanned::Scanned;
use crate::words::links::{CHECK, EVENTS, HISTORY, RECALL};

/// The links of one level of a code.
#[derive(Debug, Clone)]
struct Level {
    /// Its canonical address on our host.
    anchor: String,
    /// What is at the anchor: the product's name, or the address where it has none.
    description: String,
    links: Vec<Link>,
}

/// All links of a code, the most specific level first.
#[derive(Debug, Clone)]
pub struct LinkSet {
    levels: Vec<Level>,
    default: Link,
}

/// Which link of a type fits.
#[derive(Debug, PartialEq, Eq)]
pub enum Choice<'a> {
    /// This one.
    One(&'a Link),
    /// None of these more than the others.
    Several(Vec<&'a Link>),
    /// There is none of this type.
    None,
}

impl LinkSet {
    /// The links of what an address names.
    #[must_use]
    pub fn of(code: &Scanned, config: &Config, language: Language) -> Self {
        let at = |path: &str| format!("{}{path}", config.public_url);
        let link = |name: &str, href: String, title: Pair, media: &str| Link {
            kind: format!("{GS1_VOC}{name}"),
            href,
            title: language.of(title).to_owned(),
            lang: None,
            media: Some(media.to_owned()),
        };
        let product = config.names.product(&code.gtin);
        let name = product.map(|product| language.of((&product.name_zh, &product.name_en)).clone());
        let described = |path: &str| name.clone().unwrap_or_else(|| path.to_owned());
        let (own, mut paths) = (code.path(), code.levels());
        let mut levels = Vec::new();
        if let Some(item) = &code.named {
            let uri = percent_encoding::utf8_percent_encode(
                &item.to_uri(),
                percent_encoding::NON_ALPHANUMERIC,
            )
            .to_string();
            let mut links = vec![
                link("verificationService", at(own), CHECK, "text/html"),
                link(
                    "traceability",
                    at(&format!("/items/{uri}/history")),
                    HISTORY,
                    "application/json",
                ),
            ];
            if config.serve_queries {
                let events = at(&format!("/events?MATCH_anyEPC={uri}"));
                links.push(link("epcis", events, EVENTS, "application/ld+json"));
            }
            levels.push(Level { anchor: at(own), description: described(own), links });
            paths = paths.get(1..).unwrap_or_default();
        }
        for path in paths {
            levels.push(Level {
                anchor: at(path),
                description: described(path),
                links: Vec::new(),
            });
        }
        if let (Some(product), Some(last)) = (product, levels.last_mut()) {
            last.links.extend(product.links.iter().cloned());
            let recall = product.recall_url.clone();
            last.links.extend(recall.map(|url| link("recallStatus", url, RECALL, "text/html")));
        }
        let default = Link {
            kind: format!("{GS1_VOC}defaultLink"),
            href: at(own),
            title: name.unwrap_or_else(|| language.of(CHECK).to_owned()),
            lang: None,
            media: None,
        };
        Self { levels, default }
    }

    /// The link of a type that fits best, of the most specific level that has one.
    ///
    /// - `kind`: as [`crate::links::kind_of`] gives it.
    #[must_use]
    pub fn choose(&self, kind: &str, accept_language: &str, accept: &str) -> Choice<'_> {
        if kind == self.default.kind {
            return Choice::One(&self.default);
        }
        let of_level = |level: &&Level| level.links.iter().any(|link| link.kind == kind);
        let Some(level) = self.levels.iter().find(of_level) else { return Choice::None };
        let fit = |link: &Link| {
            let language = link.lang.as_deref().map_or(1, |lang| preference(accept_language, lang));
            let media = link.media.as_deref().map_or(1, |media| preference(accept, media));
            (language, media)
        };
        let links = level.links.iter().filter(|link| link.kind == kind);
        let mut best: Vec<&Link> = Vec::new();
        for link in links {
            match best.first().map(|first| fit(link).cmp(&fit(first))) {
                Some(std::cmp::Ordering::Less) => {}
                Some(std::cmp::Ordering::Equal) => best.push(link),
                Some(std::cmp::Ordering::Greater) | None => best = vec![link],
            }
        }
        match best[..] {
            [one] => Choice::One(one),
            _ => Choice::Several(best),
        }
    }

    /// The set as RFC 9264 has it in JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut levels: Vec<Value> = self.levels.iter().map(level_json).collect();
        if let Some(Value::Object(first)) = levels.first_mut() {
            first.insert(self.default.kind.clone(), json!([link_json(&self.default)]));
        }
        json!({ "linkset": levels })
    }
}

/// Some links of one code, as a link set.
#[must_use]
pub fn some_json(anchor: &str, links: &[&Link]) -> Value {
    let links = links.iter().copied().cloned().collect();
    let level = Level { anchor: anchor.to_owned(), description: anchor.to_owned(), links };
    json!({ "linkset": [level_json(&level)] })
}

fn level_json(level: &Level) -> Value {
    let mut members = Map::new();
    members.insert("anchor".into(), json!(level.anchor));
    // Every version of GS1's schema takes this name; one wants it at every level.
    members.insert("itemDescription".into(), json!(level.description));
    for link in &level.links {
        let list = members.entry(link.kind.clone()).or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(link_json(link));
        }
    }
    Value::Object(members)
}

fn link_json(link: &Link) -> Value {
    let mut members = json!({ "href": link.href, "title": link.title });
    if let Some(media) = &link.media {
        members["type"] = json!(media);
    }
    if let Some(lang) = &link.lang {
        members["hreflang"] = json!([lang]);
    }
    members
}

/// How much a header such as `Accept-Language` prefers a value, in thousandths and above 1 if it names it; 1 if it states
/// nothing, 0 if it names others only.
fn preference(header: &str, value: &str) -> u32 {
    if header.trim().is_empty() {
        return 1;
    }
    let value = value.to_ascii_lowercase();
    let fits = |range: &str| {
        let range = range.trim().to_ascii_lowercase();
        let of_family = range
            .strip_suffix("/*")
            .is_some_and(|family| value.split_once('/').is_some_and(|(own, _)| own == family));
        let is_language = |wide: &str, narrow: &str| {
            narrow.strip_prefix(wide).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        of_family || is_language(&range, &value) || is_language(&value, &range)
    };
    let weight = |parameters: &str| {
        let quality = parameters.split(';').find_map(|part| part.trim().strip_prefix("q="));
        let quality: f32 = quality.and_then(|text| text.trim().parse().ok()).unwrap_or(1.0);
        // At most 1000 and never negative.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let thousandths = (quality.clamp(0.0, 1.0) * 1000.0) as u32;
        thousandths
    };
    let mut any = 0;
    let mut best = None;
    for part in header.split(',').take(50) {
        let (range, parameters) = part.split_once(';').unwrap_or((part, ""));
        if matches!(range.trim(), "*" | "*/*") {
            any = weight(parameters).min(1);
        } else if fits(range) {
            best = best.max(Some(weight(parameters)));
        }
    }
    best.map_or(any, |best| if best == 0 { 0 } else { best + 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(lang: Option<&str>, media: Option<&str>, href: &str) -> Link {
        Link {
            kind: format!("{GS1_VOC}pip"),
            href: href.to_owned(),
            title: href.to_owned(),
            lang: lang.map(str::to_owned),
            media: media.map(str::to_owned),
        }
    }

    fn set(links: Vec<Link>) -> LinkSet {
        let anchor = || "https://x/01/1".to_owned();
        let level = |links| Level { anchor: anchor(), description: "tea".to_owned(), links };
        let default = Link { kind: format!("{GS1_VOC}defaultLink"), ..link(None, None, "page") };
        LinkSet { levels: vec![level(Vec::new()), level(links)], default }
    }

    #[test]
    fn the_link_in_the_readers_language_and_media_type_is_chosen() {
        let links = vec![
            link(Some("zh"), Some("text/html"), "zh"),
            link(Some("en"), Some("text/html"), "en"),
            link(Some("en"), Some("application/pdf"), "pdf"),
        ];
        let set = set(links);
        let kind = format!("{GS1_VOC}pip");
        let chosen = |languages: &str, accept: &str| match set.choose(&kind, languages, accept) {
            Choice::One(link) => link.href.clone(),
            Choice::Several(links) => format!("{} of them", links.len()),
            Choice::None => "none".to_owned(),
        };
        assert_eq!(chosen("zh-CN,zh;q=0.9,en;q=0.5", "text/html"), "zh");
        assert_eq!(chosen("zh;q=0.1,en", "text/html;q=0.9"), "en");
        assert_eq!(chosen("en-GB", "application/pdf, */*;q=0.1"), "pdf");
        assert_eq!(chosen("en", "application/*"), "pdf");
        assert_eq!(chosen("en", ""), "2 of them");
        assert_eq!(chosen("fr", "text/html"), "2 of them", "none in French: both languages");
        assert_eq!(chosen("en;q=0,zh", "text/html"), "zh", "never in English");
        let other = format!("{GS1_VOC}epil");
        assert_eq!(set.choose(&other, "en", ""), Choice::None);
        assert_eq!(set.choose(&format!("{GS1_VOC}defaultLink"), "", ""), Choice::One(&set.default));
    }

    #[test]
    fn a_link_set_has_one_default_link_with_nothing_but_a_title() {
        let json = set(vec![link(Some("zh"), None, "zh"), link(None, None, "all")]).json();
        let levels = json["linkset"].as_array().unwrap();
        let default = |level: &Value| level.get(format!("{GS1_VOC}defaultLink")).cloned();
        assert_eq!(default(&levels[0]), Some(json!([{ "href": "page", "title": "page" }])));
        assert_eq!(default(&levels[1]), None);
        assert_eq!(
            levels[1][format!("{GS1_VOC}pip")],
            json!([{ "href": "zh", "title": "zh", "hreflang": ["zh"] }, { "href": "all", "title": "all" }])
        );
    }

    #[test]
    fn a_header_that_is_nonsense_prefers_nothing() {
        for header in ["", ",,;;", "q=1", ";q=zzz", "*;q=-5"] {
            assert!(preference(header, "en") <= 1, "{header}");
        }
    }
}
