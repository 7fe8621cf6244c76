//! `chopmark master`: the operator's own names of parties, places, products and lots, and what partners say.
//!
//! The way through: `import` reads a file (`file.rs`), checks all of it, and stores it in one transaction; `list` and `show` print what holds
//! and who says it; `retract` ends what the operator said.
//!
//! What holds: a file with one wrong row stores nothing; an import that says the same again changes nothing; nothing is removed,
//! the old word is ended and stays. What partners said in documents can be read here and not changed.
//!
//! Not here: whose statements count (`history::master`), documents of partners (trace-api's projector).
//!
//! Source: docs/decisions/0066-master-data.md.

mod csv;
mod file;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use epcis::master_data::Kind;
use history::master::{kind_of, number_of, values_of};
use ledger::hash::sha256;
use ledger::json::{Json, object};
use process::Clock;
use sql::master::{CHILD, Statement, StoredValue};

use crate::input;
use crate::owner::Place;
use crate::terminal::{self, out};

/// How the database names its connections.
const APPLICATION: &str = "chopmark master";
/// Most statements of one element that are shown.
const MOST: i64 = 10_000;
/// Elements that are listed by one query.
const AT_ONCE: i64 = 500;

/// Subcommands of `chopmark master`.
#[derive(Subcommand)]
pub enum Command {
    /// Stores names and attributes of a file: CSV, JSON, or an EPCIS document with master data in JSON or XML
    ///
    /// CSV has a heading and a row for each party, place, product or lot:
    ///
    ///   id,name,name@zh,city,within
    ///   urn:epc:id:sgln:9521141.00001.0,Dock 1,一号月台,Hangzhou,urn:epc:id:sgln:9521141.00000.0
    ///   urn:epc:idpat:sgtin:9521141.012345.*,Green tea,绿茶,,
    ///
    /// `id` (标识) is an EPC URN, a GS1 Digital Link or any URI. `name` (名称) is a product's description and everybody else's name;
    /// `within` (上级) is the place that it lies in; `kind` (类别) is needed for ids without a GS1 key. Other headings are attributes of the
    /// CBV such as city (城市), state, postalCode, countryCode (国家), netContent, or whole names such as `https://example.com/floor`.
    /// `@zh` or `@en` behind a heading says the language. JSON is a list of objects with the same names.
    ///
    /// The operator's word counts where nobody speaks whose thing it is. All rows are checked first: if one is wrong, each
    /// problem is printed with row, column, value and what was expected, and nothing is stored.
    ///
    /// Examples:
    ///   chopmark master import places.csv --dry-run --config chopmark.toml
    ///   chopmark master import products.json --config chopmark.toml
    ///   chopmark master import masterdata.xml --config chopmark.toml
    #[command(verbatim_doc_comment)]
    Import {
        /// The file; - for standard input
        file: PathBuf,
        /// Checks the file and says what it would store, and stores nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Lists parties, places, products or lots of which anything is said
    ///
    /// With --json one object a line: `kind`, `id`, `statements`.
    ///
    /// Example: chopmark master list products --config chopmark.toml
    List {
        /// party, place, product, lot or other; all without it
        #[arg(value_parser = kind)]
        kind: Option<Kind>,
        /// Prints one JSON object for each, one a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Shows everything that is said of one, and who says it
    ///
    /// With --json one object a line: `attribute`, `value`, `language`, `said_by`, `since`, `until`, `document`.
    ///
    /// Example: chopmark master show urn:epc:idpat:sgtin:9521141.012345.* --history --config chopmark.toml
    Show {
        /// Its id, in any spelling
        id: String,
        /// Shows what was replaced or retracted as well
        #[arg(long)]
        history: bool,
        /// Prints one JSON object for each statement, one a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Ends what the operator said of one; what partners say stays
    ///
    /// Example: chopmark master retract urn:epc:id:sgln:9521141.00001.0 --attribute city --config chopmark.toml
    Retract {
        /// Its id, in any spelling
        id: String,
        /// Only this attribute, as a heading of `import` names it
        #[arg(long, value_name = "NAME")]
        attribute: Option<String>,
        #[command(flatten)]
        place: Place,
    },
}

fn kind(word: &str) -> Result<Kind, String> {
    let expected = || format!("got `{word}`, expected party, place, product, lot or other");
    Kind::from_word(word).ok_or_else(expected)
}

/// Runs the command.
///
/// # Errors
///
/// If the file or the database cannot be read, or the file is refused.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Import { file, dry_run, place } => import(file, *dry_run, place).await,
            Command::List { kind, json, place } => list(*kind, *json, place).await,
            Command::Show { id, history, json, place } => show((id, *history, *json), place).await,
            Command::Retract { id, attribute, place } => {
                retract(id, attribute.as_deref(), place).await
            }
        }
    })
}

