//! What a person typed to what is searched.
//!
//! The way through: [`read`] takes times out of the text, looks for a word that says what the rest is (`lot:`), and otherwise lists
//! everything that the rest can mean.
//!
//! What holds:
//!
//! - no I/O, no clock; nothing that is typed panics, and what cannot be read is told with what was expected;
//! - input that can mean several things has several readings, the likeliest first; none is guessed away;
//! - a reading written as [`Reading::text`] is read as that reading and no other;
//! - every spelling of a thing, a place or a party gives the same reading.
//!
//! Not here: which events a reading selects ([`crate::selection`]), lists that were pasted ([`crate::paste`]).
//!
//! Sources: GS1 General Specifications section 3 (element strings); decision 0076.

use std::fmt;

use epc::{Tag, UriKind, check_digit, check_uri, parse_digital_link, thing_key};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use thiserror::Error;

/// Longest text of a search, in bytes.
pub const LONGEST: usize = 2_000;
/// Beginning of the key of a GS1 thing.
const KEY: &str = "https://id.gs1.org/";

/// What a search is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reading {
    /// One thing, by its key ([`epc::thing_key`]): a serialised item, a logistic unit, an asset.
    Item(String),
    /// A lot of a product, by its key.
    Lot(String),
    /// A product, by the key of its GTIN.
    Product(String),
    /// A lot number of any product.
    LotNumber(String),
    /// A place or site, by its key.
    Place(String),
    /// A party, by its key.
    Party(String),
    /// A document, by its number or key.
    Document(String),
    /// An event, by its id.
    Event(String),
    /// An event, by its hash.
    Hash(String),
    /// All events of a time.
    All,
}

/// From the first moment on, before the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// First moment.
    pub from: Option<Timestamp>,
    /// First moment that is not in it.
    pub until: Option<Timestamp>,
}

/// What was typed, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What it can mean, the likeliest first; at least one.
    pub readings: Vec<Reading>,
    /// When the events happened.
    pub window: Window,
    /// What is nearly something else, such as a GTIN with a wrong check digit.
    pub hints: Vec<Unreadable>,
}

/// What cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("got `{got}`, expected {expected}")]
pub struct Unreadable {
    /// What was typed, at most 80 characters of it.
    pub got: String,
    /// What would have been understood.
    pub expected: String,
}

impl Unreadable {
    pub(crate) fn new(got: &str, expected: impl Into<String>) -> Self {
        let mut short: String = got.chars().take(80).collect();
        if got.chars().nth(80).is_some() {
            short.push('…');
        }
        Self { got: short, expected: expected.into() }
    }
}

/// Words that say what follows.
const WORDS: [(&str, Word); 14] = [
    ("item", Word::Item),
    ("sscc", Word::Item),
    ("lot", Word::Lot),
    ("batch", Word::Lot),
    ("gtin", Word::Product),
    ("product", Word::Product),
    ("gln", Word::Place),
    ("place", Word::Place),
    ("party", Word::Party),
    ("document", Word::Document),
    ("doc", Word::Document),
    ("event", Word::Event),
    ("hash", Word::Hash),
    ("all", Word::All),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Item,
    Lot,
    Product,
    Place,
    Party,
    Document,
    Event,
    Hash,
    All,
}

impl Reading {
    /// Its word, as [`read`] takes it in front of a colon.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Item(_) => "item",
            Self::Lot(_) | Self::LotNumber(_) => "lot",
            Self::Product(_) => "product",
            Self::Place(_) => "place",
            Self::Party(_) => "party",
            Self::Document(_) => "document",
            Self::Event(_) => "event",
            Self::Hash(_) => "hash",
            Self::All => "all",
        }
    }

    /// Its key, number or id; empty of [`Reading::All`].
    #[must_use]
    pub fn value(&self) -> &str {
        match self {
            Self::Item(text)
            | Self::Lot(text)
            | Self::Product(text)
            | Self::LotNumber(text)
            | Self::Place(text)
            | Self::Party(text)
            | Self::Document(text)
            | Self::Event(text)
            | Self::Hash(text) => text,
            Self::All => "",
        }
    }

    /// The text that means this and nothing else.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}:{}", self.word(), self.value())
    }
}

