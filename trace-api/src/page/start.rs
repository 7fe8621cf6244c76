//! The start page: what this is, and a field for a code with what was wrong with the last one.
//!
//! What holds: the field works without a script; the buttons of the camera and of the picture are hidden until a script found that something reads codes.
//!
//! Not here: what a code means ([`crate::typed`]), the scripts (`pages/scan.js`, `pages/codes.js`), the words ([`crate::words::page`]).
//!
//! Sources: docs/decisions/0088-codes-on-the-start-page.md, docs/decisions/0099-a-scanner-that-is-installed.md.

use askama::Template;
use ledger::chop_seal::ChopSeal;

use crate::assets;
use crate::frame::Frame;
use crate::language::Language;
use crate::scanner;
use crate::typed::LONGEST;
use crate::words::page::StartTexts;

/// What was entered, and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The text.
    pub typed: String,
    /// What is to be known about it; empty if nothing.
    pub note: String,
    /// A path of ours to go on to.
    pub onward: Option<String>,
}

/// A seal on the coin of the start page.
struct Stamp {
    seal: ChopSeal,
    transform: &'static str,
}

/// Where the coin is stamped.
const STAMPS: [&str; 6] = [
    "translate(138 128) rotate(-9) scale(.086) translate(-500 -500)",
    "translate(276 170) rotate(12) scale(.072) translate(-500 -500)",
    "translate(150 268) rotate(6) scale(.078) translate(-500 -500)",
    "translate(262 286) rotate(-14) scale(.058) translate(-500 -500)",
    "translate(222 82) rotate(18) scale(.05) translate(-500 -500)",
    "translate(82 208) rotate(-22) scale(.052) translate(-500 -500)",
];

#[derive(Template)]
#[template(path = "start.html")]
struct StartPage {
    frame: Frame,
    lang: Language,
    texts: StartTexts,
    stamps: Vec<Stamp>,
    entry: Entry,
    longest: usize,
    /// Path of the script for the camera.
    scan: String,
    /// What reads codes where the browser does not.
    scanner: Option<scanner::Links>,
}

/// The page at `/`, and at `/find` when a code leads nowhere.
///
/// # Errors
///
/// If the template cannot be rendered.
pub fn start(
    entry: Entry,
    scanner: Option<scanner::Links>,
    language: Language,
) -> Result<String, askama::Error> {
    let texts = StartTexts::of(language);
    // The merchants of the drawing have no keys; numbers stand for them.
    let stamp = |(number, transform): (u8, &'static str)| {
        let seal = ChopSeal::of_key(&[number; 32]);
        Stamp { seal, transform }
    };
    StartPage {
        frame: Frame::of(texts.heading, language),
        lang: language,
        texts,
        stamps: (0..).zip(STAMPS).map(stamp).collect(),
        entry,
        longest: LONGEST,
        scan: assets::path("scan.js"),
        scanner,
    }
    .render()
}