async fn import(path: &Path, dry_run: bool, place: &Place) -> anyhow::Result<ExitCode> {
    let bytes = input::bytes(path)?;
    let elements = match file::elements(&bytes) {
        Ok(elements) => elements,
        Err(problems) => {
            for problem in &problems {
                terminal::problem_line(&format!("{}: {problem}", input::name(path)));
            }
            anyhow::bail!("{} problems; nothing was stored", problems.len());
        }
    };
    let values = values_of(&elements);
    let what = format!("{} values of {} elements", values.len(), elements.len());
    if dry_run {
        out!("{what} would be stored, less those that are stored already; nothing was");
        return Ok(ExitCode::SUCCESS);
    }
    let (open, at) = (place.open(APPLICATION).await?, Clock::system().now());
    let digest = sha256(&bytes);
    let statement = Statement { by: "", document: &digest, record: None, at };
    let store = async |tx: &sql::Transaction<'_>| sql::master::state(tx, &statement, &values).await;
    let new = open.db.run_tx("chopmark.master_import", store).await?;
    out!("{what} were read; {new} are new, the others were stored already");
    Ok(ExitCode::SUCCESS)
}

async fn list(kind: Option<Kind>, json: bool, place: &Place) -> anyhow::Result<ExitCode> {
    let open = place.open(APPLICATION).await?;
    let mut shown = 0;
    for kind in Kind::ALL.into_iter().filter(|one| kind.is_none_or(|kind| kind == *one)) {
        let mut after = String::new();
        while !terminal::is_closed() {
            let keys = sql::master::keys(&open.db, number_of(kind), &after, AT_ONCE).await?;
            let Some(last) = keys.last() else { break };
            after.clone_from(last);
            for key in keys {
                let found = sql::master::of_elements(&open.db, &[&*key], None, MOST).await?;
                shown += 1;
                print_element(kind, &key, &found, json);
            }
        }
    }
    if shown == 0 && !json {
        out!("nothing is said of any");
    }
    Ok(ExitCode::SUCCESS)
}

fn print_element(kind: Kind, key: &str, found: &[StoredValue], json: bool) {
    if json {
        let members = [
            ("kind", Json::from(kind.word())),
            ("id", Json::from(key)),
            ("statements", Json::Number(found.len().to_string())),
        ];
        return terminal::json(&object(members).canonical());
    }
    let is_name = |one: &&StoredValue| file::is_name(&one.value.attribute);
    let name = found.iter().find(is_name).map_or("", |one| &one.value.value);
    out!("{:8} {key}  {name}  ({} values)", kind.word(), found.len());
}

async fn show(
    (id, with_history, json): (&str, bool, bool),
    place: &Place,
) -> anyhow::Result<ExitCode> {
    let open = place.open(APPLICATION).await?;
    let key = epc::thing_key(id);
    let found = if with_history {
        sql::master::history(&open.db, &key, 0, MOST).await?
    } else {
        sql::master::of_elements(&open.db, &[&*key], None, MOST).await?
    };
    let first = found.first().with_context(|| format!("nothing is said of `{id}`"))?;
    if !json {
        out!("{} {}", kind_of(first.value.kind).word(), first.value.key);
    }
    for one in &found {
        if json {
            terminal::json(&object(members(one)).canonical());
        } else {
            print_statement(one);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn attribute_of(one: &StoredValue) -> &str {
    if one.value.attribute == CHILD { "what lies within" } else { &one.value.attribute }
}

fn print_statement(one: &StoredValue) {
    let language = match &*one.value.language {
        "" => String::new(),
        language => format!(" ({language})"),
    };
    out!("  {}{language}: {}", attribute_of(one), one.value.value);
    let by = if one.by.is_empty() { "the operator" } else { &one.by };
    let until = one.ended_at.map_or(String::new(), |at| format!(" until {at}"));
    out!("      said by {by} since {}{until}, document {}", one.since, one.document);
}

fn members(one: &StoredValue) -> Vec<(&'static str, Json)> {
    let text = |text: &str| Json::from(text);
    vec![
        ("attribute", text(&one.value.attribute)),
        ("value", text(&one.value.value)),
        ("language", text(&one.value.language)),
        ("said_by", text(if one.by.is_empty() { "operator" } else { &one.by })),
        ("since", text(&one.since.to_string())),
        ("until", one.ended_at.map_or(Json::Null, |at| text(&at.to_string()))),
        ("document", text(&one.document.to_string())),
    ]
}

async fn retract(id: &str, attribute: Option<&str>, place: &Place) -> anyhow::Result<ExitCode> {
    let (open, at) = (place.open(APPLICATION).await?, Clock::system().now());
    let key = epc::thing_key(id);
    let name = attribute.map(|name| file::attribute(name, Kind::of(id, "")));
    let end =
        async |tx: &sql::Transaction<'_>| sql::master::retract(tx, &key, name.as_deref(), at).await;
    let ended = open.db.run_tx("chopmark.master_retract", end).await?;
    anyhow::ensure!(
        ended > 0,
        "the operator says nothing of `{id}`{}; what partners say is theirs to change",
        attribute.map_or(String::new(), |name| format!(" by `{name}`"))
    );
    out!("{ended} values of {key} are ended; they stay in its history");
    Ok(ExitCode::SUCCESS)
}
