//! A section with several wrong keys, read so that one run reports them all.
//!
//! The way through: [`read`] deserializes a section; at an error it reports it, takes the wrong key out of the table (or
//! puts a stand-in where a required key is missing), and begins again, until the rest is a value or nothing more can be
//! repaired.
//!
//! What holds:
//!
//! - an error that only follows from a repair is not reported;
//! - the value that is given beside problems is for finding more problems; nobody starts anything with it;
//! - the number of repairs is bounded, whatever the file holds;
//! - addresses in messages are cut down to their host.
//!
//! Not here: where a problem stands ([`crate::config::locate`]), whose value is wrong (the roles).

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeTable, DeValue, Error, ValueDeserializer};

use crate::config::nearest::nearest;
use crate::config::problem::Problem;

/// Most repairs of one section.
const MOST_REPAIRS: usize = 500;
/// Beyond every text: where stand-ins have their places.
const BEYOND: usize = usize::MAX / 2;
/// Kinds of stand-ins, tried in this order.
const KINDS: usize = 5;

/// A step into a value: a key of a table, or a place in an array.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

type Path = Vec<Step>;
type Value<'i> = Spanned<DeValue<'i>>;

/// What reading a section gave.
pub(crate) struct Read<T> {
    /// The value, repaired if there are problems; none if it could not be repaired.
    pub(crate) value: Option<T>,
    /// Each problem with the place of the first byte that it is about.
    pub(crate) problems: Vec<(usize, Problem)>,
}

/// Reads the section `name`; `is_entry` says that it is one of several, `[[name]]`.
pub(crate) fn read<T: DeserializeOwned>(value: Value<'_>, name: &str, is_entry: bool) -> Read<T> {
    let mut repair = Repair {
        section: Section { name, is_entry, original: value.clone() },
        value,
        removed: Vec::new(),
        stand_ins: Vec::new(),
        made: 0,
        problems: Vec::new(),
    };
    for _ in 0..MOST_REPAIRS {
        match T::deserialize(ValueDeserializer::from(repair.value.clone())) {
            Ok(value) => return Read { value: Some(value), problems: repair.problems },
            Err(error) if repair.apply(&error) => {}
            Err(_) => break,
        }
    }
    Read { value: None, problems: repair.problems }
}