/// As people write it: `(01) 09521141123454 (21) 602`; what has no GS1 key as it is.
impl fmt::Display for Reading {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&element_string(self.value()))
    }
}

/// A thing as an element string: `(01) 09521141123454 (21) 602`; what has no GS1 key as it is.
#[must_use]
pub fn element_string(uri: &str) -> String {
    let Ok(link) = parse_digital_link(&thing_key(uri)) else { return uri.to_owned() };
    let first = (&link.primary, &link.value);
    let parts = [first].into_iter().chain(link.qualifiers.iter().map(|(ai, value)| (ai, value)));
    let parts: Vec<String> = parts.map(|(ai, value)| format!("({ai}) {value}")).collect();
    parts.join(" ")
}

/// Reads what a person typed.
///
/// - Times are words of their own: `from:2026-11-01`, `until:2026-11-30` (that day included), `2026-11-01..2026-11-30`, each a day in
///   `zone` or a time with offset.
///
/// # Errors
///
/// [`Unreadable`]: nothing was typed, too much, or nothing that means something.
pub fn read(text: &str, zone: &TimeZone) -> Result<Asked, Unreadable> {
    if text.len() > LONGEST {
        return Err(Unreadable::new(text, format!("at most {LONGEST} bytes; lists are pasted")));
    }
    let plain = narrow(text);
    let (rest, window) = take_times(&plain, zone)?;
    let rest = rest.trim();
    if rest.is_empty() {
        if window == Window::default() {
            return Err(Unreadable::new(
                text,
                "a thing, lot, party, place, document, hash or time",
            ));
        }
        return Ok(Asked { readings: vec![Reading::All], window, hints: Vec::new() });
    }
    if rest.chars().any(char::is_control) {
        return Err(Unreadable::new(rest, "one line"));
    }
    let (mut readings, hints) = match worded(rest) {
        Some((word, value)) => (of_word(word, value)?, Vec::new()),
        None => of_anything(rest)?,
    };
    let mut seen = std::collections::HashSet::new();
    readings.retain(|reading| seen.insert(reading.clone()));
    Ok(Asked { readings, window, hints })
}

/// The text with the wide forms of Latin letters, digits and signs, which Chinese keyboards write, as the usual ones.
pub(crate) fn narrow(text: &str) -> String {
    let usual = |letter: char| match letter {
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(letter) - 0xff01 + 0x21).unwrap_or(letter)
        }
        '\u{3000}' | '\u{a0}' | '\t' => ' ',
        other => other,
    };
    text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}')
        .chars()
        .map(usual)
        .collect()
}

/// The text without its words of time, and the times.
fn take_times(text: &str, zone: &TimeZone) -> Result<(String, Window), Unreadable> {
    let mut window = Window::default();
    let mut rest: Vec<&str> = Vec::new();
    for word in text.split(' ') {
        let lower = word.to_ascii_lowercase();
        let after = |name: &str| lower.strip_prefix(name).map(|_| &word[name.len()..]);
        if let Some(day) = after("from:").or_else(|| after("since:")) {
            window.from = Some(moment(day, zone, false)?);
        } else if let Some(day) = after("until:") {
            window.until = Some(moment(day, zone, true)?);
        } else if let Some((from, until)) = word.split_once("..").filter(|(from, until)| {
            let is_day = |text: &str| text.is_empty() || is_like_a_day(text);
            is_day(from) && is_day(until) && from.len() + until.len() > 0
        }) {
            window.from = (!from.is_empty()).then(|| moment(from, zone, false)).transpose()?;
            window.until = (!until.is_empty()).then(|| moment(until, zone, true)).transpose()?;
        } else if is_like_a_day(word) && word.len() == 10 {
            window = Window {
                from: Some(moment(word, zone, false)?),
                until: Some(moment(word, zone, true)?),
            };
        } else {
            rest.push(word);
        }
    }
    if let (Some(from), Some(until)) = (window.from, window.until)
        && from >= until
    {
        return Err(Unreadable::new(text, "an end after the beginning"));
    }
    Ok((rest.join(" "), window))
}

