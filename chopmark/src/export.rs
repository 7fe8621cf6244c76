//! `chopmark export`: what was recorded, as a file to take home.
//!
//! The way through: the arguments become a request ([`export::Request`]) and the sizes of an earlier export, if one is named; [`export::write()`]
//! writes it under another name, which is renamed at the end; the manifest goes beside it, and a signature if that is asked for.
//!
//! What holds: there is never a part of an export under the name that was asked for; after Ctrl-C or an error nothing is left.
//!
//! Not here: what is written (`crates/export`), checking it ([`crate::verify`]).

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use access::{Act, Decision, Grant, Identity, Means, Role, Scope, Sight, decide};
use anyhow::Context as _;
use export::{Format, Job, Manifest, Options, Pins, Progress, Request, Source, signature};
use gate::read_log;
use history::Cache;
use history::directory::DirectoryCache;
use ledger::policy::Policy;
use process::config::Problems;
use process::language::Language;
use process::{Clock, Randomness};

use crate::backup::interrupt::Interrupt;
use crate::input;
use crate::owner::Place;
use crate::terminal::{self, out};

/// How the database names its connections.
const APPLICATION: &str = "chopmark export";
/// Memory for what bundles of a pack have in common.
const CACHE_BYTES: usize = 64 << 20;

/// What to export.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The form: `fsma204-csv`, `fsma204-xlsx`, `events-csv`, `epcis-json`, `epcis-xml-1.2`, `evidence-pack` or `report-pdf`
    #[arg(long, value_parser = format)]
    format: Format,
    /// The file to write; a manifest is written beside it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The policy file: the keys that checkpoints must be signed with; it goes into evidence packs
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// A parameter of the query interface, such as `EQ_bizStep=shipping`; several must all hold
    #[arg(long, value_name = "NAME=VALUE")]
    query: Vec<String>,
    /// Events that name this item or container, in any spelling
    #[arg(long, value_name = "EPC")]
    epc: Option<String>,
    /// Events that name this lot, as an LGTIN or a Digital Link
    #[arg(long, value_name = "LOT")]
    lot: Option<String>,
    /// Events that name items of this GTIN, 14 digits
    #[arg(long, value_name = "GTIN")]
    gtin: Option<String>,
    /// Only what this party stated or is named in; all else counts as hidden
    #[arg(long, value_name = "PGLN")]
    party: Option<String>,
    /// Events that happened at this time or later, such as `2026-11-01T00:00:00Z`
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Events that happened before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// CSV begins with a byte-order mark, for spreadsheets that take it for another encoding otherwise
    #[arg(long)]
    bom: bool,
    /// Most items of an evidence pack, each with its bundle
    #[arg(long, value_name = "N", default_value_t = Options::default().most_items)]
    most_items: u64,
    /// The manifest of an earlier export: the new one is made at the same sizes of the ledgers
    #[arg(long, value_name = "FILE")]
    as_of: Option<PathBuf>,
    /// Origin of the hub whose entries and anchor bundles have. Default: the only hub there is
    #[arg(long, value_name = "ORIGIN")]
    hub: Option<String>,
    /// The language of a report: `en` or `zh`
    #[arg(long, value_parser = language, default_value = "en")]
    language: Language,
    /// Address of a page that verifies bundles; a report has it as a code
    #[arg(long, value_name = "URL")]
    verifier: Option<String>,
    /// Signs the file: origin of a `[[ledger]]` of kind `audit` in the configuration file, whose keys sign. The signature goes beside the file
    #[arg(long, value_name = "ORIGIN")]
    sign: Option<String>,
    /// Replaces the file if it is there
    #[arg(long)]
    force: bool,
}

fn format(text: &str) -> Result<Format, String> {
    let names = || Format::ALL.map(Format::name).join(", ");
    Format::from_name(text).ok_or_else(|| format!("expected one of {}", names()))
}

fn language(text: &str) -> Result<Language, String> {
    match text {
        "en" => Ok(Language::English),
        "zh" => Ok(Language::Chinese),
        _ => Err("expected en or zh".to_owned()),
    }
}

impl Arguments {
    /// The parameters of the query.
    fn pairs(&self) -> anyhow::Result<Vec<(String, String)>> {
        let mut pairs = Vec::new();
        for text in &self.query {
            let pair = text.split_once('=');
            let (name, value) =
                pair.with_context(|| format!("--query: got `{text}`, expected NAME=VALUE"))?;
            pairs.push((name.to_owned(), value.to_owned()));
        }
        if let Some(gtin) = &self.gtin {
            let is_gtin =
                gtin.len() == 14 && epc::has_gs1_key(&format!("https://id.gs1.org/01/{gtin}"));
            anyhow::ensure!(
                is_gtin,
                "--gtin: got `{gtin}`, expected 14 digits with their check digit"
            );
        }
        let class = self.gtin.as_ref().map(|gtin| format!("https://id.gs1.org/01/{gtin}"));
        let shortened = [
            ("MATCH_anyEPC", self.epc.clone()),
            ("MATCH_anyEPC", class),
            ("MATCH_anyEPCClass", self.lot.clone()),
            ("GE_eventTime", self.from.clone()),
            ("LT_eventTime", self.until.clone()),
        ];
        for (name, value) in shortened {
            pairs.extend(value.map(|value| (name.to_owned(), value)));
        }
        Ok(pairs)
    }

