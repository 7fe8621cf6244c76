//! `chopmark event`: prints the event hash of the Core Business Vocabulary.
//!
//! Not here: validation, conversion from XML and hashing (`epcis`).

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use epcis::hash::{Dialect, event_hash, pre_hash};
use epcis::{Document, Violation, xml};

use crate::terminal::{out, problem};

/// Subcommands of `chopmark event`.
#[derive(Subcommand)]
pub enum Command {
    /// Prints the event hash of every event in an EPCIS file: JSON of version 2.0, XML of version 1.2 or 2.0
    ///
    /// The hash is a derived identifier: two dialects give two hashes, and no ledger depends on it.
    ///
    /// Examples:
    ///   chopmark event hash shipment.jsonld --pre-hash
    ///   chopmark event hash - < shipment.xml
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
    },
}

/// Runs the command.
///
/// # Errors
///
/// If the file cannot be read. An invalid document is not an error: its violations are printed, and the exit code
/// is 1.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let Command::Hash { file, dialect, pre_hash: show } = command;
    let name = if is_standard_input(file) {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    };
    let bytes = read(file).with_context(|| format!("could not read {name}"))?;
    let document = match document(&bytes) {
        Ok(document) => document,
        Err(refused) => {
            problem!("{name} is not {}:", refused.expected);
            for violation in &refused.violations {
                problem!("  {}", refused.line(violation));
            }
            let Some(document) = refused.document else { return Ok(ExitCode::from(1)) };
            problem!("its events are hashed as they stand; capture would refuse them");
            document
        }
    };
    for event in document.events() {
        if *show {
            out!("{}", pre_hash(event, *dialect)?);
        }
        out!("{}", event_hash(event, *dialect)?);
    }
    Ok(ExitCode::SUCCESS)
}

fn is_standard_input(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// The bytes of the file, as far as the limit of a document and one byte more.
fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let limit = u64::try_from(xml::Limits::default().max_bytes).unwrap_or(u64::MAX) + 1;
    let mut bytes = Vec::new();
    if is_standard_input(file) {
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
    /// What can be hashed of it all the same: events with type and time.
    document: Option<Document>,
}

impl Refused {
    fn new(expected: &'static str, violations: Vec<Violation>) -> Self {
        Self { expected, violations, lines: Vec::new(), document: None }
    }

    /// A violation as one line: place, problem, value, what was expected; in XML with the line of the event.
    fn line(&self, violation: &Violation) -> String {
        let Violation { pointer, value, problem, expected } = violation;
        let event = pointer.split("/eventList/").nth(1).and_then(|rest| rest.split('/').next());
        let event = event.and_then(|place| place.parse::<usize>().ok());
        // Without a document all pointers are those of the one event.
        let event = event.or((self.lines.len() == 1 && !pointer.is_empty()).then_some(0));
        let line = event.and_then(|event| self.lines.get(event));
        let line = line.map_or_else(String::new, |line| format!(" (event from line {line} on)"));
        format!("{pointer}{line}: {problem}, got `{value}`, expected {expected}")
    }
}

/// The document in `bytes`: XML if it starts with `<`, otherwise JSON.
fn document(bytes: &[u8]) -> Result<Document, Refused> {
    const JSON: &str = "a valid EPCIS 2.0 document in JSON";
    const XML: &str = "a valid EPCIS document in XML";
    if xml::is_xml(bytes) {
        let converted = xml::parse(bytes, &xml::Limits::default())
            .map_err(|violations| Refused::new(XML, violations))?;
        return Document::parse(converted.json.canonical().as_bytes()).map_err(|violations| {
            let document = Document::unchecked(converted.json);
            Refused { lines: converted.event_lines, document, ..Refused::new(XML, violations) }
        });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match bytes.trim_ascii_start().first() {
        Some(b'{' | b'[') => Document::parse(bytes).map_err(|violations| {
            let json = ledger::json::parse(bytes, &ledger::json::Limits::default()).ok();
            let document = json.and_then(Document::unchecked);
            Refused { document, ..Refused::new(JSON, violations) }
        }),
        _ => Err(neither(bytes)),
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
