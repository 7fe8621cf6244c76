//! Reads the members of a directory record: every one known, every value of its one form.
//!
//! What holds: an unknown member is refused at every level; an error names the member, the value got and what was
//! expected. Names are ASCII, so that every language sorts them alike; a time has 20 characters and ends in `Z`, so that
//! the order of texts is the order of times.
//!
//! Source: docs/formats/directory-v1.md, "Members".

use thiserror::Error;

use crate::{checkpoint::parse_decimal, hash::Hash, json::Json, keys::VerifierKey};

/// A member of a record is missing, unknown, or has a value that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("member `{member}`: got {got}, expected {expected}")]
pub struct FieldError {
    /// Its path: `keys/0/holder`.
    pub member: String,
    /// The value, or `none`; the first 120 characters of a long one.
    pub got: String,
    /// What was expected.
    pub expected: String,
}

/// An object whose members are read one by one.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    place: String,
    json: &'a Json,
}

impl<'a> Fields<'a> {
    /// Refuses anything but an object with no other members than `known`.
    ///
    /// - `place`: path of the object, empty for the record itself.
    ///
    /// # Errors
    ///
    /// [`FieldError`] with the first member that is not known.
    pub fn new(place: &str, json: &'a Json, known: &[&[&str]]) -> Result<Self, FieldError> {
        let fields = Self { place: place.to_owned(), json };
        let Some(members) = json.as_object() else {
            return Err(FieldError {
                member: place.to_owned(),
                got: excerpt(Some(json)),
                expected: "an object".to_owned(),
            });
        };
        let is_known = |name: &str| known.iter().any(|names| names.contains(&name));
        match members.iter().find(|(name, _)| !is_known(name)) {
            Some((name, _)) => Err(fields.wrong(name, "no member of this name")),
            None => Ok(fields),
        }
    }

    /// The error for the member `name`.
    #[must_use]
    pub fn wrong(&self, name: &str, expected: impl Into<String>) -> FieldError {
        let name: String = name.chars().take(80).collect();
        let got = excerpt(self.json.get(&name));
        let member = if self.place.is_empty() { name } else { format!("{}/{name}", self.place) };
        FieldError { member, got, expected: expected.into() }
    }

    /// The member, if it is there.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a Json> {
        self.json.get(name)
    }

    /// Whether the member is there.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A string.
    ///
    /// # Errors
    ///
    /// [`FieldError`]; so for all others.
    pub fn str(&self, name: &str) -> Result<&'a str, FieldError> {
        self.get(name).and_then(Json::as_str).ok_or_else(|| self.wrong(name, "a string"))
    }

    /// A string that `accepts` accepts.
    ///
    /// # Errors
    ///
    /// [`FieldError`] with `expected`.
    pub fn matching(
        &self,
        name: &str,
        expected: &str,
        accepts: impl Fn(&str) -> bool,
    ) -> Result<String, FieldError> {
        let text = self.get(name).and_then(Json::as_str).filter(|text| accepts(text));
        text.map(str::to_owned).ok_or_else(|| self.wrong(name, expected))
    }

    /// A name: [`is_name`].
    ///
    /// # Errors
    ///
    /// [`FieldError`].
    pub fn name(&self, name: &str) -> Result<String, FieldError> {
        self.matching(name, NAME_WANTED, is_name)
    }

    /// Text for people, 1 to 500 characters without control characters and marks of direction.
    ///
    /// # Errors
    ///
    /// [`FieldError`].
    pub fn prose(&self, name: &str) -> Result<String, FieldError> {
        let expected = "1 to 500 characters, none of them a control character or mark of direction";
        self.matching(name, expected, |text| {
            let is_unseen = |found: char| {
                found.is_control()
                    || matches!(found, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            (1..=500).contains(&text.chars().count()) && !text.chars().any(is_unseen)
        })
    }

    /// A time: `2026-11-01T00:00:00Z`.
    ///
    /// # Errors
    ///
    /// [`FieldError`].
    pub fn time(&self, name: &str) -> Result<String, FieldError> {
        self.matching(name, "a time like 2026-11-01T00:00:00Z", is_time)
    }

    /// A whole number below 2^53.
    ///
    /// # Errors
    ///
    /// [`FieldError`].
    pub fn number(&self, name: &str) -> Result<u64, FieldError> {
        self.get(name)
            .and_then(Json::as_number)
            .and_then(parse_decimal)
            .filter(|number| *number < 1 << 53)
            .ok_or_else(|| self.wrong(name, "a whole number below 2^53"))
    }

    /// A hash in 64 lowercase hex digits.
    ///
    /// # Errors
    ///
    /// [`FieldError`].
    pub fn hash(&self, name: &str) -> Result<Hash, FieldError> {
        let hash = self.get(name).and_then(Json::as_str).and_then(|text| text.parse().ok());
        hash.ok_or_else(|| self.wrong(name, "64 lowercase hex digits"))
    }

    /// A verifier key.
    ///
    /// # Errors
    ///
    /// [`FieldError`] with what is wrong with the key.
    pub fn key(&self, name: &str) -> Result<VerifierKey, FieldError> {
        self.str(name)?.parse().map_err(|error| self.wrong(name, format!("a key ({error})")))
    }

    /// An array.
    ///
    /// # Errors
    ///
    /// [`FieldError`].
    pub fn array(&self, name: &str) -> Result<&'a [Json], FieldError> {
        self.get(name).and_then(Json::as_array).ok_or_else(|| self.wrong(name, "an array"))
    }

    /// An array of different strings that `accepts` accepts.
    ///
    /// # Errors
    ///
    /// [`FieldError`] with `expected`.
    pub fn strings(
        &self,
        name: &str,
        expected: &str,
        accepts: impl Fn(&str) -> bool,
    ) -> Result<Vec<String>, FieldError> {
        let mut texts: Vec<String> = Vec::new();
        for (place, item) in self.array(name)?.iter().enumerate() {
            let wrong = |expected: &str| FieldError {
                member: self.wrong(&format!("{name}/{place}"), "").member,
                got: excerpt(Some(item)),
                expected: expected.to_owned(),
            };
            let text = item.as_str().filter(|text| accepts(text)).ok_or_else(|| wrong(expected))?;
            if texts.iter().any(|other| other == text) {
                return Err(wrong("each value once"));
            }
            texts.push(text.to_owned());
        }
        Ok(texts)
    }

    /// An array of objects, at most 1,000.
    ///
    /// # Errors
    ///
    /// [`FieldError`].
    pub fn objects(&self, name: &str, known: &[&str]) -> Result<Vec<Fields<'a>>, FieldError> {
        let items = self.array(name)?;
        if items.len() > 1000 {
            return Err(self.wrong(name, "at most 1,000 values"));
        }
        let place = |at: usize| self.wrong(&format!("{name}/{at}"), "").member;
        items.iter().enumerate().map(|(at, item)| Fields::new(&place(at), item, &[known])).collect()
    }

    /// An object.
    ///
    /// # Errors
    ///
    /// [`FieldError`].
    pub fn object(&self, name: &str, known: &[&str]) -> Result<Fields<'a>, FieldError> {
        let json = self.get(name).ok_or_else(|| self.wrong(name, "an object"))?;
        Fields::new(&self.wrong(name, "").member, json, &[known])
    }
}

