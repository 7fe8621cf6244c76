//! The grammar of JSON: bytes to values.
//!
//! What holds: strict (RFC 8259), no two members of one name in an object, bounded in size and depth; what is wrong is
//! named with its place. The elements of a list that is kept apart ([`parse_apart`]) pass the same grammar.
//!
//! Source: RFC 8259.

use std::collections::HashSet;
use std::ops::Range;

use super::{Json, JsonError, Limits};

/// From so many members on, names are compared by a table of hashes.
const MANY: usize = 16;

/// Most elements of a list that is kept apart: what is kept of each takes more memory than the shortest ones have bytes.
const MOST_APART: usize = 1_000_000;

/// A text of which the elements of some lists are not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart {
    /// The value; in these lists `null` stands for each element.
    pub json: Json,
    /// For each of the lists, where its elements are in the text, in bytes.
    pub elements: Vec<Vec<Range<usize>>>,
}

/// Parses one JSON text.
///
/// # Errors
///
/// [`JsonError`], with the place of the byte and what was expected there.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Json, JsonError> {
    parse_apart(bytes, limits, &[]).map(|apart| apart.json)
}

/// As [`parse`], with memory for one element at a time of the lists at `lists`: each is parsed, found to be well-formed,
/// and dropped.
///
/// - `lists`: at most 32 ways to an array, as names of members.
///
/// # Errors
///
/// As [`parse`], and [`JsonError::TooMany`].
pub fn parse_apart(bytes: &[u8], limits: &Limits, lists: &[&[&str]]) -> Result<Apart, JsonError> {
    if bytes.len() > limits.max_bytes {
        return Err(JsonError::TooLarge { bytes: bytes.len(), limit: limits.max_bytes });
    }
    let text =
        std::str::from_utf8(bytes).map_err(|error| JsonError::NotUtf8(error.valid_up_to()))?;
    let elements = vec![Vec::new(); lists.len()];
    let mut parser = Parser { text, at: 0, depth: 0, max_depth: limits.max_depth, lists, elements };
    parser.white();
    let on_the_way = Way { to: u32::MAX, names: 0 };
    let json = parser.value(on_the_way).map_err(shortened)?;
    parser.white();
    match parser.peek() {
        None => Ok(Apart { json, elements: parser.elements }),
        Some(_) => Err(parser.wrong("the end of the text")),
    }
}

/// Which lists the names so far may lead to.
#[derive(Debug, Clone, Copy)]
struct Way {
    /// One bit for each of the parser's lists.
    to: u32,
    /// How many names so far.
    names: usize,
}

/// A way that leads to none.
const NOWHERE: Way = Way { to: 0, names: 0 };

struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// How many arrays and objects we are in.
    depth: usize,
    max_depth: usize,
    lists: &'a [&'a [&'a str]],
    elements: Vec<Vec<Range<usize>>>,
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

    fn value(&mut self, way: Way) -> Result<Json, JsonError> {
        match self.peek() {
            Some(b'{') => self.object(way),
            Some(b'[') => self.array(way),
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
        if self.depth >= self.max_depth {
            return Err(JsonError::TooDeep { at: self.at, limit: self.max_depth });
        }
        self.depth += 1;
        self.at += 1;
        self.white();
        Ok(())
    }

    fn leave(&mut self) {
        self.at += 1;
        self.depth -= 1;
    }

    /// The list that the names so far lead to.
    fn list_at(&self, way: Way) -> Option<usize> {
        let is_it = |(place, names): (usize, &&[&str])| {
            (way.to >> place) & 1 == 1 && names.len() == way.names
        };
        self.lists.iter().take(32).enumerate().position(is_it)
    }

    /// The way on from an object to its member `name`.
    fn way_on(&self, way: Way, name: &str) -> Way {
        if way.to == 0 {
            return NOWHERE;
        }
        let mut to = 0;
        for (place, names) in self.lists.iter().take(32).enumerate() {
            let leads = (way.to >> place) & 1 == 1 && names.get(way.names) == Some(&name);
            to |= u32::from(leads) << place;
        }
        Way { to, names: way.names + 1 }
    }

    fn array(&mut self, way: Way) -> Result<Json, JsonError> {
        let apart = if way.to == 0 { None } else { self.list_at(way) };
        self.enter()?;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.leave();
            return Ok(Json::Array(items));
        }
        loop {
            let from = self.at;
            let item =
                self.value(NOWHERE).map_err(|error| below(error, &items.len().to_string()))?;
            if let Some(elements) = apart.and_then(|list| self.elements.get_mut(list)) {
                if elements.len() == MOST_APART {
                    return Err(JsonError::TooMany { limit: MOST_APART });
                }
                elements.push(from..self.at);
                items.push(Json::Null);
            } else {
                items.push(item);
            }
            self.white();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.wrong("`,` or `]`")),
            }
            self.white();
        }
        self.leave();
        Ok(Json::Array(items))
    }

    fn object(&mut self, way: Way) -> Result<Json, JsonError> {
        self.enter()?;
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut names = HashSet::new();
        if self.peek() == Some(b'}') {
            self.leave();
            return Ok(Json::Object(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a member's name"));
            }
            let name = self.string()?;
            if members.len() == MANY {
                names.extend(members.iter().map(|(name, _)| name.clone()));
            }
            let is_new = if members.len() < MANY {
                members.iter().all(|(known, _)| *known != name)
            } else {
                names.insert(name.clone())
            };
            if !is_new {
                return Err(below(JsonError::DuplicateMember { pointer: String::new() }, &name));
            }
            self.white();
            if self.peek() != Some(b':') {
                return Err(self.wrong("`:`"));
            }
            self.at += 1;
            self.white();
            let value = self.value(self.way_on(way, &name)).map_err(|error| below(error, &name))?;
            members.push((name, value));
            self.white();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.wrong("`,` or `}`")),
            }
            self.white();
        }
        self.leave();
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
            // All of these are ASCII, so the text can be divided before them.
            let plain = rest.bytes().position(|byte| byte == b'"' || byte == b'\\' || byte < b' ');
            let plain = plain.unwrap_or(rest.len());
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

