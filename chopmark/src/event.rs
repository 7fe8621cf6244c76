//! `chopmark event`: prints the event hash of the Core Business Vocabulary; erases the content of a record (`erase`).
//!
//! Not here: validation, conversion from XML and hashing (`epcis`).

mod erase;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use epcis::hash::{Dialect, event_hash, pre_hash};
use epcis::{Document, Violation, xml};
use ledger::json::{Json, object};

use crate::terminal::{self, out, problem};
use crate::{input, tag_notes};

/// Subcommands of `chopmark event`.
#[derive(Subcommand)]
pub enum Command {
    /// Prints the event hash of every event in an EPCIS file: JSON of version 2.0, XML of version 1.2 or 2.0
    ///
    /// The hash is a derived identifier: two dialects give two hashes, and no ledger depends on it.
    ///
    /// What has no place in the hashed JSON form, such as `xsi:schemaLocation` or parts of a business document header, is named on
    /// standard error, as is what is noted of names.
    ///
    /// With --json one object: `dialect`; `events`, a list of `hash` and, with --pre-hash, `pre_hash`; `left_out` and `noted`,
    /// lists of texts; `violations`, a list of `pointer`, `line` (null in JSON), `problem`, `value`, `expected`.
    ///
    /// Exit status: 0 hashed, 1 nothing could be hashed, 2 could not run.
    ///
    /// Examples:
    ///   chopmark event hash shipment.jsonld --pre-hash
    ///   chopmark event hash - < shipment.xml
    ///   chopmark event hash shipment.xml --json
    #[command(verbatim_doc_comment)]
    Hash {
        /// A document, a query document or a bare event, in JSON-LD or XML; `-` reads standard input
        file: PathBuf,
        /// `cbv2.0-2026`, `cbv2.0-2025` or `cbv2.1-draft`
        #[arg(long, default_value_t = Dialect::default())]
        dialect: Dialect,
        /// Prints the text that is hashed as well
        #[arg(long)]
        pre_hash: bool,
        /// Prints hashes, what was left out and what is wrong as JSON
        #[arg(long)]
        json: bool,
    },
    /// Erases the content of a record, and keeps its proofs and that it was erased
    ///
    /// Two operators show their keys. The act is recorded in the log of reads that `read_log` of `[trace_api]` names, with both names and
    /// the reason, before anything is erased. Text and secret of the record are gone then, with what it was received with and what
    /// was derived of it; its leaf hash stays, and a tombstone with day and reason stands in its place. No verdict of an item that the
    /// record named is better than GAP from then on. The command says where copies are that it does not reach. See docs/erasing.md.
    ///
    /// A record that recalls, ends, describes or corrects what it names is erased only if its ledger has a later record that says the same
    /// (--restated).
    ///
    /// Run again after an interruption, it ends what was begun.
    ///
    /// With --json one object: `ledger`, `index`, `leaf`, `at`, `by`, `reason`, `log`, `log_index`, `is_new`, `removed` (counts),
    /// `exports` (list of `id`, `subject`, `until`), `cases` (numbers).
    ///
    /// Examples:
    ///   chopmark event erase shop.example/till 4711 --reason "request 12 under article 17" --key-file lee.key --key-file chen.key
    #[command(verbatim_doc_comment)]
    Erase(Box<erase::Arguments>),
}

/// What a file holds that can be hashed, and what is to be said of it.
struct Read {
    document: Option<Document>,
    /// Why it was refused, if it was.
    refused: Option<Refused>,
    /// Names that the JSON form has no place for.
    left_out: Vec<String>,
}

/// Runs the command.
///
/// # Errors
///
/// If the file cannot be read, or a record is not erased. An invalid document is not an error: its violations are printed, and the exit code
/// is 1 if none of its events could be hashed.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let (file, dialect, show, json) = match command {
        Command::Hash { file, dialect, pre_hash, json } => (file, dialect, pre_hash, json),
        Command::Erase(arguments) => return erase::run(arguments),
    };
    let name = input::name(file);
    let bytes = read(file).with_context(|| format!("could not read {name}"))?;
    let found = document(&bytes);
    let events = found.document.as_ref().map_or(&[][..], Document::events);
    let notes: Vec<String> = events.iter().flat_map(|event| notes(event.json())).collect();
    let hashes = events.iter().map(|event| {
        let text = if *show { Some(pre_hash(event, *dialect)?) } else { None };
        anyhow::Ok((event_hash(event, *dialect)?, text))
    });
    let hashes = hashes.collect::<Result<Vec<_>, _>>()?;
    if *json {
        terminal::json(&to_json(&found, &hashes, &notes, *dialect).canonical());
    } else {
        print(&found, &hashes, &notes, &name);
    }
    Ok(ExitCode::from(u8::from(found.document.is_none())))
}

fn print(found: &Read, hashes: &[(String, Option<String>)], notes: &[String], name: &str) {
    if let Some(refused) = &found.refused {
        problem!("{name} is not {}:", refused.expected);
        for violation in &refused.violations {
            problem!("  {}", refused.text(violation));
        }
        if found.document.is_some() {
            problem!("its events are hashed as they stand; capture would refuse them");
        }
    }
    if !found.left_out.is_empty() {
        problem!(
            "left out, because the JSON form has no place for it: {}",
            found.left_out.join(", ")
        );
    }
    for note in notes {
        problem!("noted: {note}");
    }
    for (hash, text) in hashes {
        if let Some(text) = text {
            out!("{text}");
        }
        out!("{hash}");
    }
}

