//! The only JSON parser for anything that is signed: strict, lossless, with one canonical form.
//!
//! The way through: [`parse`] turns bytes into [`Json`], [`parse_apart`] does it without keeping the elements of long lists;
//! [`Json::canonical`] writes the one text that is hashed.
//!
//! What holds:
//!
//! - a number keeps the digits it was received with: it is text that passed the grammar, never a float;
//! - two members of one name are refused, so that no two readers can get different values;
//! - depth and size are limited, and nothing that comes from outside panics;
//! - `parse(canonical(x))` gives `x` with its members sorted, and is canonical again.
//!
//! Not here: the grammar (`json/parser.rs`), what the members mean (`epcis`, [`crate::record`]).
//!
//! Sources: RFC 8259 for the grammar, RFC 8785 for the canonical form (but for numbers).

mod parser;

use std::fmt::Write as _;
use std::ops::Range;

pub use parser::{Apart, parse, parse_apart};
use thiserror::Error;

/// Most bytes that a text begins with whatever is in it; it grows as it is written.
const MOST_ROOM: usize = 4096;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, digits as received; RFC 8259 grammar.
    Number(String),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object, members in the order received, names distinct.
    Object(Vec<(String, Json)>),
}

/// Limits on what is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes.
    pub max_bytes: usize,
    /// Most arrays and objects nested in one another.
    pub max_depth: usize,
}

impl Default for Limits {
    /// 16 MiB, 64 deep: far above what the largest EPCIS document of a pallet needs.
    fn default() -> Self {
        Self { max_bytes: 16 * 1024 * 1024, max_depth: 64 }
    }
}

/// Why bytes are not acceptable JSON.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JsonError {
    /// More bytes than the limit.
    #[error("got a text of {bytes} bytes, expected at most {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Not UTF-8.
    #[error("byte {0} is not UTF-8")]
    NotUtf8(usize),
    /// Nested deeper than the limit.
    #[error("byte {at}: nested deeper than {limit}")]
    TooDeep {
        /// Where.
        at: usize,
        /// The limit.
        limit: usize,
    },
    /// A character that the grammar does not allow here.
    #[error("byte {at}: got {found}, expected {wanted}")]
    Grammar {
        /// Where.
        at: usize,
        /// The character there.
        found: String,
        /// What was expected.
        wanted: &'static str,
    },
    /// More elements in a list that is kept apart than the limit.
    #[error("got a list of more than {limit} elements")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// Two members of one object have the same name.
    #[error("got member {pointer} twice, expected it once")]
    DuplicateMember {
        /// JSON pointer, RFC 6901; of a long one `…` and the last 200 characters.
        pointer: String,
    },
}

/// An object of the given members, in the given order. A name given twice keeps its last value.
pub fn object(members: impl IntoIterator<Item = (impl Into<String>, Json)>) -> Json {
    let mut out = Json::Object(Vec::new());
    for (name, value) in members {
        out.set(name, value);
    }
    out
}

impl Json {
    /// The member `name` of an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    /// The member `name` of an object, to change.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        match self {
            Self::Object(members) => {
                members.iter_mut().find(|(member, _)| member == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The digits of a number.
    #[must_use]
    pub fn as_number(&self) -> Option<&str> {
        match self {
            Self::Number(digits) => Some(digits),
            _ => None,
        }
    }

    /// The value of a boolean.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The items of an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The members of an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&[(String, Self)]> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Sets a member of an object; on anything else it does nothing.
    pub fn set(&mut self, name: impl Into<String>, value: Self) {
        let name = name.into();
        if let Some(place) = self.get_mut(&name) {
            *place = value;
        } else if let Self::Object(members) = self {
            members.push((name, value));
        }
    }

    /// Takes a member out of an object.
    pub fn remove(&mut self, name: &str) -> Option<Self> {
        let Self::Object(members) = self else { return None };
        let place = members.iter().position(|(member, _)| member == name)?;
        Some(members.remove(place).1)
    }

    /// The canonical text: RFC 8785, but a number keeps its digits.
    #[must_use]
    pub fn canonical(&self) -> String {
        let room = match self {
            Self::Null | Self::Bool(_) => 5,
            Self::Number(text) | Self::String(text) => text.len() + 2,
            Self::Array(items) => (64 * items.len()).min(MOST_ROOM),
            Self::Object(members) => (64 * members.len()).min(MOST_ROOM),
        };
        let mut out = String::with_capacity(room);
        self.write(&mut out);
        out
    }

    /// As [`Json::canonical`], in place of what `out` holds, whose memory is used again.
    pub fn canonical_into<'a>(&self, out: &'a mut String) -> &'a str {
        out.clear();
        self.write(out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(digits) => out.push_str(digits),
            Self::String(text) => write_string(text, out),
            Self::Array(items) => {
                out.push('[');
                for (place, item) in items.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                if members.is_sorted_by(|(a, _), (b, _)| order(a, b).is_le()) {
                    write_object(members.iter(), out, |_| ());
                } else {
                    write_object(sorted(members).into_iter(), out, |_| ());
                }
            }
        }
    }
}

/// The canonical text of the object with these members, and where the values are in it, in the order of [`sorted`].
pub(crate) fn canonical_object(members: &[(String, Json)]) -> (String, Vec<Range<usize>>) {
    let mut out = String::with_capacity((64 * members.len()).min(MOST_ROOM));
    let mut places = Vec::with_capacity(members.len());
    write_object(sorted(members).into_iter(), &mut out, |place| places.push(place));
    (out, places)
}

/// Members in the order of the canonical text.
pub(crate) fn sorted(members: &[(String, Json)]) -> Vec<&(String, Json)> {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_unstable_by(|(a, _), (b, _)| order(a, b));
    sorted
}

/// Writes an object with sorted members, and says where the value of each is.
fn write_object<'a>(
    members: impl Iterator<Item = &'a (String, Json)>,
    out: &mut String,
    mut at: impl FnMut(Range<usize>),
) {
    out.push('{');
    for (turn, (name, value)) in members.enumerate() {
        if turn > 0 {
            out.push(',');
        }
        write_string(name, out);
        out.push(':');
        let start = out.len();
        value.write(out);
        at(start..out.len());
    }
    out.push('}');
}

/// The order of members: RFC 8785 section 3.2.3, by UTF-16 code units. That of bytes is the same below U+E000.
fn order(a: &str, b: &str) -> std::cmp::Ordering {
    let is_low = |text: &str| text.bytes().all(|byte| byte < 0xee);
    if is_low(a) && is_low(b) { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    // All of these are ASCII, so a text can be divided before and after them.
    while let Some(plain) =
        rest.bytes().position(|byte| byte < b' ' || byte == b'"' || byte == b'\\')
    {
        out.push_str(&rest[..plain]);
        match rest.as_bytes()[plain] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            8 => out.push_str("\\b"),
            12 => out.push_str("\\f"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            control => {
                // Writing to a string cannot fail.
                write!(out, "\\u{control:04x}").ok();
            }
        }
        rest = &rest[plain + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u64> for Json {
    fn from(value: u64) -> Self {
        Self::Number(value.to_string())
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Self::Number(value.to_string())
    }
}

impl From<Vec<Json>> for Json {
    fn from(items: Vec<Json>) -> Self {
        Self::Array(items)
    }
}
