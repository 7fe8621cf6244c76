//! `chopmark labels`: labels of new items, or of a list of serials, for printers and converters.
//!
//! The way through: serials are drawn or read, each becomes a label (`labels::Label`), and all of them are written to one file.
//!
//! What holds: every label is made before a file is written, which must not exist yet; new serials are always kept as CSV too; a serial that cannot be printed or encoded is
//! reported with its line, and nothing is written.
//!
//! Not here: commissioning. A label that was printed is no item yet: the event `commissioning` makes it one, and a serial that was never
//! commissioned is REJECTED when it is scanned.

use std::collections::{BTreeSet, HashSet};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use access::hidden_code::HiddenCodeKey;
use access::{LEAST_TOKEN_KEY, TokenKey};
use anyhow::{Context as _, bail, ensure};
use clap::ValueEnum;
use labels::sheet::{SHEETS, Sheet};
use labels::zpl::Layout;
use labels::{ChipEncoding, Label, MOST_SERIALS, Wanted, csv, serials, sheet, zpl};
use process::Randomness;
use process::config::Installation;

use crate::input;
use crate::terminal::{out, problem};

/// The largest version of a code that phones read well at the size of a small label.
const GOOD_VERSION: u8 = 4;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// ZPL II: codes and chips, for a printer with an encoder
    Zpl,
    /// PDF: codes, for sheets of labels
    Pdf,
    /// CSV: GTIN, serial, link, EPC in hex
    Csv,
}

/// Arguments of `chopmark labels`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The product, 8 to 14 digits
    #[arg(long)]
    gtin: String,
    /// Draws that many new serials at random: from one nobody can tell another, nor how many there are
    #[arg(
        long,
        value_name = "NUMBER",
        required_unless_present = "serials",
        conflicts_with = "serials"
    )]
    count: Option<usize>,
    /// Digits of a new serial, 4 to 11
    #[arg(long, default_value_t = 11)]
    digits: u32,
    /// Files of serials that were used before, one a line, or CSV that this command wrote; new ones are none of them
    #[arg(long, value_name = "FILE")]
    taken: Vec<PathBuf>,
    /// File of the serials to print, one a line, instead of new ones; - for standard input
    #[arg(long, value_name = "FILE")]
    serials: Option<PathBuf>,
    /// What is written
    #[arg(long, value_enum)]
    format: Format,
    /// The new file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Address before the keys; without it `public_url` of `[trace_api]` in the configuration file
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The configuration file, for the address
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
    config: PathBuf,
    /// File with the secret of the product's tokens (`token_key` of `[[trace_api.product]]`): each code gets the token of its item,
    /// without which trace-api shows nothing of it
    #[arg(long, value_name = "FILE")]
    token_key: Option<PathBuf>,
    /// File with the secret of the product's hidden codes (`code_key` of `[[trace_api.product]]`): each label gets the code of its item in
    /// plain text, to be covered by a scratch layer; CSV gets a column `hidden_code`, and the list of serials beside ZPL and PDF none
    #[arg(long, value_name = "FILE")]
    code_key: Option<PathBuf>,
    /// Your GS1 company prefix, 6 to 12 digits; needed for sgtin-96 and sgtin-198, which state its length
    #[arg(long, value_name = "DIGITS")]
    prefix: Option<String>,
    /// How chips are written: sgtin-96, sgtin-198 or sgtin+ (TDS 2)
    #[arg(long, value_name = "NAME", default_value = "sgtin-96", value_parser = chip)]
    chip: ChipEncoding,
    /// Filter value of chips, 0 to 7: 1 item, 2 case, 6 unit load
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=7))]
    filter: u8,
    /// ZPL: prints codes and writes no chips
    #[arg(long)]
    no_chip: bool,
    /// ZPL: reads the chip's own number (TID) and sends it back with the serial
    #[arg(long)]
    tid: bool,
    /// ZPL: width of a label in millimetres
    #[arg(long, value_name = "MM", default_value_t = 70)]
    width: u16,
    /// ZPL: height of a label in millimetres
    #[arg(long, value_name = "MM", default_value_t = 25)]
    height: u16,
    /// ZPL: dots a millimetre: 8 (203 dpi), 12 (300 dpi) or 24 (600 dpi)
    #[arg(long, value_name = "NUMBER", default_value_t = 8)]
    dots: u16,
    /// PDF: a4-24 (70 x 37 mm), a4-65 (38.1 x 21.2 mm) or a4-14 (99.1 x 38.1 mm); print at actual size
    #[arg(long, value_name = "NAME", default_value = "a4-24", value_parser = sheet_of)]
    sheet: Sheet,
}

