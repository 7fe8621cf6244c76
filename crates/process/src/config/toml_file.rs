//! A TOML file, taken apart section by section, so that one wrong section does not hide the next.
//!
//! The way through: [`Sections::parse`] reads the text; [`Sections::take`] and [`Sections::list`] remove a section
//! and deserialize it; [`Sections::finish`] reports what nothing has taken.
//!
//! What holds: every problem has its line and column; none repeats the line, which may hold a password.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::nearest::nearest;
use crate::config::place::Place;
use crate::config::problem::{Problem, Problems};
use crate::config::recover;

/// The sections of a file that were not taken yet, and what was found wrong so far.
pub struct Sections<'i> {
    path: PathBuf,
    text: &'i str,
    table: DeTable<'i>,
    known: Vec<&'static str>,
    problems: Problems,
}

impl<'i> Sections<'i> {
    /// Parses the text of the file at `path`, which only appears in messages.
    ///
    /// # Errors
    ///
    /// Every [`Problem::Syntax`], with its place.
    pub fn parse(path: &Path, text: &'i str) -> Result<Self, Problems> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut sections = Self {
            path: path.to_owned(),
            text,
            table: table.into_inner(),
            known: Vec::new(),
            problems: Problems::default(),
        };
        for error in errors {
            let message = error.message().to_owned();
            let start = error.span().map_or(text.len(), |span| span.start);
            sections.add(start, Problem::Syntax { message });
        }
        if sections.problems.is_empty() { Ok(sections) } else { Err(sections.problems) }
    }

    /// Adds a problem that begins at this byte.
    fn add(&mut self, offset: usize, problem: Problem) {
        let problem = problem.at(&self.path, Place::of(self.text, offset));
        self.problems.push(problem);
    }

    fn remove(&mut self, name: &'static str) -> Option<Spanned<DeValue<'i>>> {
        self.known.push(name);
        let key = self.table.keys().find(|key| key.get_ref() == name)?.clone();
        self.table.remove(&key)
    }

    fn read<T: DeserializeOwned>(
        &mut self,
        value: Spanned<DeValue<'i>>,
        name: &str,
        is_entry: bool,
    ) -> Option<T> {
        let read = recover::read(value, name, is_entry);
        for (offset, problem) in read.problems {
            self.add(offset, problem);
        }
        read.value
    }

    /// Takes the section or key `name`; none if the file does not have it or it cannot be read. What could be read of a
    /// section with problems is given, for finding more of them.
    pub fn take<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        let value = self.remove(name)?;
        self.read(value, name, false)
    }

    /// Takes the sections `[[name]]`, each for itself.
    pub fn list<T: DeserializeOwned>(&mut self, name: &'static str) -> Vec<T> {
        let Some(value) = self.remove(name) else { return Vec::new() };
        if matches!(value.get_ref(), DeValue::Array(_)) {
            let DeValue::Array(entries) = value.into_inner() else { return Vec::new() };
            let entries: Vec<_> = entries.iter().cloned().collect();
            return entries.into_iter().filter_map(|entry| self.read(entry, name, true)).collect();
        }
        self.read(value, name, false).unwrap_or_default()
    }

    /// What was found wrong, with the sections that nothing has taken.
    #[must_use]
    pub fn finish(mut self) -> Problems {
        let unknown: Vec<_> = self.table.keys().cloned().collect();
        for key in unknown {
            let mut cause = format!(
                "got section `{}`, expected one of {}",
                key.get_ref(),
                self.known.join(", ")
            );
            if let Some(near) = nearest(key.get_ref(), self.known.iter().copied()) {
                cause = format!("{cause}; did you mean `{near}`?");
            }
            let section = format!("[{}]", key.get_ref());
            let problem = Problem::Content { section, key: "section".to_owned(), cause };
            self.add(key.span().start, problem);
        }
        self.problems
    }
}
