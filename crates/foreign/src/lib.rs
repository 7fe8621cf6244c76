//! Where tests find data that nobody of this project made, and how they say that it is absent.
//!
//! The way through: a test calls [`folder`] and returns if it gets nothing. A test that needs another thing which may
//! be absent (a program, an ordinary user) calls [`skipped`]. Both write one line to the file that the environment
//! variable `CHOPMARK_SKIPPED` names; `scripts/test.sh` sets it and prints these lines after the last test.
//!
//! What holds: the folder of foreign data is the one that `CHOPMARK_VECTORS` names, by default `../shared/vectors` beside
//! the repository. A test is skipped only where this whole folder is absent. Where it is there and lacks what the test
//! reads, the test fails: data that moved must not turn tests off.
//!
//! Not here: the facts that the project's own tests carry (in tables beside those tests), and how to get the data
//! (CONTRIBUTING). Nothing that is shipped depends on this crate; it is for dev-dependencies only.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::panic::Location;
use std::path::{Path, PathBuf};

/// Variable with the folder of foreign data.
const FOLDER: &str = "CHOPMARK_VECTORS";
/// Variable with the file that takes a line for each skipped test.
const RECORD: &str = "CHOPMARK_SKIPPED";
/// Where the data are without [`FOLDER`]: beside the repository.
const BESIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors");

/// The folder `name` of the foreign data; nothing where there are no foreign data, which is then announced with what
/// the test `adds` to those that need none ("1,138 recorded frames, read whole however they are cut").
///
/// # Panics
/// If the foreign data are there without this folder, or if the announcement cannot be written.
#[track_caller]
#[must_use]
pub fn folder(name: &str, adds: &str) -> Option<PathBuf> {
    let root = std::env::var_os(FOLDER).map_or_else(|| PathBuf::from(BESIDE), PathBuf::from);
    match find(&root, name) {
        Found::Here(folder) => Some(folder),
        Found::NoData => {
            skipped(&format!("{} is not there ({name})", root.display()), adds);
            None
        }
        Found::Incomplete => panic!(
            "the foreign data in {} have no {name}, expected all of them; set {FOLDER} to a folder that is complete \
             or to one that does not exist",
            root.display()
        ),
    }
}

/// Announces that the calling test was skipped: `why`, and what it `adds`.
///
/// # Panics
/// If the file that `CHOPMARK_SKIPPED` names cannot be written: a skipped test that nobody hears of would look tested.
#[track_caller]
pub fn skipped(why: &str, adds: &str) {
    let line = line(Location::caller().file(), why, adds);
    print!("skipped: {line}");
    if let Err(error) = record(std::env::var_os(RECORD), &line) {
        panic!("a skipped test could not be recorded in {RECORD}: {error}");
    }
}

/// Where a folder of the foreign data is.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Here(PathBuf),
    NoData,
    Incomplete,
}

fn find(root: &Path, name: &str) -> Found {
    let folder = root.join(name);
    match (root.is_dir(), folder.is_dir()) {
        (_, true) => Found::Here(folder),
        (true, false) => Found::Incomplete,
        (false, false) => Found::NoData,
    }
}

/// One line: the test's file, why it was skipped, what it adds; with tabs between.
fn line(file: &str, why: &str, adds: &str) -> String {
    let words = [file, why, adds].map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    words.join("\t") + "\n"
}

/// Appends a line in one write, because many test processes write to the file at once.
fn record(file: Option<OsString>, line: &str) -> io::Result<()> {
    let Some(file) = file.filter(|file| !file.is_empty()) else { return Ok(()) };
    OpenOptions::new().create(true).append(true).open(file)?.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_foreign_data_a_test_is_skipped_and_with_incomplete_ones_it_fails() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(find(&root.path().join("nowhere"), "tds"), Found::NoData);
        assert_eq!(find(root.path(), "tds"), Found::Incomplete);
        let tds = root.path().join("tds");
        std::fs::write(&tds, "a file is no folder").unwrap();
        assert_eq!(find(root.path(), "tds"), Found::Incomplete);
        std::fs::remove_file(&tds).unwrap();
        std::fs::create_dir(&tds).unwrap();
        assert_eq!(find(root.path(), "tds"), Found::Here(tds));
    }

    #[test]
    fn each_skipped_test_is_one_line_and_a_file_that_cannot_be_written_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("skipped");
        let path = || Some(file.clone().into_os_string());
        let lines = [line("a.rs", "no\tdata", "two\nframes"), line("b.rs", "no data", "a proof")];
        for line in &lines {
            record(path(), line).unwrap();
        }
        let expected = "a.rs\tno data\ttwo frames\nb.rs\tno data\ta proof\n";
        assert_eq!(std::fs::read_to_string(&file).unwrap(), expected);
        assert!(record(None, "nobody asked").is_ok());
        assert!(record(Some(folder.path().into()), "a folder is no file").is_err());
    }

    #[test]
    fn the_place_beside_the_repository_is_beside_its_root() {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).canonicalize().unwrap();
        let root = manifest.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
        let beside = Path::new(BESIDE).ancestors().nth(2).unwrap().canonicalize().unwrap();
        assert_eq!(root.unwrap().parent(), Some(beside.as_path()));
    }
}
