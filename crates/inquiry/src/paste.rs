//! A pasted list to things.
//!
//! The way through: [`read_list`] goes through the lines; each is a thing as [`crate::reading`] reads one, or a GTIN and a serial in two
//! columns.
//!
//! What holds: no I/O; a list is bounded in lines and bytes, and what is beyond is said; each line that cannot be read is told with its
//! number; a thing that stands there twice is searched once.
//!
//! Not here: what is known of the things ([`crate::pasted`]).

use std::collections::HashSet;

use jiff::tz::TimeZone;

use crate::reading::{Reading, Unreadable, read};

/// Most things of a list.
pub const MOST: usize = 10_000;
/// Most bytes of a list.
pub const MOST_BYTES: usize = 2 << 20;
/// Most lines whose errors are told.
const MOST_PROBLEMS: usize = 100;

/// A list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct List {
    /// Its things, by key, each once, in the order of the list.
    pub things: Vec<String>,
    /// Lines that name a thing for the second time or more.
    pub repeated: usize,
    /// Lines that cannot be read: number from 1, and why; the first 100.
    pub problems: Vec<(usize, Unreadable)>,
    /// How many lines cannot be read.
    pub unread: usize,
    /// Lines beyond what a list may have, which were not looked at.
    pub left: usize,
}

/// Reads a pasted list: a thing a line; empty lines are passed over.
#[must_use]
pub fn read_list(text: &str) -> List {
    let mut list = List::default();
    let mut seen = HashSet::new();
    let end = text.floor_char_boundary(MOST_BYTES);
    let (taken, beyond) = text.split_at(end);
    let is_filled = |line: &str| !line.trim().is_empty();
    list.left = beyond.lines().filter(|line| is_filled(line)).count();
    for (number, line) in (1..).zip(taken.lines()) {
        if !is_filled(line) {
            continue;
        }
        if list.things.len() >= MOST {
            list.left += 1;
            continue;
        }
        match thing(line) {
            Ok(key) if seen.contains(&key) => list.repeated += 1,
            Ok(key) => {
                seen.insert(key.clone());
                list.things.push(key);
            }
            Err(problem) => {
                list.unread += 1;
                if list.problems.len() < MOST_PROBLEMS {
                    list.problems.push((number, problem));
                }
            }
        }
    }
    list
}

/// The thing of a line.
fn thing(line: &str) -> Result<String, Unreadable> {
    // A column of a spreadsheet may stand in quotation marks.
    let line = line.trim().trim_matches('"').trim();
    let expected = "one EPC, Digital Link, SSCC, or GTIN and serial a line";
    // Times are no part of a list.
    if line.contains(' ') && line.contains("..") {
        return Err(Unreadable::new(line, expected));
    }
    let asked = read(line, &TimeZone::UTC)?;
    if let Some(hint) = asked.hints.into_iter().next() {
        return Err(hint);
    }
    let is_uri = line.contains(':');
    asked
        .readings
        .into_iter()
        .find_map(|reading| match reading {
            Reading::Item(key) => Some(key),
            Reading::Lot(key) | Reading::Product(key) if is_uri => Some(key),
            _ => None,
        })
        .ok_or_else(|| Unreadable::new(line, expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_each_thing_once_and_each_error_with_its_line() {
        let text = "urn:epc:id:sgtin:9521141.012345.602\r\n\n  https://x.example/01/09521141123454/21/602\n\
                    09521141123454\t603\n\"106141412345678908\"\nnothing of the kind\n106141412345678900\n\
                    (01) 09521141123454 (21) 604\nhttps://id.gs1.org/01/09521141123454/10/L1\n";
        let list = read_list(text);
        let of = |path: &str| format!("https://id.gs1.org/{path}");
        assert_eq!(
            list.things,
            [
                of("01/09521141123454/21/602"),
                of("01/09521141123454/21/603"),
                of("00/106141412345678908"),
                of("01/09521141123454/21/604"),
                of("01/09521141123454/10/L1"),
            ]
        );
        assert_eq!((list.repeated, list.unread, list.left), (1, 2, 0));
        let lines: Vec<usize> = list.problems.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [6, 7]);
        assert!(list.problems[1].1.expected.contains("last digit is 8"), "{:?}", list.problems[1]);
    }

    #[test]
    fn ten_thousand_things_are_taken_and_the_rest_is_counted() {
        let line = |serial: usize| format!("urn:epc:id:sgtin:9521141.012345.{serial}\n");
        let text: String = (0..MOST + 5).map(line).collect();
        let list = read_list(&text);
        assert_eq!((list.things.len(), list.left, list.unread), (MOST, 5, 0));
        let junk = "x".repeat(90) + "\n";
        let list = read_list(&junk.repeat(MOST_BYTES / junk.len() + 3));
        assert_eq!((list.things.len(), list.problems.len()), (0, MOST_PROBLEMS));
        assert!(list.left >= 2 && list.unread > MOST, "{} {}", list.left, list.unread);
    }
}
