//! The reader of codes for browsers that have none: two files of the npm package `zxing-wasm`, installed beside this program and served from here.
//!
//! The way through: [`Found::in_folder`] reads the files when the configuration is resolved; the start page names them ([`Scanner::links`]), and
//! [`Scanner::part`] gives one for its address.
//!
//! What holds:
//!
//! - what is served has the SHA-256 that `trace-api/scanner/SHA256SUMS` of this build pins; if one file is missing or differs, none is served
//!   and the start page is as it is without them;
//! - an address names the content, as those of other assets do ([`crate::assets`]), and the page gives the browser the hash to compare with;
//! - each is compressed once, when the first is asked for.
//!
//! Not here: how the page uses them (`pages/codes.js`), the content policy that lets it ([`crate::http::guard`]).
//!
//! Sources: docs/decisions/0099-a-scanner-that-is-installed.md; W3C Subresource Integrity.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ledger::hash::sha256;

use crate::compressed;

/// Hashes and paths, as `sha256sum` writes them.
const PINNED: &str = include_str!("../scanner/SHA256SUMS");
/// Where the files are among the assets.
pub const FOLDER: &str = "scanner";
/// What each file is: the end of its path, its media type.
const KINDS: [(&str, &str); 2] =
    [("js", "text/javascript; charset=utf-8"), ("wasm", "application/wasm")];
/// Digits of the hash in an address.
const DIGITS: usize = 16;
/// Longest file that is read; the largest that is pinned has a third of it.
const MOST_BYTES: u64 = 3_000_000;

/// One of the files.
#[derive(Debug)]
pub struct Part {
    /// Its name: hash and ending.
    pub name: String,
    /// Media type.
    pub media_type: &'static str,
    /// Its content.
    pub body: Vec<u8>,
    brotli: OnceLock<Vec<u8>>,
    integrity: String,
}

/// The files.
#[derive(Debug)]
pub struct Scanner {
    script: Part,
    module: Part,
}

/// Addresses and hashes of the files, for the page that loads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// Path of the script.
    pub script: String,
    /// Its hash, as a browser compares it.
    pub script_integrity: String,
    /// Path of the WebAssembly module.
    pub module: String,
    /// Its hash.
    pub module_integrity: String,
}

/// What was found where the configuration says that the files are.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The files, if all are as pinned.
    pub scanner: Option<Arc<Scanner>>,
    /// What is wrong with them.
    pub faults: Vec<String>,
}

impl Found {
    /// Reads the files in a folder that has the npm package as npm unpacks it.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        let parts = KINDS.map(|(ending, media_type)| Part::read(folder, ending, media_type));
        let faults = parts.iter().filter_map(|part| part.as_ref().err().cloned()).collect();
        let scanner = match parts {
            [Ok(script), Ok(module)] => Some(Arc::new(Scanner { script, module })),
            _ => None,
        };
        Self { scanner, faults }
    }

    /// Logs what is wrong.
    pub(crate) fn log(&self) {
        for fault in &self.faults {
            tracing::error!(
                "the scanner of the start page is not served: {fault}; the page reads codes with the browser's own reader where it has one"
            );
        }
    }
}

impl Scanner {
    /// What the page names.
    #[must_use]
    pub fn links(&self) -> Links {
        Links {
            script: self.script.path(),
            script_integrity: self.script.integrity.clone(),
            module: self.module.path(),
            module_integrity: self.module.integrity.clone(),
        }
    }

    /// The file of a name.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&Part> {
        [&self.script, &self.module].into_iter().find(|part| part.name == name)
    }
}

impl Part {
    /// Reads the one pinned file with this ending.
    fn read(folder: &Path, ending: &str, media_type: &'static str) -> Result<Self, String> {
        let (expected, path) =
            pinned(ending).ok_or_else(|| format!("no file .{ending} is pinned"))?;
        let path = folder.join(path);
        let said = |error: std::io::Error| format!("{}: {error}", path.display());
        let mut body = Vec::new();
        let file = File::open(&path).map_err(said)?;
        file.take(MOST_BYTES).read_to_end(&mut body).map_err(said)?;
        let hash = sha256(&body);
        let got = hash.to_string();
        if got != expected {
            return Err(format!("{}: got SHA-256 {got}, expected {expected}", path.display()));
        }
        let digits: String = got.chars().take(DIGITS).collect();
        Ok(Self {
            name: format!("{digits}.{ending}"),
            media_type,
            body,
            brotli: OnceLock::new(),
            integrity: format!("sha256-{}", BASE64.encode(hash.as_bytes())),
        })
    }

    /// Its address.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/assets/{FOLDER}/{}", self.name)
    }

    /// The same, compressed with Brotli; the first call takes a few tenths of a second.
    #[must_use]
    pub fn brotli(&self) -> &[u8] {
        self.brotli.get_or_init(|| compressed::smallest(&self.body))
    }
}

/// Hash and path of the pinned file with this ending.
fn pinned(ending: &str) -> Option<(&'static str, &'static str)> {
    let lines = PINNED.lines().filter_map(|line| line.split_once("  "));
    lines.into_iter().find(|(_, path)| path.rsplit('.').next() == Some(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The package, where setup installed it.
    fn installed() -> std::path::PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scanner/node_modules/zxing-wasm");
        assert!(folder.is_dir(), "zxing-wasm is needed; `make setup` gets it");
        folder
    }

    /// A copy that a test may change.
    fn copy() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (ending, _) in KINDS {
            let (_, path) = pinned(ending).unwrap();
            let to = folder.path().join(path);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(installed().join(path), to).unwrap();
        }
        folder
    }

    #[test]
    fn what_setup_installs_is_what_is_pinned() {
        let found = Found::in_folder(&installed());
        assert_eq!(found.faults, Vec::<String>::new());
        let scanner = found.scanner.unwrap();
        let links = scanner.links();
        for (path, integrity) in
            [(&links.script, &links.script_integrity), (&links.module, &links.module_integrity)]
        {
            let name = path.strip_prefix("/assets/scanner/").unwrap();
            let part = scanner.part(name).unwrap();
            let expected = format!("sha256-{}", BASE64.encode(sha256(&part.body).as_bytes()));
            assert_eq!(*integrity, expected);
            let mut out = Vec::new();
            brotli::BrotliDecompress(&mut part.brotli(), &mut out).unwrap();
            assert!(out == part.body && part.brotli().len() < 400_000, "{}", part.brotli().len());
        }
        assert!(scanner.part("0000000000000000.wasm").is_none());
    }

    #[test]
    fn a_file_that_differs_in_one_bit_or_is_missing_or_endless_stops_all_of_it() {
        for (ending, _) in KINDS {
            let folder = copy();
            assert!(Found::in_folder(folder.path()).scanner.is_some());
            let path = folder.path().join(pinned(ending).unwrap().1);
            let mut body = std::fs::read(&path).unwrap();
            *body.last_mut().unwrap() ^= 1;
            std::fs::write(&path, &body).unwrap();
            let found = Found::in_folder(folder.path());
            assert!(found.scanner.is_none());
            assert!(found.faults[0].contains(": got SHA-256 "), "{:?}", found.faults);
            std::fs::remove_file(&path).unwrap();
            let found = Found::in_folder(folder.path());
            assert!(found.scanner.is_none() && found.faults.len() == 1, "{:?}", found.faults);
            std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
            let found = Found::in_folder(folder.path());
            assert!(found.faults[0].contains("got SHA-256 "), "{:?}", found.faults);
        }
    }
}