fn chip(name: &str) -> Result<ChipEncoding, String> {
    let expected = || format!("got `{name}`, expected sgtin-96, sgtin-198 or sgtin+");
    ChipEncoding::from_name(name).ok_or_else(expected)
}

fn sheet_of(name: &str) -> Result<Sheet, String> {
    let known = SHEETS.map(|sheet| sheet.name).join(", ");
    Sheet::from_name(name).ok_or_else(|| format!("got `{name}`, expected one of {known}"))
}

/// Runs the command.
///
/// # Errors
///
/// If a file cannot be read or written, an argument is wrong, or the system gives no random bytes.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let layout = layout(arguments)?;
    let serials = match &arguments.serials {
        Some(path) => listed(path)?,
        None => drawn(arguments)?,
    };
    let wanted = Wanted {
        base: base(arguments)?,
        gtin: arguments.gtin.clone(),
        company_prefix: arguments.prefix.clone(),
        encoding: arguments.chip,
        filter: arguments.filter,
    };
    let tokens =
        arguments.token_key.as_deref().map(|path| key(path, TokenKey::read)).transpose()?;
    let codes = arguments.code_key.as_deref();
    let codes = codes.map(|path| key(path, HiddenCodeKey::read)).transpose()?;
    let mut made = Vec::with_capacity(serials.len());
    let mut wrong = 0;
    for (line, serial) in (1..).zip(&serials) {
        let label = Label::of(&wanted, serial).and_then(|label| {
            let hidden = codes.as_ref().map(|key| key.code(&label.link));
            let label = match &tokens {
                Some(key) => {
                    let token = key.token(&label.link);
                    label.with_token(&token)?
                }
                None => label,
            };
            Ok(match hidden {
                Some(code) => label.with_hidden(code),
                None => label,
            })
        });
        match label {
            Ok(label) => made.push(label),
            Err(error) => {
                problem!("label {line}: {error}");
                wrong += 1;
                ensure!(wrong < 10, "got 10 labels that cannot be made; nothing was written");
            }
        }
    }
    ensure!(wrong == 0, "got {wrong} labels that cannot be made; nothing was written");
    let list = kept(arguments);
    if let Some(list) = &list {
        write(list, &table(&made))?;
    }
    write(&arguments.out, &document(arguments, layout, &made))?;
    summary(arguments, &made, list.as_deref());
    Ok(ExitCode::SUCCESS)
}

fn layout(arguments: &Arguments) -> anyhow::Result<Layout> {
    let layout = Layout {
        width_mm: arguments.width,
        height_mm: arguments.height,
        dots_per_mm: arguments.dots,
        writes_chip: !arguments.no_chip,
        reads_tid: arguments.tid,
    };
    let Layout { width_mm, height_mm, dots_per_mm, .. } = layout;
    ensure!(
        layout.fits(),
        "got a label of {width_mm} x {height_mm} mm with {dots_per_mm} dots a millimetre, expected at least 14 x 14 mm with 8, 12 or 24: \
         a code has 10 mm, and 2 mm of white around it"
    );
    Ok(layout)
}