    /// What the owner of the database sees: everything, or what concerns one party.
    fn sight(&self) -> anyhow::Result<Sight> {
        let scope = match &self.party {
            Some(party) => Scope::default().with_party(party)?,
            None => Scope::default(),
        };
        let grants = vec![Grant::new(Role::Operator, scope, None)?];
        let identity = Identity { subject: "owner".to_owned(), means: Means::Session, grants };
        match decide(Some(&identity), Act::QueryEvents, Clock::system().now()) {
            Decision::Allowed(sight) => Ok(sight),
            Decision::Refused { why, .. } => anyhow::bail!("{why}"),
        }
    }

    fn request(&self) -> anyhow::Result<Request> {
        let options = Options {
            has_mark: self.bom,
            most_items: self.most_items,
            language: self.language,
            verifier: self.verifier.clone(),
        };
        Ok(Request::new(&self.pairs()?, self.sight()?, self.format, options)?)
    }
}

/// A file that is removed unless it was finished.
struct Unfinished {
    path: PathBuf,
    is_finished: bool,
}

impl Unfinished {
    /// Beside `path`.
    fn of(path: &Path) -> anyhow::Result<Self> {
        let name = path.file_name().with_context(|| {
            format!("--out: got {}, expected the name of a file", path.display())
        })?;
        let name = format!(".{}.unfinished", name.to_string_lossy());
        Ok(Self { path: path.with_file_name(name), is_finished: false })
    }

    fn finish(mut self, path: &Path) -> anyhow::Result<()> {
        fs::rename(&self.path, path)
            .with_context(|| format!("could not rename {}", self.path.display()))?;
        self.is_finished = true;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_finished {
            // There may be none yet.
            let _removed = fs::remove_file(&self.path);
        }
    }
}

/// Where the manifest of a file is: beside it.
pub fn manifest_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".manifest.json");
    PathBuf::from(name)
}

/// Where the signature of a file is: beside it.
fn signature_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

/// Exports.
///
/// # Errors
///
/// If the request cannot be understood, the database not be read or the file not be written.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let request = arguments.request()?;
    let policy_text = input::text(&arguments.policy)?;
    let policy: Policy = policy_text
        .parse()
        .with_context(|| format!("{} is not a usable policy", input::name(&arguments.policy)))?;
    let pins = match &arguments.as_of {
        Some(path) => Some(
            Manifest::pins(&input::bytes(path)?)
                .with_context(|| format!("--as-of {}", input::name(path)))?,
        ),
        None => None,
    };
    let signer = signer(arguments)?;
    let is_there = arguments.out.exists() && !arguments.force;
    anyhow::ensure!(!is_there, "{} is there; --force replaces it", arguments.out.display());
    let unfinished = Unfinished::of(&arguments.out)?;
    let interrupt = Interrupt::listen()?;
    let written = interrupt.block_on(async {
        let open = arguments.place.open(APPLICATION).await?;
        let mut file = File::create(&unfinished.path)
            .with_context(|| format!("could not create {}", unfinished.path.display()))?;
        let current = DirectoryCache::new(policy.clone()).current(&open.db).await;
        if let Some(problem) = &current.problem {
            anyhow::bail!("the directory that the policy pins cannot be used: {problem}");
        }
        let hub = hub(&open.db, arguments.hub.as_deref()).await?;
        let source = Source {
            db: &open.db,
            policy_text: &policy_text,
            current: &current,
            hub: hub.as_deref(),
            cache: &Cache::new(CACHE_BYTES),
            pins: pins.as_ref(),
        };
        let manifest = written(&source, &request, &mut file).await?;
        file.sync_all().context("could not write the file to disk")?;
        let signature = match &signer {
            Some(read_log::Settings { origin, keys, .. }) => {
                let random = Randomness::system();
                Some(signature::sign(&open.db, origin, keys, &manifest, random.source()).await?)
            }
            None => None,
        };
        Ok((manifest, signature))
    });
    if terminal::is_watched() {
        terminal::status("");
    }
    let (manifest, signature) = written?;
    finish(arguments, &manifest, unfinished, pins.as_ref())?;
    if let Some(signature) = signature {
        let path = signature_path(&arguments.out);
        fs::write(&path, signature)
            .with_context(|| format!("could not write {}", path.display()))?;
        out!("  signature: {}", path.display());
    }
    Ok(ExitCode::from(u8::from(manifest.counts.broken > 0)))
}

/// The ledger whose keys sign, if one was named.
fn signer(arguments: &Arguments) -> anyhow::Result<Option<read_log::Settings>> {
    let Some(origin) = &arguments.sign else { return Ok(None) };
    let installation = arguments.place.installation()?;
    Ok(read_log::settings(&installation, "--sign", Some(origin)).map_err(Problems::from)?)
}

