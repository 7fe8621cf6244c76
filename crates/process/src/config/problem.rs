//! What is wrong with a configuration, and lists of it.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use ledger::policy::{Policy, PolicyError};
use serde_json::{Value, json};

use crate::config::place::Place;

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The configuration file cannot be read.
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// The text is not TOML. The line itself is not repeated, because it may hold a password.
    Syntax {
        /// What was expected.
        message: String,
    },
    /// A problem, with the place in the file where it is.
    At {
        /// Which file.
        path: PathBuf,
        /// Where in it.
        place: Place,
        /// What is wrong there.
        problem: Box<Problem>,
    },
    /// A value is not usable.
    Value {
        /// The section, as the file writes it, with the name of the entry if there are several:
        /// ``[[bridge]] `dock` ``.
        section: String,
        /// The key in the section.
        key: String,
        /// What the file has.
        got: String,
        /// What was expected instead.
        expected: String,
    },
    /// A file that a value names is not usable, or its content is not.
    Content {
        /// The section, as the file writes it.
        section: String,
        /// The key in the section.
        key: String,
        /// What is wrong, with the path.
        cause: String,
    },
}

impl Problem {
    /// A value that is not usable. `got` and `expected` complete "got …, expected …".
    #[must_use]
    pub fn value(
        section: impl Into<String>,
        key: impl Into<String>,
        got: impl fmt::Display,
        expected: impl fmt::Display,
    ) -> Self {
        Self::Value {
            section: section.into(),
            key: key.into(),
            got: got.to_string(),
            expected: expected.to_string(),
        }
    }

    /// A section that a role needs and the file does not have.
    #[must_use]
    pub fn missing(section: &str, needed_by: &str) -> Self {
        Self::value(section, "section", "none", format!("the settings of {needed_by}"))
    }

    /// The same problem, with its place in a file; one that has a place already keeps it.
    #[must_use]
    pub fn at(self, path: &Path, place: Place) -> Self {
        match self {
            placed @ Self::At { .. } => placed,
            problem => Self::At { path: path.to_owned(), place, problem: Box::new(problem) },
        }
    }

    /// Section and key, if it is about one.
    #[must_use]
    pub fn subject(&self) -> Option<(&str, &str)> {
        match self {
            Self::File { .. } | Self::Syntax { .. } => None,
            Self::At { problem, .. } => problem.subject(),
            Self::Value { section, key, .. } | Self::Content { section, key, .. } => {
                Some((section, key))
            }
        }
    }

    /// The problem as a JSON object: `problem` is the whole sentence; `file`, `line`, `column`, `section`, `key`, `got` and
    /// `expected` are there where they are known.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = match self {
            Self::File { path, .. } => json!({ "file": path.display().to_string() }),
            Self::Syntax { .. } => json!({}),
            Self::At { path, place, problem } => {
                let mut inner = problem.to_json();
                inner["file"] = path.display().to_string().into();
                inner["line"] = place.line.into();
                inner["column"] = place.column.into();
                return inner;
            }
            Self::Value { section, key, got, expected } => {
                json!({ "section": section, "key": key, "got": got, "expected": expected })
            }
            Self::Content { section, key, .. } => json!({ "section": section, "key": key }),
        };
        members["problem"] = self.to_string().into();
        members
    }

    /// A file that a value names and that is not usable: the error with all its causes.
    #[must_use]
    pub fn content(section: impl Into<String>, key: impl Into<String>, error: &dyn Error) -> Self {
        let mut cause = error.to_string();
        let mut next = error.source();
        while let Some(source) = next {
            // Some errors repeat their source in their own text.
            let text = source.to_string();
            if !cause.contains(&text) {
                cause = format!("{cause}: {text}");
            }
            next = source.source();
        }
        Self::Content { section: section.into(), key: key.into(), cause }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, cause } => write!(out, "could not read {}: {cause}", path.display()),
            Self::Syntax { message } => write!(out, "not TOML: {}", message.trim_end()),
            Self::At { path, place, problem } => {
                write!(out, "{}, {place}: {problem}", path.display())
            }
            Self::Value { section, key, got, expected } => {
                write!(out, "{section} {key}: got {got}, expected {expected}")
            }
            Self::Content { section, key, cause } => {
                write!(out, "{section} {key}: {}", cause.trim_end())
            }
        }
    }
}

/// Everything that is wrong with a configuration, at least one [`Problem`] when it is returned as an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds a problem, unless it is there already.
    pub fn push(&mut self, problem: Problem) {
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    /// Adds those of another list that are not there yet.
    pub fn append(&mut self, others: Self) {
        others.0.into_iter().for_each(|problem| self.push(problem));
    }

    /// Those for which `is_kept` is true.
    #[must_use]
    pub fn filtered(self, is_kept: impl FnMut(&Problem) -> bool) -> Self {
        Self(self.0.into_iter().filter(is_kept).collect())
    }

    /// Each changed by `change`.
    #[must_use]
    pub fn map(self, change: impl FnMut(Problem) -> Problem) -> Self {
        Self(self.0.into_iter().map(change).collect())
    }

    /// Sorts them by file, line and column; those without a place come last, in the order in which they were found.
    pub fn sort(&mut self) {
        self.0.sort_by_key(|problem| match problem {
            Problem::At { path, place, .. } => (false, path.clone(), *place),
            _ => (true, PathBuf::new(), Place::default()),
        });
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The value of `outcome`; otherwise its problems are added.
    pub fn keep<T>(&mut self, outcome: Result<T, impl Into<Self>>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(problems) => {
                self.append(problems.into());
                None
            }
        }
    }

    /// `value`, unless there are problems.
    ///
    /// # Errors
    ///
    /// The problems, if there are any or `value` is missing.
    pub fn unless_any<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(self),
        }
    }

    /// The problems, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.0.iter().enumerate() {
            if place > 0 {
                writeln!(out)?;
            }
            write!(out, "{problem}")?;
        }
        Ok(())
    }
}

impl Error for Problems {}

/// The text of a file that a value names.
///
/// # Errors
///
/// [`Problem::Content`] with section, key and path.
pub fn read_named(section: &str, key: &str, path: &Path) -> Result<String, Problem> {
    std::fs::read_to_string(path).map_err(|error| Problem::Content {
        section: section.to_owned(),
        key: key.to_owned(),
        cause: format!("could not read {}: {error}", path.display()),
    })
}

/// Reads the policy file that a configuration key names; gives its text as well.
///
/// # Errors
///
/// [`Problem::Content`] with section, key and the line that is not understood.
pub fn read_policy(section: &str, key: &str, path: &Path) -> Result<(Policy, String), Problem> {
    let text = read_named(section, key, path)?;
    let policy = text.parse().map_err(|error: PolicyError| Problem::Content {
        section: section.to_owned(),
        key: key.to_owned(),
        cause: format!("{}: {error}", path.display()),
    })?;
    Ok((policy, text))
}