const NAME_WANTED: &str = "1 to 100 letters, digits and `._/-` of ASCII, a letter or digit first";

/// Whether a text can be the id of a party, a holder, a bridge, a grant: 1 to 100 of `A-Za-z0-9._/-`, a letter or digit
/// first.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte);
    (1..=100).contains(&text.len())
        && text.bytes().all(is_part)
        && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
}

/// Whether a text has the form `2026-11-01T00:00:00Z` and is a time of the calendar.
#[must_use]
pub fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let fits = bytes.len() == 20
        && bytes
            .iter()
            .zip(b"0000-00-00T00:00:00Z")
            .all(|(byte, form)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form });
    let part = |from: usize, to: usize| -> u32 {
        text.get(from..to).and_then(|part| part.parse().ok()).unwrap_or(u32::MAX)
    };
    if !fits {
        return false;
    }
    let (year, month) = (part(0, 4), part(5, 7));
    let is_leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&part(8, 10)) && part(11, 13) < 24 && part(14, 16) < 60 && part(17, 19) < 60
}

/// A value as errors show it.
fn excerpt(json: Option<&Json>) -> String {
    let Some(json) = json else { return "none".to_owned() };
    let text = json.canonical();
    let mut short: String = text.chars().take(120).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("`{short}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_one_form_and_exists() {
        for right in ["2026-11-01T00:00:00Z", "2024-02-29T23:59:59Z", "2000-02-29T00:00:00Z"] {
            assert!(is_time(right), "{right}");
        }
        for wrong in [
            "2026-11-01",
            "2026-11-01T00:00:00+00:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-00T00:00:00Z",
            "2026-11-01T24:00:00Z",
            "2026-11-01T00:60:00Z",
            "2026-11-01T00:00:60Z",
            "2026-11-01t00:00:00z",
            "2026-11-01T00:00:00.0Z",
            "1900-02-29T00:00:00Z",
            "２026-11-01T00:00:0Z",
        ] {
            assert!(!is_time(wrong), "{wrong}");
        }
    }

    #[test]
    fn an_error_names_the_member_the_value_and_what_was_expected() {
        let json = crate::json::parse(
            br#"{"a":[{"b":"x y"}],"c":7,"d":["1","1"],"e":"a\u202eb"}"#,
            &crate::json::Limits::default(),
        )
        .unwrap();
        let fields = Fields::new("", &json, &[&["a", "c", "d", "e"]]).unwrap();
        let inner = &fields.objects("a", &["b"]).unwrap()[0];
        assert_eq!(
            inner.name("b").unwrap_err().to_string(),
            format!("member `a/0/b`: got `\"x y\"`, expected {NAME_WANTED}")
        );
        assert_eq!(
            fields.str("c").unwrap_err().to_string(),
            "member `c`: got `7`, expected a string"
        );
        assert_eq!(
            fields.number("n").unwrap_err().to_string(),
            "member `n`: got none, expected a whole number below 2^53"
        );
        assert_eq!(
            fields.strings("d", "digits", |_| true).unwrap_err().to_string(),
            "member `d/1`: got `\"1\"`, expected each value once"
        );
        assert!(fields.prose("e").is_err(), "a mark of direction turns text around");
        assert_eq!(
            Fields::new("", &json, &[&["a"]]).unwrap_err().to_string(),
            "member `c`: got `7`, expected no member of this name"
        );
    }
}