async fn written(
    source: &Source<'_>,
    request: &Request,
    file: &mut File,
) -> anyhow::Result<Manifest> {
    let mut progress = |progress: Progress| show(progress);
    let job = Job { progress: &mut progress, cancel: &AtomicBool::new(false) };
    Ok(export::write(source, request, file, job).await?)
}

/// The hub that was named, or the only one.
async fn hub(db: &sql::Db, named: Option<&str>) -> anyhow::Result<Option<String>> {
    let ledgers = sql::ledgers::list_ledgers(db).await?;
    let mut hubs = ledgers.into_iter().filter(|row| row.kind == "hub").map(|row| row.origin);
    if let Some(named) = named {
        let found = hubs.find(|origin| origin == named);
        return Ok(Some(found.with_context(|| format!("--hub: there is no hub `{named}`"))?));
    }
    let only = hubs.next();
    anyhow::ensure!(hubs.next().is_none(), "there are several hubs; name one with --hub");
    Ok(only)
}

fn finish(
    arguments: &Arguments,
    manifest: &Manifest,
    unfinished: Unfinished,
    pins: Option<&Pins>,
) -> anyhow::Result<()> {
    let path = &arguments.out;
    unfinished.finish(path)?;
    let beside = manifest_path(path);
    fs::write(&beside, manifest.to_json().canonical() + "\n")
        .with_context(|| format!("could not write {}", beside.display()))?;
    let counts = &manifest.counts;
    out!("{}: {} events, {} rows", path.display(), counts.events, counts.rows);
    if let Some((bytes, sha256)) = &manifest.file {
        out!("  {bytes} bytes, SHA-256 {sha256}");
    }
    out!("  export {}", manifest.id);
    let of = if pins.is_some() { " (those of the earlier export)" } else { "" };
    out!("  sizes and roots of the ledgers{of}: {}", beside.display());
    for (count, what) in [
        (counts.hidden, "events are hidden by scope"),
        (counts.outside_layout, "events have no row in this layout"),
        (counts.left_out_count, "details cannot be said in this format; the manifest names them"),
        (counts.broken, "records do not fit their ledger and were left out: run chopmark audit"),
    ] {
        if count > 0 {
            out!("  {count} {what}");
        }
    }
    Ok(())
}

/// How far it is, on a line of the terminal.
fn show(progress: Progress) {
    if !terminal::is_watched() {
        return;
    }
    let Progress { looked_at, total, rows } = progress;
    let share = total.and_then(|total| (looked_at.min(total) * 100).checked_div(total));
    let share = share.map_or_else(String::new, |share| format!("{share} %  "));
    terminal::status(&format!("{share}{looked_at} events looked at, {rows} rows written"));
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn parsed(more: &[&str]) -> Arguments {
        let words = ["export", "--format", "fsma204-csv", "--out", "x.csv", "--policy", "p.txt"];
        Line::parse_from(words.iter().chain(more)).arguments
    }

    #[test]
    fn options_are_parameters_of_the_query_interface() {
        let item = "urn:epc:id:sgtin:4012345.011111.9876";
        let arguments = parsed(&[
            "--epc",
            item,
            "--gtin",
            "04012345111118",
            "--from",
            "2026-11-01T00:00:00Z",
            "--query",
            "EQ_bizStep=shipping",
        ]);
        let pairs = arguments.pairs().unwrap();
        let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["EQ_bizStep", "MATCH_anyEPC", "MATCH_anyEPC", "GE_eventTime"]);
        assert!(arguments.request().is_err(), "a parameter that stands there twice is refused");
        assert!(parsed(&["--lot", "urn:epc:class:lgtin:4012345.011111.L1"]).request().is_ok());
        for (option, value) in
            [("--gtin", "123"), ("--query", "x"), ("--from", "monday"), ("--party", "me")]
        {
            assert!(parsed(&[option, value]).request().is_err(), "{option} {value}");
        }
    }

    #[test]
    fn of_an_export_that_does_not_end_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let left = || fs::read_dir(folder.path()).unwrap().count();
        let unfinished = Unfinished::of(&path).unwrap();
        fs::write(&unfinished.path, "half").unwrap();
        assert_eq!((left(), path.exists()), (1, false));
        drop(unfinished);
        assert_eq!(left(), 0);
        let unfinished = Unfinished::of(&path).unwrap();
        fs::write(&unfinished.path, "whole").unwrap();
        unfinished.finish(&path).unwrap();
        assert_eq!((left(), fs::read_to_string(&path).unwrap()), (1, "whole".to_owned()));
        assert_eq!(manifest_path(&path), folder.path().join("out.csv.manifest.json"));
    }

    #[test]
    fn every_form_has_a_name_that_is_understood() {
        for known in Format::ALL {
            assert_eq!(format(known.name()), Ok(known));
        }
        assert!(format("pdf").unwrap_err().contains("evidence-pack"));
    }
}
