//! Identifiers of an event in the spelling that a client asks for: EPC URNs or GS1 Digital Links.
//!
//! The way through: [`EpcFormat::from_header`] reads the header `GS1-EPC-Format`; [`translated`] gives the event's JSON with
//! its identifiers in that format, and what stayed as it was, with the reason.
//!
//! What holds: a translated identifier names the same thing ([`epc::thing_key`]), and nothing that it says is lost: a link with
//! attributes, a variant, or a lot beside a serial has no URN and stays. A link has a URN only if the length of its company
//! prefix is known: from the caller, or from a URN in the same event. Host and path of a link are no part of the identifier: a
//! URN has none, and a link made of a URN is at id.gs1.org.
//!
//! A translated event is an answer, not a record: the hash of its record is that of the recorded text.
//!
//! Not here: words of the vocabulary in XML (`xml`), comparing spellings (`key.rs`).
//!
//! Sources: openapi.json of the REST bindings, header `GS1-EPC-Format`; TDS 2.3 section 6; GS1 Digital Link URI syntax 1.4.

use epc::{DigitalLink, EpcClass, PrefixLength, PrefixTable, parse_digital_link, thing_key};
use ledger::json::Json;

use crate::event::Event;
use crate::violation::below;

/// How identifiers are spelled in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpcFormat {
    /// As they were recorded; the client takes any format.
    NoPreference,
    /// As GS1 Digital Links.
    AlwaysDigitalLink,
    /// As EPC URNs.
    AlwaysUrn,
    /// As they were recorded.
    NeverTranslates,
}

impl EpcFormat {
    /// All formats.
    pub const ALL: [Self; 4] =
        [Self::NoPreference, Self::AlwaysDigitalLink, Self::AlwaysUrn, Self::NeverTranslates];

    /// The value of the header: `Always_EPC_URN`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoPreference => "No_Preference",
            Self::AlwaysDigitalLink => "Always_GS1_Digital_Link",
            Self::AlwaysUrn => "Always_EPC_URN",
            Self::NeverTranslates => "Never_Translates",
        }
    }

    /// The format that a header's value names; `None` for any other text.
    #[must_use]
    pub fn from_header(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == text)
    }
}

/// An identifier that stayed as it was although another format was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Place in the event, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// The identifier.
    pub uri: String,
    /// Why: `the length of its company prefix is not known`.
    pub why: &'static str,
}

/// An event in the format that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translated {
    /// The event.
    pub json: Json,
    /// What stayed as it was. URIs that have no GS1 key, such as `urn:uuid:…`, are not among them.
    pub kept: Vec<Kept>,
}

/// The event with its identifiers in `format`: things, classes, places, sources, destinations, business transactions,
/// transformation and devices.
///
/// - `lengths`: lengths of company prefixes, beside those that URNs in the event state.
#[must_use]
pub fn translated(event: &Event, format: EpcFormat, lengths: &dyn PrefixLength) -> Translated {
    let mut json = event.json().clone();
    let mut walk = Walk { found: Vec::new() };
    walk.event(&mut json, &mut |_, _| None);
    let stated = walk.found.iter().filter_map(|(_, uri)| stated_prefix(uri));
    let lengths = Lengths { stated: PrefixTable::new(stated), known: lengths };
    let mut kept = Vec::new();
    let spell: &dyn Fn(&str) -> Result<Option<String>, &'static str> = match format {
        EpcFormat::NoPreference | EpcFormat::NeverTranslates => return Translated { json, kept },
        EpcFormat::AlwaysDigitalLink => &|uri| to_link(uri),
        EpcFormat::AlwaysUrn => &|uri| to_urn(uri, &lengths),
    };
    Walk { found: Vec::new() }.event(&mut json, &mut |pointer, uri| match spell(uri) {
        Ok(other) => other,
        Err(why) => {
            kept.push(Kept { pointer: pointer.to_owned(), uri: uri.to_owned(), why });
            None
        }
    });
    Translated { json, kept }
}

/// The company prefix that a URN states.
fn stated_prefix(uri: &str) -> Option<&str> {
    let body = ["urn:epc:id:", "urn:epc:class:", "urn:epc:idpat:"]
        .iter()
        .find_map(|start| uri.strip_prefix(start)?.split_once(':'))?;
    epc::has_gs1_key(uri).then(|| body.1.split('.').next())?
}

/// Lengths of company prefixes from two places.
struct Lengths<'a> {
    stated: PrefixTable,
    known: &'a dyn PrefixLength,
}

impl PrefixLength for Lengths<'_> {
    fn length(&self, key: &str) -> Option<usize> {
        self.known.length(key).or_else(|| self.stated.length(key))
    }
}

/// The link of a URN; none if `uri` is a link, or has no GS1 key.
fn to_link(uri: &str) -> Result<Option<String>, &'static str> {
    let is_urn = uri.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("urn:epc:"));
    if !is_urn {
        return Ok(None);
    }
    if epc::has_gs1_key(uri) { Ok(Some(thing_key(uri))) } else { Err("has no GS1 key") }
}