fn base(arguments: &Arguments) -> anyhow::Result<String> {
    if let Some(url) = &arguments.url {
        let is_web = ["https://", "http://"]
            .iter()
            .any(|scheme| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
        ensure!(is_web, "--url: got `{url}`, expected an address such as https://id.example.com");
        return Ok(url.clone());
    }
    let installation = Installation::read(&arguments.config)?;
    let Some(section) = &installation.trace_api else {
        bail!(
            "{} has no [trace_api] with `public_url`, expected it, or --url",
            arguments.config.display()
        );
    };
    Ok(section.public_url.clone())
}

/// The key in a file.
fn key<K>(path: &Path, read: impl Fn(&str) -> Result<K, usize>) -> anyhow::Result<K> {
    read(&input::text(path)?).map_err(|length| {
        let name = input::name(path);
        anyhow::anyhow!("{name}: got {length} bytes, expected at least {LEAST_TOKEN_KEY}")
    })
}

/// Serials of a file: one a line, or the second column of CSV that this command wrote.
fn listed(path: &Path) -> anyhow::Result<Vec<String>> {
    let text = input::text(path)?;
    let is_own = text.starts_with(csv::HEADING.trim_end());
    let lines = text.lines().skip(usize::from(is_own)).filter(|line| !line.trim().is_empty());
    let serial = |line: &str| {
        let cell = if is_own { line.split(',').nth(1).unwrap_or_default() } else { line };
        cell.trim().to_owned()
    };
    let serials: Vec<String> = lines.map(serial).collect();
    let count = serials.len();
    ensure!(
        count <= MOST_SERIALS,
        "{}: got {count} serials, expected at most {MOST_SERIALS}",
        input::name(path)
    );
    let mut seen = HashSet::new();
    if let Some(twice) = serials.iter().find(|serial| !seen.insert(serial.as_str())) {
        bail!("{}: got the serial `{twice}` twice, expected each once", input::name(path));
    }
    Ok(serials)
}

fn drawn(arguments: &Arguments) -> anyhow::Result<Vec<String>> {
    let mut taken = BTreeSet::new();
    for path in &arguments.taken {
        taken.extend(listed(path)?);
    }
    let random = Randomness::system();
    let count = arguments.count.unwrap_or_default();
    let fill = |bytes: &mut [u8]| random.source().fill(bytes).is_ok();
    Ok(serials(count, arguments.digits, &taken, fill)?)
}

fn document(arguments: &Arguments, layout: Layout, made: &[Label]) -> Vec<u8> {
    match arguments.format {
        Format::Zpl => {
            made.iter().map(|label| zpl::label(label, layout)).collect::<String>().into()
        }
        Format::Pdf => sheet::pdf(made, &arguments.sheet),
        Format::Csv if arguments.code_key.is_some() => {
            let lines = made.iter().map(csv::line_hidden);
            let heading = csv::HEADING_HIDDEN.to_owned();
            [heading].into_iter().chain(lines).collect::<String>().into()
        }
        Format::Csv => table(made),
    }
}

fn table(made: &[Label]) -> Vec<u8> {
    let lines = made.iter().map(csv::line);
    [csv::HEADING.to_owned()].into_iter().chain(lines).collect::<String>().into()
}

/// Where new serials are kept as CSV, beside what is printed.
fn kept(arguments: &Arguments) -> Option<PathBuf> {
    let is_needed = arguments.count.is_some() && arguments.format != Format::Csv;
    let mut name = arguments.out.clone().into_os_string();
    name.push(".csv");
    is_needed.then(|| PathBuf::from(name))
}

/// Writes a file that is not there yet: labels that were printed must not be lost under others.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let failed = || format!("could not write {}", path.display());
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = file.with_context(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).with_context(failed)
}

fn summary(arguments: &Arguments, made: &[Label], list: Option<&Path>) {
    let path = arguments.out.display();
    out!("{} labels of {} in {path}", made.len(), arguments.gtin);
    let version = made.iter().map(|label| label.code.version()).max().unwrap_or(1);
    out!("  QR code: version {version}");
    if version > GOOD_VERSION {
        out!(
            "  phones read codes above version {GOOD_VERSION} badly at 10 mm: print them larger, or use a shorter address"
        );
    }
    if arguments.format == Format::Zpl && !arguments.no_chip {
        out!("  chips: {}", arguments.chip.name());
    }
    if let Some(list) = list {
        out!(
            "  serials: {}; keep it, and name it with --taken when you draw the next ones",
            list.display()
        );
    }
    out!("An item exists when its commissioning is recorded; until then its code is REJECTED.");
}