/// The error with its pointer going on from what contains it.
fn below(error: JsonError, name: &str) -> JsonError {
    let JsonError::DuplicateMember { pointer } = error else { return error };
    let name = name.replace('~', "~0").replace('/', "~1");
    JsonError::DuplicateMember { pointer: format!("/{name}{pointer}") }
}

/// The error with a pointer that is not too long: a name may be as long as the whole text, an error message must not be.
fn shortened(error: JsonError) -> JsonError {
    let JsonError::DuplicateMember { pointer } = error else { return error };
    let count = pointer.chars().count();
    if count <= LONGEST_POINTER {
        return JsonError::DuplicateMember { pointer };
    }
    let pointer =
        std::iter::once('…').chain(pointer.chars().skip(count - LONGEST_POINTER)).collect();
    JsonError::DuplicateMember { pointer }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_elements_of_a_list_that_is_kept_apart_are_found_again_in_the_text() {
        let text =
            r#" {"a": 1, "b": {"list": [ {"x": [1]}, "y" ,3 ], "\u006cist2": []}, "list": [4]} "#;
        let lists: [&[&str]; 2] = [&["b", "list"], &["list", "no"]];
        let apart = parse_apart(text.as_bytes(), &Limits::default(), &lists).unwrap();
        let found: Vec<&str> = apart.elements[0].iter().map(|span| &text[span.clone()]).collect();
        assert_eq!(found, [r#"{"x": [1]}"#, "\"y\"", "3"]);
        assert!(apart.elements[1].is_empty());
        let kept = r#"{"a":1,"b":{"list":[null,null,null],"list2":[]},"list":[4]}"#;
        assert_eq!(apart.json.canonical(), kept);
        // A name may be written with escapes.
        let text = r#"{"\u0062": {"list": [1]}}"#;
        let apart = parse_apart(text.as_bytes(), &Limits::default(), &lists).unwrap();
        assert_eq!(apart.elements[0].first(), Some(&(21..22)));
    }

    #[test]
    fn a_list_that_is_kept_apart_has_at_most_a_million_elements() {
        let lists: [&[&str]; 1] = [&["l"]];
        let read = |count: usize| {
            let text = format!("{{\"l\":[{}0]}}", "0,".repeat(count - 1));
            parse_apart(text.as_bytes(), &Limits::default(), &lists)
        };
        assert_eq!(read(MOST_APART).unwrap().elements[0].len(), MOST_APART);
        assert_eq!(read(MOST_APART + 1), Err(JsonError::TooMany { limit: MOST_APART }));
    }

    #[test]
    fn what_is_wrong_in_an_element_that_is_kept_apart_is_wrong_in_the_text() {
        let lists: [&[&str]; 1] = [&["l"]];
        for text in [r#"{"l":[{"a":1,"a":2}]}"#, r#"{"l":[01]}"#, r#"{"l":[1,]}"#, r#"{"l":["#] {
            let whole = parse(text.as_bytes(), &Limits::default());
            let apart = parse_apart(text.as_bytes(), &Limits::default(), &lists);
            assert_eq!(whole.unwrap_err(), apart.unwrap_err(), "{text}");
        }
    }

    #[test]
    fn a_name_that_stands_there_twice_is_found_among_few_members_and_among_many() {
        for count in [1, MANY - 1, MANY, MANY + 1, 100] {
            let members: Vec<String> = (0..count).map(|n| format!("\"n{n}\":{n}")).collect();
            let text = format!("{{{}}}", members.join(","));
            assert!(parse(text.as_bytes(), &Limits::default()).is_ok(), "{count}");
            for twice in [0, count / 2, count - 1] {
                let text = format!("{{{},\"n{twice}\":0}}", members.join(","));
                let pointer = format!("/n{twice}");
                let error = parse(text.as_bytes(), &Limits::default()).unwrap_err();
                assert_eq!(error, JsonError::DuplicateMember { pointer }, "{count}");
            }
        }
    }
}