fn is_like_a_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let dash = |at: usize| bytes.get(at) == Some(&b'-');
    (0..4).all(digit) && dash(4) && digit(5) && digit(6) && dash(7) && digit(8) && digit(9)
}

/// The moment of a day or time; of a day that ends something, the end of that day.
pub(crate) fn moment(text: &str, zone: &TimeZone, is_end: bool) -> Result<Timestamp, Unreadable> {
    let wrong = || {
        Unreadable::new(
            text,
            "a day such as 2026-11-30, or a time such as 2026-11-30T08:00:00+08:00",
        )
    };
    if text.len() != 10 {
        return text.parse().map_err(|_| wrong());
    }
    let day: Date = text.parse().map_err(|_| wrong())?;
    let day = if is_end { day.tomorrow().map_err(|_| wrong())? } else { day };
    let start = day.to_zoned(zone.clone()).map_err(|_| wrong())?;
    Ok(start.timestamp())
}

/// The word in front of a colon, and what follows.
fn worded(text: &str) -> Option<(Word, &str)> {
    let (before, after) = text.split_once(':')?;
    let before = before.trim().to_ascii_lowercase();
    let (_, word) = WORDS.iter().find(|(name, _)| *name == before)?;
    Some((*word, after.trim()))
}

fn of_word(word: Word, value: &str) -> Result<Vec<Reading>, Unreadable> {
    if value.is_empty() && word != Word::All {
        return Err(Unreadable::new(value, "something behind the colon"));
    }
    let anything = || of_anything(value).map(|(readings, _)| readings);
    let only = |is: &dyn Fn(&Reading) -> bool, expected: &str| {
        let found: Vec<Reading> =
            anything().unwrap_or_default().into_iter().filter(|one| is(one)).collect();
        if found.is_empty() { Err(Unreadable::new(value, expected)) } else { Ok(found) }
    };
    match word {
        Word::Item => {
            let is_named = value.contains(':') && !is_gs1(value);
            if is_named && check_uri(value).is_ok() {
                return Ok(vec![Reading::Item(thing_key(value))]);
            }
            only(
                &|one| matches!(one, Reading::Item(_)),
                "an EPC, a Digital Link, an SSCC or GTIN and serial",
            )
        }
        Word::Lot => {
            let found = only(&|one| matches!(one, Reading::Lot(_)), "");
            found.or_else(|_| Ok(vec![Reading::LotNumber(value.to_owned())]))
        }
        Word::Product => {
            only(&|one| matches!(one, Reading::Product(_)), "a GTIN of 8, 12, 13 or 14 digits")
        }
        Word::Place => {
            only(&|one| matches!(one, Reading::Place(_)), "a GLN or SGLN").or_else(|error| {
                if value.contains(':') {
                    Ok(vec![Reading::Place(thing_key(value))])
                } else {
                    Err(error)
                }
            })
        }
        Word::Party => {
            only(&|one| matches!(one, Reading::Party(_)), "a GLN or PGLN").or_else(|error| {
                if value.contains(':') {
                    Ok(vec![Reading::Party(thing_key(value))])
                } else {
                    Err(error)
                }
            })
        }
        Word::Document => Ok(vec![Reading::Document(thing_key(value))]),
        Word::Event => Ok(vec![Reading::Event(value.to_owned())]),
        Word::Hash => hash(value)
            .map(|hash| vec![Reading::Hash(hash)])
            .ok_or_else(|| Unreadable::new(value, "64 hex digits, or ni:///sha-256;…")),
        Word::All if value.is_empty() => Ok(vec![Reading::All]),
        Word::All => Err(Unreadable::new(value, "nothing behind `all:`")),
    }
}

