//! The only JSON parser for anything that is signed: strict, lossless, with one canonical form.
//!
//! The way through: [`parse`] turns bytes into [`Json`]; [`Json::canonical`] writes the one text that is hashed.
//!
//! What holds:
//!
//! - a number keeps the digits it was received with: it is text that passed the grammar, never a float;
//! - two members of one name are refused, so that no two readers can get different values;
//! - depth and size are limited, and nothing that comes from outside panics;
//! - `parse(canonical(x))` gives `x` with its members sorted, and is canonical again.
//!
//! Not here: what the members mean (`epcis`, [`crate::record`]).
//!
//! Sources: RFC 8259 for the grammar, RFC 8785 for the canonical form (but for numbers).

use std::fmt::Write as _;

use thiserror::Error;

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
    /// Two members of one object have the same name.
    #[error("got member {pointer} twice, expected it once")]
    DuplicateMember {
        /// JSON pointer, RFC 6901; of a long one `…` and the last 200 characters.
        pointer: String,
    },
}

/// Parses one JSON text.
///
/// # Errors
///
/// [`JsonError`], with the place of the byte and what was expected there.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Json, JsonError> {
    if bytes.len() > limits.max_bytes {
        return Err(JsonError::TooLarge { bytes: bytes.len(), limit: limits.max_bytes });
    }
    let text =
        std::str::from_utf8(bytes).map_err(|error| JsonError::NotUtf8(error.valid_up_to()))?;
    let mut parser = Parser { text, at: 0, path: Vec::new(), max_depth: limits.max_depth };
    parser.white();
    let value = parser.value()?;
    parser.white();
    match parser.peek() {
        None => Ok(value),
        Some(_) => Err(parser.wrong("the end of the text")),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// Where in the containers that we are in, for pointers; its length is the depth.
    path: Vec<Place>,
    max_depth: usize,
}

/// A place within a container; its name is only read when an error names it.
#[derive(Clone, Copy)]
enum Place {
    /// Before the first.
    Start,
    /// The element of this number.
    Element(usize),
    /// The member whose name begins with the quote at this byte.
    Member(usize),
}

/// Members up to which a name is compared with each.
const FEW: usize = 16;

/// Which names an object has so far, for finding one that is there twice. Names in ascending order, as in every canonical text,
/// need one comparison each.
struct Names {
    are_ascending: bool,
    /// All of them, once there are many in another order.
    set: Option<std::collections::HashSet<String>>,
}

impl Names {
    /// Whether `name` is none of `members`; it is added to them next.
    fn is_new(&mut self, members: &[(String, Json)], name: &str) -> bool {
        if self.are_ascending && members.last().is_none_or(|(last, _)| last.as_str() < name) {
            return true;
        }
        self.are_ascending = false;
        if members.len() < FEW {
            return members.iter().all(|(known, _)| known != name);
        }
        let all = || members.iter().map(|(known, _)| known.clone()).collect();
        self.set.get_or_insert_with(all).insert(name.to_owned())
    }
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn white(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn wrong(&self, wanted: &'static str) -> JsonError {
        let found = self
            .text
            .get(self.at..)
            .and_then(|rest| rest.chars().next())
            .map_or_else(|| "the end".to_owned(), |found| format!("{found:?}"));
        JsonError::Grammar { at: self.at, found, wanted }
    }

    fn value(&mut self) -> Result<Json, JsonError> {
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => Ok(Json::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            _ => Err(self.wrong("a value")),
        }
    }

    fn word(&mut self, word: &'static str, value: Json) -> Result<Json, JsonError> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            return Ok(value);
        }
        Err(self.wrong("true, false or null"))
    }

    fn enter(&mut self) -> Result<(), JsonError> {
        if self.path.len() >= self.max_depth {
            return Err(JsonError::TooDeep { at: self.at, limit: self.max_depth });
        }
        self.path.push(Place::Start);
        self.at += 1;
        self.white();
        Ok(())
    }

    fn place(&mut self, place: Place) {
        if let Some(last) = self.path.last_mut() {
            *last = place;
        }
    }

    /// The names and numbers of the places we are in.
    fn names(&self) -> Vec<String> {
        let name = |place: &Place| match *place {
            Place::Start => String::new(),
            Place::Element(number) => number.to_string(),
            Place::Member(at) => {
                let mut again = Parser { text: self.text, at, path: Vec::new(), max_depth: 0 };
                again.string().unwrap_or_default()
            }
        };
        self.path.iter().map(name).collect()
    }

