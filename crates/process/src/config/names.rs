//! The files of products and places: TOML with `[[product]]` or `[[place]]`, each with the keys of `[[trace_api.product]]` and
//! `[[trace_api.place]]`.
//!
//! The way through: [`read_products`] or [`read_places`] reads a file whole; its caller checks what is in it and gives
//! each problem its place with [`Names::locate`].
//!
//! What holds: a file with anything wrong gives problems and no names, each with file, line and column.
//!
//! Not here: what may stand in a name, and reading the files again (`trace-api`).

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::config::locate::Places;
use crate::config::problem::{Problem, Problems};
use crate::config::toml_file::Sections;
use crate::config::trace_api::{PlaceSection, ProductSection};

/// Largest file that is read, in bytes: about a hundred thousand names.
const MOST_BYTES: u64 = 64 << 20;

/// A file of names.
#[derive(Debug, Clone)]
pub struct Names<T> {
    path: PathBuf,
    text: String,
    /// What it names, in its order.
    pub entries: Vec<T>,
}

impl<T> Names<T> {
    /// Gives each problem its place in this file.
    #[must_use]
    pub fn locate(&self, problems: Problems) -> Problems {
        Places::parse(&self.path, &self.text).locate(problems)
    }
}

/// Reads the products in the file at `path`, which `products` of `[trace_api]` names.
///
/// # Errors
///
/// Everything that is wrong with its syntax, keys and types.
pub fn read_products(path: &Path) -> Result<Names<ProductSection>, Problems> {
    read(path, "products", "product")
}

/// Reads the places in the file at `path`, which `places` of `[trace_api]` names.
///
/// # Errors
///
/// As [`read_products`].
pub fn read_places(path: &Path) -> Result<Names<PlaceSection>, Problems> {
    read(path, "places", "place")
}

fn read<T: DeserializeOwned>(
    path: &Path,
    key: &str,
    section: &'static str,
) -> Result<Names<T>, Problems> {
    let wrong = |cause: String| Problem::Content {
        section: "[trace_api]".to_owned(),
        key: key.to_owned(),
        cause: format!("could not read {}: {cause}", path.display()),
    };
    let data = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?;
    if data.len() > MOST_BYTES {
        let cause = format!("got {} bytes, expected at most {MOST_BYTES}", data.len());
        return Err(wrong(cause).into());
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let mut sections = Sections::parse(path, &text)?;
    let entries = sections.list(section);
    let problems = sections.finish();
    problems.unless_any(Some(Names { path: path.to_owned(), text, entries }))
}