fn to_json(
    found: &Read,
    hashes: &[(String, Option<String>)],
    notes: &[String],
    dialect: Dialect,
) -> Json {
    let text = |text: &str| Json::from(text);
    let texts = |all: &[String]| Json::Array(all.iter().map(|one| text(one)).collect());
    let events = hashes.iter().map(|(hash, pre_hash)| {
        let pre_hash = pre_hash.as_deref().map(|pre_hash| ("pre_hash", text(pre_hash)));
        object([("hash", text(hash))].into_iter().chain(pre_hash))
    });
    let violations = found.refused.iter().flat_map(|refused| {
        refused.violations.iter().map(|violation| {
            let line = refused.line(violation).map(u64::from);
            object([
                ("pointer", text(&violation.pointer)),
                ("line", line.map_or(Json::Null, Json::from)),
                ("problem", text(&violation.problem)),
                ("value", text(&violation.value)),
                ("expected", text(&violation.expected)),
            ])
        })
    });
    object([
        ("dialect", text(&dialect.to_string())),
        ("events", Json::Array(events.collect())),
        ("left_out", texts(&found.left_out)),
        ("noted", texts(notes)),
        ("violations", Json::Array(violations.collect())),
    ])
}

/// What is noted of the names in an event.
fn notes(json: &Json) -> Vec<String> {
    match json {
        Json::String(text) => tag_notes::of_container(text).into_iter().collect(),
        Json::Array(items) => items.iter().flat_map(notes).collect(),
        Json::Object(members) => members.iter().flat_map(|(_, value)| notes(value)).collect(),
        _ => Vec::new(),
    }
}

/// The bytes of the file, as far as the limit of a document and one byte more.
fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let limit = u64::try_from(xml::Limits::default().max_bytes).unwrap_or(u64::MAX) + 1;
    let mut bytes = Vec::new();
    if input::is_standard(file) {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(file)?.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Why a file was refused.
struct Refused {
    expected: &'static str,
    violations: Vec<Violation>,
    /// The line of each event, if the file is XML.
    lines: Vec<u32>,
}

impl Refused {
    fn new(expected: &'static str, violations: Vec<Violation>) -> Self {
        Self { expected, violations, lines: Vec::new() }
    }

    /// The line in which the event of a violation begins, in XML.
    fn line(&self, violation: &Violation) -> Option<u32> {
        let pointer = &violation.pointer;
        let event = pointer.split("/eventList/").nth(1).and_then(|rest| rest.split('/').next());
        let event = event.and_then(|place| place.parse::<usize>().ok());
        // Without a document all pointers are those of the one event.
        let event = event.or((self.lines.len() == 1 && !pointer.is_empty()).then_some(0));
        event.and_then(|event| self.lines.get(event)).copied()
    }

    /// A violation as one line: place, problem, value, what was expected; in XML with the line of the event.
    fn text(&self, violation: &Violation) -> String {
        let Violation { pointer, value, problem, expected } = violation;
        let line = self.line(violation);
        let line = line.map_or_else(String::new, |line| format!(" (event from line {line} on)"));
        format!("{pointer}{line}: {problem}, got `{value}`, expected {expected}")
    }
}

/// The document in `bytes`: XML if it starts with `<`, otherwise JSON. Of a document that is refused, events with type and time
/// can be hashed all the same.
fn document(bytes: &[u8]) -> Read {
    const JSON: &str = "a valid EPCIS 2.0 document in JSON";
    const XML: &str = "a valid EPCIS document in XML";
    let refused = |refused, document| Read { document, refused: Some(refused), left_out: vec![] };
    let read = |document| Read { document: Some(document), refused: None, left_out: vec![] };
    if xml::is_xml(bytes) {
        let converted = match xml::parse(bytes, &xml::Limits::default()) {
            Ok(converted) => converted,
            Err(violations) => return refused(Refused::new(XML, violations), None),
        };
        let left_out = converted.left_out;
        let found = match Document::parse(converted.json.canonical().as_bytes()) {
            Ok(document) => read(document),
            Err(violations) => {
                let lines = converted.event_lines;
                let document = Document::unchecked(converted.json);
                refused(Refused { lines, ..Refused::new(XML, violations) }, document)
            }
        };
        return Read { left_out, ..found };
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match bytes.trim_ascii_start().first() {
        Some(b'{' | b'[') => match Document::parse(bytes) {
            Ok(document) => read(document),
            Err(violations) => {
                let json = ledger::json::parse(bytes, &ledger::json::Limits::default()).ok();
                refused(Refused::new(JSON, violations), json.and_then(Document::unchecked))
            }
        },
        _ => refused(neither(bytes), None),
    }
}

/// A file that is neither JSON nor XML.
fn neither(bytes: &[u8]) -> Refused {
    let start = bytes.get(..bytes.len().min(16)).unwrap_or_default();
    let is_utf16 = matches!(start, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    let problem = if is_utf16 {
        "is UTF-16".to_owned()
    } else if bytes.is_empty() {
        "is empty".to_owned()
    } else {
        "is neither JSON nor XML".to_owned()
    };
    let violation = Violation {
        pointer: "the file".to_owned(),
        value: String::from_utf8_lossy(start).into_owned(),
        problem,
        expected: "UTF-8 that starts with `{` (JSON) or `<` (XML)".to_owned(),
    };
    Refused::new("a document of EPCIS", vec![violation])
}