/// The URN of a link; none if `uri` is a URN, or has no GS1 key.
fn to_urn(uri: &str, lengths: &dyn PrefixLength) -> Result<Option<String>, &'static str> {
    let is_link = uri.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("http"));
    if !is_link || !epc::has_gs1_key(uri) {
        return Ok(None);
    }
    let key = thing_key(uri);
    let link = parse_digital_link(&key).map_err(|_| "has no GS1 key")?;
    let own = parse_digital_link(&lower_scheme(uri)).map_err(|_| "has no GS1 key")?;
    let is_whole = own.attributes.is_empty()
        && own
            .qualifiers
            .iter()
            .filter(|one| **one != ("254".to_owned(), "0".to_owned()))
            .eq(&link.qualifiers);
    if !is_whole {
        return Err("says more than a URN can");
    }
    let urn = urn_of(&link, lengths).ok_or_else(|| {
        let digits = digits_from_prefix(&link);
        match digits.and_then(|digits| lengths.length(digits)) {
            None => "the length of its company prefix is not known",
            Some(_) => "has no URN",
        }
    })?;
    // Whatever was made must name the same thing.
    if thing_key(&urn) == key { Ok(Some(urn)) } else { Err("has no URN") }
}

/// The address with its scheme in small letters.
fn lower_scheme(uri: &str) -> String {
    uri.split_once(':').map_or_else(
        || uri.to_owned(),
        |(scheme, rest)| format!("{}:{rest}", scheme.to_ascii_lowercase()),
    )
}

/// The digits of a key from its company prefix on.
fn digits_from_prefix(link: &DigitalLink) -> Option<&str> {
    let start = usize::from(matches!(link.primary.as_str(), "00" | "01" | "8003" | "8006"));
    link.value.get(start..)
}

fn urn_of(link: &DigitalLink, lengths: &dyn PrefixLength) -> Option<String> {
    if let Ok(epc) = link.to_epc(lengths) {
        return Some(epc.to_uri());
    }
    let names: Vec<&str> = link.qualifiers.iter().map(|(ai, _)| ai.as_str()).collect();
    match (link.primary.as_str(), &names[..]) {
        ("01", [] | ["10"]) => {
            let qualifiers = vec![("21".to_owned(), "0".to_owned())];
            let item = DigitalLink { qualifiers, ..link.clone() }.to_epc(lengths).ok()?;
            match link.qualifier("10") {
                Some(lot) => EpcClass::lot_of(&item, lot).map(|class| class.to_uri()),
                None => pattern(&item.to_uri()),
            }
        }
        // Their serial is a part of the value.
        ("8003" | "253" | "255", []) => {
            let value = format!("{}0", link.value);
            pattern(&DigitalLink { value, ..link.clone() }.to_epc(lengths).ok()?.to_uri())
        }
        ("417", []) => {
            let digits = link.value.get(..12)?;
            let (prefix, reference) = digits.split_at_checked(lengths.length(digits)?)?;
            Some(format!("urn:epc:id:pgln:{prefix}.{reference}"))
        }
        _ => None,
    }
}

/// The pattern of all things of the class of `urn`, whose serial is 0.
fn pattern(urn: &str) -> Option<String> {
    let body = urn.strip_prefix("urn:epc:id:")?.strip_suffix(".0")?;
    Some(format!("urn:epc:idpat:{body}.*"))
}

/// What is done with an identifier: its place and text to another text, or none.
type Change<'a> = dyn FnMut(&str, &str) -> Option<String> + 'a;

/// Goes through the identifiers of an event.
struct Walk {
    /// Places and identifiers that were met.
    found: Vec<(String, String)>,
}

impl Walk {
    fn event(&mut self, json: &mut Json, change: &mut Change<'_>) {
        for name in ["parentID", "transformationID"] {
            self.member(json, "", name, change);
        }
        for name in ["epcList", "childEPCs", "inputEPCList", "outputEPCList"] {
            let Some(Json::Array(items)) = json.get_mut(name) else { continue };
            for (place, item) in items.iter_mut().enumerate() {
                self.text(item, &format!("/{name}/{place}"), change);
            }
        }
        for name in ["readPoint", "bizLocation"] {
            if let Some(own) = json.get_mut(name) {
                self.member(own, &format!("/{name}"), "id", change);
            }
        }
        for (name, member) in [
            ("quantityList", "epcClass"),
            ("childQuantityList", "epcClass"),
            ("inputQuantityList", "epcClass"),
            ("outputQuantityList", "epcClass"),
            ("bizTransactionList", "bizTransaction"),
            ("sourceList", "source"),
            ("destinationList", "destination"),
        ] {
            let Some(Json::Array(items)) = json.get_mut(name) else { continue };
            for (place, item) in items.iter_mut().enumerate() {
                self.member(item, &format!("/{name}/{place}"), member, change);
            }
        }
        let Some(Json::Array(elements)) = json.get_mut("sensorElementList") else { return };
        for (place, element) in elements.iter_mut().enumerate() {
            let base = format!("/sensorElementList/{place}");
            if let Some(metadata) = element.get_mut("sensorMetadata") {
                self.member(metadata, &format!("{base}/sensorMetadata"), "deviceID", change);
            }
            let Some(Json::Array(reports)) = element.get_mut("sensorReport") else { continue };
            for (number, report) in reports.iter_mut().enumerate() {
                self.member(report, &format!("{base}/sensorReport/{number}"), "deviceID", change);
            }
        }
    }

    fn member(&mut self, json: &mut Json, base: &str, name: &str, change: &mut Change<'_>) {
        if let Some(value) = json.get_mut(name) {
            self.text(value, &below(base, name), change);
        }
    }

    fn text(&mut self, value: &mut Json, pointer: &str, change: &mut Change<'_>) {
        let Json::String(text) = value else { return };
        self.found.push((pointer.to_owned(), text.clone()));
        if let Some(other) = change(pointer, text) {
            *text = other;
        }
    }
}