fn is_gs1(uri: &str) -> bool {
    epc::has_gs1_key(uri)
}

/// The readings of a text that nothing is said about, and what it nearly is.
type Readings = (Vec<Reading>, Vec<Unreadable>);

fn of_anything(text: &str) -> Result<Readings, Unreadable> {
    if text.starts_with('(') {
        let link = of_elements(text).ok_or_else(|| {
            Unreadable::new(text, "an element string such as (01) 09521141123454 (21) 602")
        })?;
        return of_uri(&link).map(|readings| (readings, Vec::new()));
    }
    if let Some(hash) = hash(text) {
        return Ok((vec![Reading::Hash(hash)], Vec::new()));
    }
    if is_uri(text) {
        return of_uri(text).map(|readings| (readings, Vec::new()));
    }
    let digits: String = text.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    let more = of_gtin_and_more(text).unwrap_or_default();
    if digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty() {
        let (found, hints) = of_digits(&digits, text);
        return Ok((more.into_iter().chain(found).collect(), hints));
    }
    if !more.is_empty() {
        return Ok((more, Vec::new()));
    }
    let mut readings = Vec::new();
    let is_hex = text.len() >= 24
        && text.len().is_multiple_of(4)
        && text.bytes().all(|b| b.is_ascii_hexdigit());
    if is_hex && let Some(link) = Tag::decode_hex(text).ok().and_then(|tag| tag.to_digital_link()) {
        readings.push(Reading::Item(thing_key(&link)));
    }
    readings.extend(of_text(text));
    Ok((readings, Vec::new()))
}

/// What a text without structure can mean.
fn of_text(text: &str) -> [Reading; 3] {
    [
        Reading::LotNumber(text.to_owned()),
        Reading::Document(text.to_owned()),
        Reading::Event(text.to_owned()),
    ]
}

fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme = scheme.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme && !rest.is_empty() && !text.contains(' ')
}

fn of_uri(text: &str) -> Result<Vec<Reading>, Unreadable> {
    let kind = check_uri(text).map_err(|error| Unreadable::new(text, error.to_string()))?;
    let key = thing_key(text);
    Ok(match kind {
        UriKind::Item if is_document(&key) => {
            vec![Reading::Document(key.clone()), Reading::Item(key)]
        }
        UriKind::Item => vec![Reading::Item(key)],
        UriKind::Class if key.contains("/10/") => vec![Reading::Lot(key)],
        UriKind::Class => vec![Reading::Product(key)],
        UriKind::Place => vec![Reading::Place(key)],
        UriKind::Party => vec![Reading::Party(key)],
        UriKind::Other => vec![
            Reading::Event(text.to_owned()),
            Reading::Document(text.to_owned()),
            Reading::Item(key),
        ],
    })
}

/// Whether the key names a document or a shipment.
fn is_document(key: &str) -> bool {
    let path = key.strip_prefix(KEY).unwrap_or_default();
    ["253/", "401/", "402/"].iter().any(|ai| path.starts_with(ai))
}

/// What digits can mean by their number and check digit.
fn of_digits(digits: &str, typed: &str) -> Readings {
    let mut found = Vec::new();
    let mut hints = Vec::new();
    let (is_key, name) = match digits.len() {
        8 | 12 | 14 => (true, "GTIN"),
        13 => (true, "GTIN or GLN"),
        18 => (true, "SSCC"),
        _ => (false, ""),
    };
    if is_key && check_digit::is_valid(digits) {
        let product = || format!("{KEY}01/{digits:0>14}");
        match digits.len() {
            18 => found.push(Reading::Item(format!("{KEY}00/{digits}"))),
            13 => found.extend([
                Reading::Product(product()),
                Reading::Place(format!("{KEY}414/{digits}")),
                Reading::Party(format!("{KEY}417/{digits}")),
            ]),
            _ => found.push(Reading::Product(product())),
        }
    } else if is_key {
        let right = check_digit::of(&digits[..digits.len() - 1]).unwrap_or('?');
        hints.push(Unreadable::new(typed, format!("a {name} whose last digit is {right}")));
    }
    found.extend(of_text(typed));
    (found, hints)
}

