//! `chopmark tags`: keys with which codes of chips are checked.
//!
//! The way through: `keys import` reads a key set, encrypts it under the secret of `[trace_api] tag_secret` and stores it; `keys list`
//! shows what is known of key sets without that secret; `keys retire` ends one.
//!
//! What holds: a key set that cannot be checked with is refused before anything is stored; no key is ever printed; what was imported
//! stays listed; the command works with the owner's connection only.
//!
//! Not here: what a key set may say (`tag_auth::tag_keys`), the table (`sql::tag_keys`), taps (`trace-api`).
//!
//! Source: docs/tags.md, docs/decisions/0081-taps-are-checked-once.md.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use keystore::wrapped::WrapKey;
use ledger::json::{Json, object};
use process::config::Problems;
use process::{Clock, Randomness};
use sql::tag_keys::{ListedKeySet, NewKeySet};
use tag_auth::key_set::{CodeFrom, context};
use tag_auth::tag_keys::TagKeys;

use crate::input;
use crate::owner::Place;
use crate::terminal::{self, Tone, out};

/// How the database names its connections.
const APPLICATION: &str = "chopmark tags";

/// Subcommands of `chopmark tags`.
#[derive(Subcommand)]
pub enum Command {
    /// Imports, lists and retires keys with which codes of chips are checked
    #[command(subcommand)]
    Keys(KeysCommand),
}

