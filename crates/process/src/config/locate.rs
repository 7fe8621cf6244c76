//! Finds the place in a TOML file of a problem that a role reports with section and key only.
//!
//! The way through: [`Places::parse`] reads a text once; [`Places::locate`] gives each problem its place.
//!
//! What holds: a problem without a place in the file keeps its text; where a key is not in the file, its section's line is
//! named.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::place::Place;
use crate::config::problem::{Problem, Problems};

/// Keys by which entries of a list are told apart, in the order in which they are tried.
const NAMES: [&str; 5] = ["origin", "id", "name", "gtin", "sgln"];

/// The text of a file, taken apart to find places in it.
pub struct Places<'i> {
    path: &'i Path,
    text: &'i str,
    table: DeTable<'i>,
}

/// A table, and where it begins.
struct Found<'t, 'i> {
    table: &'t DeTable<'i>,
    offset: usize,
}

impl<'i> Places<'i> {
    /// Reads what can be read of the text of the file at `path`.
    #[must_use]
    pub fn parse(path: &'i Path, text: &'i str) -> Self {
        let (table, _) = DeTable::parse_recoverable(text);
        Self { path, text, table: table.into_inner() }
    }

    /// Each problem with its place, if the file has its section.
    #[must_use]
    pub fn locate(&self, problems: Problems) -> Problems {
        problems.map(|problem| match self.place(&problem) {
            Some(place) => problem.at(self.path, place),
            None => problem,
        })
    }

    fn place(&self, problem: &Problem) -> Option<Place> {
        let (section, key) = problem.subject()?;
        let quoted = match problem {
            Problem::Value { got, .. } => between_ticks(got),
            _ => None,
        };
        let found = self.section(section, key, quoted)?;
        Some(Place::of(self.text, offset_of(&found, key)))
    }

    /// The table of a section as problems name it: `[ingest]`, ``[[ledger]] `a.example/1` ``.
    fn section(&self, section: &str, key: &str, quoted: Option<&str>) -> Option<Found<'_, 'i>> {
        let name = section.trim_start_matches('[').split(']').next()?;
        let entry = between_ticks(section);
        let (mut table, mut offset) = (&self.table, 0);
        let mut parts = name.split('.').peekable();
        while let Some(part) = parts.next() {
            let (_, value) = entry_of(table, part)?;
            let is_last = parts.peek().is_none();
            let found = match value.get_ref() {
                DeValue::Table(_) => value,
                DeValue::Array(entries) if is_last => chosen(entries, entry, key, quoted)?,
                _ => return None,
            };
            let DeValue::Table(inside) = found.get_ref() else { return None };
            (table, offset) = (inside, found.span().start);
        }
        Some(Found { table, offset })
    }
}

/// The entry of a list that a problem is about: the last one of that name, or with that value.
fn chosen<'t, 'i>(
    entries: &'t [Spanned<DeValue<'i>>],
    name: Option<&str>,
    key: &str,
    quoted: Option<&str>,
) -> Option<&'t Spanned<DeValue<'i>>> {
    let has = |value: &Spanned<DeValue<'i>>, keys: &[&str], text: &str| {
        let DeValue::Table(table) = value.get_ref() else { return false };
        keys.iter().any(|key| {
            entry_of(table, key).is_some_and(
                |(_, value)| matches!(value.get_ref(), DeValue::String(found) if found == text),
            )
        })
    };
    let last =
        |keys: &[&str], text: &str| entries.iter().rev().find(|value| has(value, keys, text));
    match (name, quoted) {
        (Some(name), _) => last(&NAMES, name),
        (None, Some(text)) => last(&[key], text).or_else(|| entries.first()),
        (None, None) => entries.first(),
    }
}

/// Where a key of a table stands; its parts are divided by dots or spaces. What is not there has the place of what it would
/// be in.
fn offset_of(found: &Found<'_, '_>, key: &str) -> usize {
    let (mut table, mut offset) = (found.table, found.offset);
    for part in key.split(['.', ' ']) {
        let Some((name, value)) = entry_of(table, part) else { break };
        offset = name.span().start;
        let DeValue::Table(inside) = value.get_ref() else { break };
        table = inside;
    }
    offset
}

fn entry_of<'t, 'i>(
    table: &'t DeTable<'i>,
    name: &str,
) -> Option<(&'t Spanned<std::borrow::Cow<'i, str>>, &'t Spanned<DeValue<'i>>)> {
    table.iter().find(|(key, _)| key.get_ref() == name)
}

/// What stands between the first two backticks.
fn between_ticks(text: &str) -> Option<&str> {
    text.split('`').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[ingest]\nlisten = \"x\"\n\n[[ledger]]\norigin = \"a/1\"\nkeys = \"a\"\n\n\
                        [[ledger]]\norigin = \"b/1\"\n  keys = \"b\"\n\n[firmware_bridge]\n\
                        [[firmware_bridge.reader]]\nid = \"door\"\ndevice.r200.port = \"p\"\n";

    fn place(section: &str, key: &str, got: &str) -> Option<(usize, usize)> {
        let places = Places::parse(Path::new("f.toml"), TEXT);
        let problem = Problem::value(section, key, got, "y");
        places.place(&problem).map(|place| (place.line, place.column))
    }

    #[test]
    fn a_problem_is_found_by_section_entry_and_key() {
        for (section, key, got, expected) in [
            ("[ingest]", "listen", "x", Some((2, 1))),
            ("[ingest]", "max_body_bytes", "x", Some((1, 1))),
            ("[[ledger]] `b/1`", "keys", "x", Some((10, 3))),
            ("[[ledger]] `b/1`", "rules", "x", Some((8, 1))),
            ("[[ledger]]", "keys", "`a`", Some((6, 1))),
            ("[[firmware_bridge.reader]] `door`", "device port", "x", Some((15, 1))),
            ("[[ledger]] `c/1`", "keys", "x", None),
            ("[anchor]", "rpc", "x", None),
        ] {
            assert_eq!(place(section, key, got), expected, "{section} {key}");
        }
    }
}
