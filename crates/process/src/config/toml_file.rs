//! A TOML file, taken apart section by section, so that one wrong section does not hide the next.
//!
//! The way through: [`Sections::parse`] reads the text; [`Sections::take`] and [`Sections::list`] remove a section
//! and deserialize it; [`Sections::finish`] reports what nothing has taken.
//!
//! What holds: every problem names the line.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error, ValueDeserializer};

use crate::config::problem::{Problem, Problems};

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
    /// Every [`Problem::Toml`] of the syntax.
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
            sections.add(error);
        }
        if sections.problems.is_empty() { Ok(sections) } else { Err(sections.problems) }
    }

    fn add(&mut self, mut error: Error) {
        error.set_input(Some(self.text));
        self.problems.push(Problem::Toml { path: self.path.clone(), message: error.to_string() });
    }

    fn remove(&mut self, name: &'static str) -> Option<Spanned<DeValue<'i>>> {
        self.known.push(name);
        let key = self.table.keys().find(|key| key.get_ref() == name)?.clone();
        self.table.remove(&key)
    }

    fn read<T: DeserializeOwned>(&mut self, value: Spanned<DeValue<'i>>) -> Option<T> {
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(error);
                None
            }
        }
    }

    /// Takes the section or key `name`; none if the file does not have it or it is wrong.
    pub fn take<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        let value = self.remove(name)?;
        self.read(value)
    }

    /// Takes the sections `[[name]]`, each for itself.
    pub fn list<T: DeserializeOwned>(&mut self, name: &'static str) -> Vec<T> {
        let Some(value) = self.remove(name) else { return Vec::new() };
        if matches!(value.get_ref(), DeValue::Array(_)) {
            let DeValue::Array(entries) = value.into_inner() else { return Vec::new() };
            return entries.into_iter().filter_map(|entry| self.read(entry)).collect();
        }
        self.read(value).unwrap_or_default()
    }

    /// Reports the sections that nothing has taken; `value` if nothing was wrong.
    ///
    /// # Errors
    ///
    /// Everything that was found wrong.
    pub fn finish<T>(mut self, value: T) -> Result<T, Problems> {
        let unknown: Vec<_> = self.table.keys().cloned().collect();
        for key in unknown {
            let line = self.text[..key.span().start].matches('\n').count() + 1;
            let message = format!(
                "line {line}: got section `{}`, expected one of {}",
                key.get_ref(),
                self.known.join(", ")
            );
            self.problems.push(Problem::Toml { path: self.path.clone(), message });
        }
        self.problems.unless_any(Some(value))
    }
}