/// Says whether text like a TOML error's names the key that is missing.
fn missing(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

/// A section under repair.
struct Repair<'i, 'n> {
    section: Section<'i, 'n>,
    value: Value<'i>,
    removed: Vec<Path>,
    /// Where a stand-in is, and its kind.
    stand_ins: Vec<(Path, usize)>,
    /// Gives each stand-in a place of its own.
    made: usize,
    problems: Vec<(usize, Problem)>,
}

impl Repair<'_, '_> {
    /// Reports an error if it is the file's, and repairs what it is about. False if that is not possible.
    fn apply(&mut self, error: &Error) -> bool {
        let span = error.span().unwrap_or_else(|| self.value.span());
        let path = find(&self.value, &span).unwrap_or_default();
        let within = self.stand_ins.iter().rposition(|(at, _)| path.starts_with(at));
        if let Some(key) = missing(error.message()) {
            let mut at = path.clone();
            at.push(Step::Key(key.to_owned()));
            if within.is_none() && !self.removed.contains(&at) {
                self.report(&path, Some(key), span.start, error.message());
            }
            return self.stand_in(at, 0);
        }
        if let Some(number) = within {
            let (at, kind) = self.stand_ins.remove(number);
            return if kind + 1 < KINDS { self.stand_in(at, kind + 1) } else { self.give_up(&at) };
        }
        let is_consequence = self.removed.iter().any(|removed| removed.starts_with(&path));
        if !is_consequence {
            self.report(&path, None, span.start, error.message());
        }
        self.remove(path)
    }

    fn report(&mut self, path: &[Step], key: Option<&str>, offset: usize, message: &str) {
        let mut whole = path.to_vec();
        whole.extend(key.map(|key| Step::Key(key.to_owned())));
        let (section, key) = self.section.name_of(&whole);
        let problem = Problem::Content { section, key, cause: explained(message) };
        self.problems.push((offset, problem));
    }

    /// Puts a stand-in of this kind at `at`.
    fn stand_in(&mut self, at: Path, kind: usize) -> bool {
        let Some((Step::Key(key), parent)) = at.split_last() else { return false };
        let Some(DeValue::Table(table)) = inside(&mut self.value, parent).map(Spanned::get_mut)
        else {
            return false;
        };
        take(table, key);
        self.made += 2;
        let span = BEYOND + self.made..BEYOND + self.made + 1;
        let value = match kind {
            0 => DeValue::String("".into()),
            1 => DeValue::Integer(DeInteger::default()),
            2 => DeValue::Boolean(false),
            3 => DeValue::Array(DeArray::new()),
            _ => DeValue::Table(DeTable::new()),
        };
        table.insert(Spanned::new(span.clone(), key.clone().into()), Spanned::new(span, value));
        self.stand_ins.push((at, kind));
        true
    }

    /// Nothing stands in at `at`: the entry of a list that needs it is taken out whole, so that the others are read.
    fn give_up(&mut self, at: &[Step]) -> bool {
        let Some(entry) = at.iter().rposition(|step| matches!(step, Step::Index(_))) else {
            return false;
        };
        self.remove(at[..=entry].to_vec())
    }

    fn remove(&mut self, path: Path) -> bool {
        let Some((last, parent)) = path.split_last() else { return false };
        let Some(holder) = inside(&mut self.value, parent) else { return false };
        match (holder.get_mut(), last) {
            (DeValue::Table(table), Step::Key(key)) => take(table, key),
            (DeValue::Array(array), Step::Index(place)) => {
                take_entry(array, *place);
                // Both have the same entries, so that a place means the same one in each.
                if let Some(DeValue::Array(array)) =
                    inside(&mut self.section.original, parent).map(Spanned::get_mut)
                {
                    take_entry(array, *place);
                }
                // The paths behind the entry are those of other entries now.
                self.removed.retain(|removed| !removed.starts_with(parent));
                self.stand_ins.retain(|(at, _)| !at.starts_with(parent));
                return true;
            }
            _ => return false,
        }
        self.removed.push(path);
        true
    }
}

fn take_entry(array: &mut DeArray<'_>, place: usize) {
    let mut kept = DeArray::new();
    let others = array.iter().enumerate().filter(|(number, _)| *number != place);
    others.for_each(|(_, value)| kept.push(value.clone()));
    *array = kept;
}

/// A section as it is in the file, for naming what is in it.
struct Section<'i, 'n> {
    name: &'n str,
    is_entry: bool,
    original: Value<'i>,
}

impl Section<'_, '_> {
    /// Section and key of a path, as messages name them: ``[[firmware_bridge.reader]] `door` `` and `device.r200.port`.
    fn name_of(&self, path: &[Step]) -> (String, String) {
        let entry = (0..path.len()).rev().find(|end| self.is_entry_at(&path[..=*end]));
        let (before, after) = path.split_at(entry.map_or(0, |entry| entry + 1));
        let mut name = self.name.to_owned();
        for step in before {
            if let Step::Key(key) = step {
                name = format!("{name}.{key}");
            }
        }
        let is_entry = self.is_entry || entry.is_some();
        let mut section = if is_entry { format!("[[{name}]]") } else { format!("[{name}]") };
        if is_entry && let Some(id) = self.id(before) {
            section = format!("{section} `{id}`");
        }
        let keys: Vec<&str> = after
            .iter()
            .filter_map(|step| match step {
                Step::Key(key) => Some(key.as_str()),
                Step::Index(_) => None,
            })
            .collect();
        (section, if keys.is_empty() { "section".to_owned() } else { keys.join(".") })
    }

    /// Whether a path leads to a table in a list.
    fn is_entry_at(&self, path: &[Step]) -> bool {
        let mut value = self.original.clone();
        let is_in_list = matches!(path.last(), Some(Step::Index(_)));
        is_in_list
            && inside(&mut value, path)
                .is_some_and(|found| matches!(found.get_ref(), DeValue::Table(_)))
    }

    /// What the entry at `path` is called.
    fn id(&self, path: &[Step]) -> Option<String> {
        let mut value = self.original.clone();
        let DeValue::Table(table) = inside(&mut value, path)?.get_mut() else { return None };
        ["origin", "id", "name", "gtin", "sgln"].iter().find_map(|key| {
            match table.iter().find(|(name, _)| name.get_ref() == key)?.1.get_ref() {
                DeValue::String(text) => Some(text.clone().into_owned()),
                _ => None,
            }
        })
    }
}

/// The value at a path.
fn inside<'v, 'i>(value: &'v mut Value<'i>, path: &[Step]) -> Option<&'v mut Value<'i>> {
    let Some((step, rest)) = path.split_first() else { return Some(value) };
    let next = match (value.get_mut(), step) {
        (DeValue::Table(table), Step::Key(key)) => {
            table.iter_mut().find(|(name, _)| name.get_ref() == key)?.1
        }
        (DeValue::Array(array), Step::Index(place)) => array.get_mut(*place)?,
        _ => return None,
    };
    inside(next, rest)
}

fn take(table: &mut DeTable<'_>, key: &str) {
    let found = table.keys().find(|name| name.get_ref() == key).cloned();
    if let Some(name) = found {
        table.remove(&name);
    }
}

/// The path of what stands exactly at `span`, key or value; otherwise of the smallest thing around it.
fn find(value: &Value<'_>, span: &Range<usize>) -> Option<Path> {
    let mut around: Option<(usize, Path)> = None;
    let mut waiting: Vec<(Path, &Value<'_>)> = vec![(Vec::new(), value)];
    while let Some((path, value)) = waiting.pop() {
        if value.span() == *span {
            return Some(path);
        }
        let children: Vec<(Step, Option<Range<usize>>, &Value<'_>)> = match value.get_ref() {
            DeValue::Table(table) => table
                .iter()
                .map(|(key, value)| (Step::Key(key.get_ref().to_string()), Some(key.span()), value))
                .collect(),
            DeValue::Array(array) => array
                .iter()
                .enumerate()
                .map(|(place, value)| (Step::Index(place), None, value))
                .collect(),
            _ => Vec::new(),
        };
        for (step, key, child) in children {
            let mut below = path.clone();
            below.push(step);
            if key.as_ref() == Some(span) {
                return Some(below);
            }
            let own = child.span();
            let length = own.end.saturating_sub(own.start);
            let is_around = own.start <= span.start && span.end <= own.end;
            if is_around && around.as_ref().is_none_or(|(least, _)| length < *least) {
                around = Some((length, below.clone()));
            }
            waiting.push((below, child));
        }
    }
    around.map(|(_, path)| path)
}

/// A message of the deserializer for people: with the nearest known name, and without anything of an address but its host.
fn explained(message: &str) -> String {
    let message = without_secrets(message.trim_end());
    let is_name = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let mut ticked = message.split('`').skip(1).step_by(2);
    let typed = ticked.next().unwrap_or_default();
    match nearest(typed, ticked).filter(|_| is_name) {
        Some(near) => format!("{message}; did you mean `{near}`?"),
        None if missing(&message).is_some() => format!("{message}, which has no default"),
        None => message,
    }
}

/// A text in which every address ends with its host: what is before an `@` or behind the host may be a secret.
fn without_secrets(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, address)) = rest.split_once("://") {
        let end = address.find(|c: char| c.is_whitespace() || "\"'`".contains(c));
        let (address, behind) = address.split_at(end.unwrap_or(address.len()));
        let authority = address.split(['/', '?', '#']).next().unwrap_or_default();
        let host = match authority.rsplit_once('@') {
            Some((_, host)) => host,
            // A password with a slash in it.
            None if address.contains('@') => "",
            None => authority,
        };
        out.push_str(before);
        out.push_str("://");
        out.push_str(host);
        if host.len() < address.len() {
            out.push('…');
        }
        rest = behind;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_cut_down_to_its_host() {
        for (text, expected) in [
            (
                "string \"postgresql://u:pw@db/x\", expected y",
                "string \"postgresql://db…\", expected y",
            ),
            ("got https://rpc.example/v3/key and ws://a", "got https://rpc.example… and ws://a"),
            ("postgresql://u:p/w@h@db.example", "postgresql://…"),
            ("nothing", "nothing"),
        ] {
            let found = without_secrets(text);
            assert_eq!(found, expected);
        }
    }
}