/// A GTIN, and a serial or lot number behind a slash or a space.
fn of_gtin_and_more(text: &str) -> Option<Vec<Reading>> {
    let end = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (gtin, rest) = text.split_at(end);
    let is_gtin = matches!(gtin.len(), 8 | 12 | 13 | 14) && check_digit::is_valid(gtin);
    let rest = rest.strip_prefix(['/', ' ', '\t'])?.trim_start_matches(['/', ' ', '\t']).trim();
    if !is_gtin || rest.is_empty() {
        return None;
    }
    let link = |ai: &str, value: &str| format!("{KEY}01/{gtin:0>14}/{ai}/{}", escape(value));
    let lower = rest.to_ascii_lowercase();
    let lot = ["lot ", "lot:"].iter().find_map(|word| lower.strip_prefix(word).map(str::len));
    let of = |links: &[String]| {
        let found: Vec<Reading> =
            links.iter().filter_map(|link| of_uri(link).ok()).flatten().collect();
        (!found.is_empty()).then_some(found)
    };
    match lot {
        Some(left) => of(&[link("10", rest[rest.len() - left..].trim())]),
        None => of(&[link("21", rest), link("10", rest)]),
    }
}

/// The Digital Link of an element string in brackets.
fn of_elements(text: &str) -> Option<String> {
    let mut parts: Vec<(&str, &str)> = Vec::new();
    let mut rest = text;
    while !rest.trim().is_empty() {
        let (ai, after) = rest.trim_start().strip_prefix('(')?.split_once(')')?;
        let is_ai = (2..=4).contains(&ai.len()) && ai.bytes().all(|byte| byte.is_ascii_digit());
        if !is_ai {
            return None;
        }
        // A value may have brackets: the next part begins where a bracket is followed by digits and a bracket.
        let end = (0..after.len()).find(|at| begins_part(&after.as_bytes()[*at..]));
        let (value, next) = after.split_at(end.unwrap_or(after.len()));
        parts.push((ai, value.trim()));
        rest = next;
    }
    let first = parts.first()?;
    let order = ["22", "10", "21", "254", "7040"];
    let qualifiers = order.into_iter().flat_map(|ai| {
        let own = parts.iter().skip(1).filter(move |(own, _)| *own == ai);
        own.map(move |(_, value)| format!("/{ai}/{}", escape(value)))
    });
    let qualifiers: String = qualifiers.collect();
    Some(format!("{KEY}{}/{}{qualifiers}", first.0, escape(first.1)))
}

fn begins_part(bytes: &[u8]) -> bool {
    let digits = bytes.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
    bytes.first() == Some(&b'(')
        && (2..=4).contains(&digits)
        && bytes.get(digits + 1) == Some(&b')')
}

/// A part of a link, escaped.
fn escape(value: &str) -> String {
    let escaped = value.bytes().map(|byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    });
    escaped.collect()
}

/// An event hash as records have it: `ni:///sha-256;HEX?ver=CBV2.0`, of any of its spellings.
fn hash(text: &str) -> Option<String> {
    let rest = text.strip_prefix("ni:///sha-256;").or_else(|| text.strip_prefix("sha-256;"));
    let rest = rest.unwrap_or(text);
    let (hex, version) = rest.split_once("?ver=").unwrap_or((rest, "CBV2.0"));
    let is_hex = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_version = matches!(version, "CBV2.0" | "CBV2.1");
    (is_hex && is_version)
        .then(|| format!("ni:///sha-256;{}?ver={version}", hex.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests;