/// Subcommands of `chopmark tags keys`.
#[derive(Subcommand)]
pub enum KeysCommand {
    /// Stores the keys of a product's chips, encrypted; they are never shown again
    ///
    /// FILE is a text of lines `name: value`; docs/tags.md shows one and says what each line means. Others may not read the file
    /// (mode 0600). The secret under which the keys are encrypted is that of `tag_secret` in `[trace_api]`.
    ///
    /// Examples:
    ///   chopmark tags keys import tea.keys --config chopmark.toml
    ///   gpg --decrypt tea.keys.gpg | chopmark tags keys import - --config chopmark.toml
    #[command(verbatim_doc_comment)]
    Import {
        /// The key set; `-` reads it from standard input
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Lists key sets: number, name, products, algorithm, check value, times; never keys
    ///
    /// The check value is what a block of zeros gives under a key, three bytes of it: of the key of codes, then of the key of the chip's
    /// number if there is one. Who made the keys can say theirs, so that a typing error is seen.
    ///
    /// With --json one object a line: `id`, `name`, `products`, `algorithm`, `check_value`, `imported_at`, `retired_at`.
    ///
    /// Example: chopmark tags keys list --config chopmark.toml
    List {
        /// Prints one JSON object for each key set, one a line
        #[arg(long)]
        json: bool,
        /// Lists those that were retired as well
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Retires a key set for ever: codes under its keys are not checked any more
    ///
    /// Example: chopmark tags keys retire 7 --config chopmark.toml
    Retire {
        /// Its number, as `list` shows it
        id: u64,
        #[command(flatten)]
        place: Place,
    },
}

/// Runs the command.
///
/// # Errors
///
/// If the database cannot be asked, or a key set is refused.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let Command::Keys(command) = command;
    runtime.block_on(async {
        match command {
            KeysCommand::Import { file, place } => import(place, file).await,
            KeysCommand::List { json, all, place } => list(place, *all, *json).await,
            KeysCommand::Retire { id, place } => retire(place, *id).await,
        }
    })
}

/// What keys are encrypted under.
fn tag_key(place: &Place) -> anyhow::Result<WrapKey> {
    const NONE: &str = "[trace_api] tag_secret: got none, expected the file with the secret under which keys are encrypted";
    let installation = place.installation()?;
    let section = installation.trace_api.as_ref().context(NONE)?;
    let key = trace_api::config::tag_key(&installation, section).map_err(Problems::from)?;
    key.context(NONE)
}

async fn import(place: &Place, file: &Path) -> anyhow::Result<ExitCode> {
    if !input::is_standard(file) {
        keystore::private::check_mode(file)?;
    }
    let text = input::text(file)?;
    let set = TagKeys::parse(&text).with_context(|| input::name(file))?;
    let under = tag_key(place)?;
    let wrapped =
        under.wrap(&text, &context(set.name(), set.products()), Randomness::system().source())?;
    let open = place.open(APPLICATION).await?;
    let new = NewKeySet {
        name: set.name(),
        products: set.products(),
        algorithm: set.algorithm(),
        check_value: &set.check_value(),
        wrapped: &wrapped,
        imported_at: Clock::system().now(),
    };
    let insert = async |tx: &sql::Transaction<'_>| sql::tag_keys::insert(tx, &new).await;
    let stored = open.db.run_tx("chopmark.tag_keys_import", insert).await?;
    let id = stored.with_context(|| {
        format!("got the name `{}` of a key set that holds, expected another one", set.name())
    })?;
    out!(
        "key set {id} `{}` holds for {}: {}, check value {}",
        set.name(),
        set.products().join(" "),
        new.algorithm,
        new.check_value
    );
    match set {
        TagKeys::Address(set) if set.from != CodeFrom::Path => out!(
            "its codes do not name the item: a tap is STRONG only where a record binds the chip to the item"
        ),
        TagKeys::Challenge(_) => out!(
            "a response does not name the item: it is STRONG only where a record binds the tag's TID to the item"
        ),
        TagKeys::Address(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(place: &Place, all: bool, json: bool) -> anyhow::Result<ExitCode> {
    let open = place.open(APPLICATION).await?;
    let (mut after, mut shown) = (0, 0);
    while !terminal::is_closed() {
        let sets = sql::tag_keys::list(&open.db, after).await?;
        let Some(last) = sets.last() else { break };
        after = last.id;
        for set in sets.iter().filter(|set| all || set.retired_at.is_none()) {
            shown += 1;
            if json {
                terminal::json(&to_json(set).canonical());
            } else {
                print(set);
            }
        }
    }
    if shown == 0 && !json {
        out!("no key sets");
    }
    Ok(ExitCode::SUCCESS)
}

fn print(set: &ListedKeySet) {
    let ListedKeySet { id, name, algorithm, check_value, imported_at, .. } = set;
    let (tone, word) = match set.retired_at {
        None => (Tone::Good, "holds"),
        Some(_) => (Tone::Doubt, "retired"),
    };
    terminal::paint(tone, word, &format!("  {id}  {name}  {algorithm}  {check_value}"));
    out!("    products {}", set.products.join(" "));
    let retired = set.retired_at.map_or(String::new(), |at| format!(", retired {at}"));
    out!("    imported {imported_at}{retired}");
}

fn to_json(set: &ListedKeySet) -> Json {
    let text = |text: &str| Json::from(text);
    let products = set.products.iter().map(|product| text(product)).collect();
    object([
        ("id", Json::from(set.id)),
        ("name", text(&set.name)),
        ("products", Json::Array(products)),
        ("algorithm", text(&set.algorithm)),
        ("check_value", text(&set.check_value)),
        ("imported_at", text(&set.imported_at.to_string())),
        ("retired_at", set.retired_at.map_or(Json::Null, |at| text(&at.to_string()))),
    ])
}

async fn retire(place: &Place, id: u64) -> anyhow::Result<ExitCode> {
    let (open, now) = (place.open(APPLICATION).await?, Clock::system().now());
    let retire = async |tx: &sql::Transaction<'_>| sql::tag_keys::retire(tx, id, now).await;
    if !open.db.run_tx("chopmark.tag_keys_retire", retire).await? {
        anyhow::bail!("got key set {id}, expected one that `chopmark tags keys list` shows");
    }
    out!("key set {id} is retired: codes under its keys are not checked any more");
    Ok(ExitCode::SUCCESS)
}