    fn array(&mut self) -> Result<Json, JsonError> {
        self.enter()?;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            self.path.pop();
            return Ok(Json::Array(items));
        }
        loop {
            self.place(Place::Element(items.len()));
            items.push(self.value()?);
            self.white();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.wrong("`,` or `]`")),
            }
            self.white();
        }
        self.at += 1;
        self.path.pop();
        Ok(Json::Array(items))
    }

    fn object(&mut self) -> Result<Json, JsonError> {
        self.enter()?;
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut names = Names { are_ascending: true, set: None };
        if self.peek() == Some(b'}') {
            self.at += 1;
            self.path.pop();
            return Ok(Json::Object(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a member's name"));
            }
            self.place(Place::Member(self.at));
            let name = self.string()?;
            if !names.is_new(&members, &name) {
                return Err(JsonError::DuplicateMember { pointer: pointer(&self.names()) });
            }
            self.white();
            if self.peek() != Some(b':') {
                return Err(self.wrong("`:`"));
            }
            self.at += 1;
            self.white();
            let value = self.value()?;
            members.push((name, value));
            self.white();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.wrong("`,` or `}`")),
            }
            self.white();
        }
        self.at += 1;
        self.path.pop();
        Ok(Json::Object(members))
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.wrong("a digit")) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Json, JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Json::Number(self.text[start..self.at].to_owned()))
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = plain_bytes(rest);
            if out.is_empty() && rest.as_bytes().get(plain) == Some(&b'"') {
                self.at += plain + 1;
                return Ok(rest[..plain].to_owned());
            }
            out.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return Err(self.wrong("an escape for a control character")),
                None => return Err(self.wrong("the string's closing quote")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        self.at += 1;
        let plain = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.wrong("one of \" \\ / b f n r t u after a backslash")),
        };
        self.at += 1;
        Ok(plain)
    }

    fn unicode(&mut self) -> Result<char, JsonError> {
        const LONE: &str = "a whole surrogate pair";
        let first = self.four_hex()?;
        let code = match first {
            0xD800..=0xDBFF => {
                if !self.text[self.at..].starts_with("\\u") {
                    return Err(self.wrong(LONE));
                }
                self.at += 1;
                let second = self.four_hex()?;
                if !(0xDC00..=0xDFFF).contains(&second) {
                    return Err(self.wrong(LONE));
                }
                0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
            }
            _ => first,
        };
        char::from_u32(code).ok_or_else(|| self.wrong(LONE))
    }

    /// Reads `uXXXX`, standing on the `u`.
    fn four_hex(&mut self) -> Result<u32, JsonError> {
        let digits = self.text.get(self.at + 1..self.at + 5).unwrap_or("");
        if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(self.wrong("four hex digits after \\u"));
        }
        self.at += 5;
        u32::from_str_radix(digits, 16).map_err(|_| self.wrong("four hex digits after \\u"))
    }
}

/// Most characters of a pointer in an error; of a longer one the last.
const LONGEST_POINTER: usize = 200;

fn pointer(path: &[String]) -> String {
    let mut out = String::new();
    for part in path {
        out.push('/');
        out.push_str(&part.replace('~', "~0").replace('/', "~1"));
    }
    // A name may be as long as the whole text; an error message must not be.
    let count = out.chars().count();
    if count <= LONGEST_POINTER {
        return out;
    }
    std::iter::once('…').chain(out.chars().skip(count - LONGEST_POINTER)).collect()
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
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    /// Appends the canonical text.
    pub(crate) fn write(&self, out: &mut String) {
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
                out.push('{');
                if members.is_sorted_by(|(a, _), (b, _)| order(a, b).is_le()) {
                    write_members(members.iter(), out);
                } else {
                    let mut sorted: Vec<&(String, Self)> = members.iter().collect();
                    sorted.sort_by(|(a, _), (b, _)| order(a, b));
                    write_members(sorted.into_iter(), out);
                }
                out.push('}');
            }
        }
    }
}

/// RFC 8785 section 3.2.3: by UTF-16 code units, which differs from bytes above U+FFFF only.
fn order(a: &str, b: &str) -> std::cmp::Ordering {
    if a.is_ascii() && b.is_ascii() {
        return a.cmp(b);
    }
    a.encode_utf16().cmp(b.encode_utf16())
}

fn write_members<'a>(members: impl Iterator<Item = &'a (String, Json)>, out: &mut String) {
    for (place, (name, value)) in members.enumerate() {
        if place > 0 {
            out.push(',');
        }
        write_string(name, out);
        out.push(':');
        value.write(out);
    }
}

/// Bytes before the first that a string cannot hold as it is: a quote, a backslash or a control character.
fn plain_bytes(text: &str) -> usize {
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..b' ');
    text.as_bytes().iter().position(|byte| special(byte)).unwrap_or(text.len())
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    loop {
        let plain = plain_bytes(rest);
        out.push_str(&rest[..plain]);
        let Some(special) = rest.as_bytes().get(plain) else { break };
        match special {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
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
