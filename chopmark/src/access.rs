//! `chopmark access`: who may read what: keys, client certificates, rights of an emergency, sessions, and the log of reads.
//!
//! The way through: `key add` reads limits and role as the doors will read them, makes a key and prints it once; `key list` and
//! `key revoke` follow; [`certificate`], [`emergency`] and [`sessions`] likewise; `log` ([`log`]) prints the ledgers of kind `audit`.
//!
//! What holds: a role without the limits that it needs is refused before anything is stored; the secret part of a key is
//! printed once and stored nowhere; the command works with the owner's connection only.
//!
//! Not here: what a role may do (`access`), the table (`sql::access_keys`), whether the log was altered (`chopmark audit`).
//!
//! Source: decision 0058.

mod certificate;
mod emergency;
mod emergency_check;
mod given;
mod log;
pub mod own_key;
mod sessions;

use std::process::ExitCode;

use access::{ApiKey, PREFIX_BYTES, SECRET_BYTES};
use anyhow::Context as _;
use clap::Subcommand;
use jiff::Timestamp;
use ledger::json::{Json, object};
use process::{Clock, Randomness};
use sql::access_keys::StoredKey;
use sql::access_limits::StoredLimits;

use self::given::{Given, time};
use crate::owner::Place;
use crate::terminal::{self, Tone, out};

/// How the database names its connections.
const APPLICATION: &str = "chopmark access";

/// Subcommands of `chopmark access`.
#[derive(Subcommand)]
pub enum Command {
    /// Makes, lists and revokes keys with which programs and people ask
    #[command(subcommand)]
    Key(KeyCommand),
    /// Enrols, lists and revokes client certificates with which machines ask
    #[command(subcommand)]
    Certificate(certificate::Command),
    /// Gives somebody a role for some hours, by two operators together (break glass)
    #[command(subcommand)]
    Emergency(emergency::Command),
    /// Lists who is logged in with a browser, and ends sessions
    #[command(subcommand)]
    Sessions(sessions::Command),
    /// Prints who read what, newest last; whether it was altered says `chopmark audit`
    ///
    /// With --json one object a line: `ledger`, `index`, `at`, `subject`, `means`, `roles`, `limits`, `act`, `asked`, `reason`,
    /// `shown`, `hidden`, `projection` (`generation`, `position`, `ledgers`, `sizes`), `emergency` (`id`, `proposedBy`, `approvedBy`); of the
    /// digest of a report only `report`, `digest` and `at`.
    ///
    /// Examples:
    ///   chopmark access log --limit 20 --config chopmark.toml
    ///   chopmark access log --subject food-authority/lee --since 2026-11-22T00:00:00Z --config chopmark.toml
    #[command(verbatim_doc_comment)]
    Log {
        /// Prints one JSON object for each read, one a line
        #[arg(long)]
        json: bool,
        /// How many reads of each log, the newest ones, 1 to 100000
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=100_000))]
        limit: u64,
        /// Only reads from then on, RFC 3339
        #[arg(long, value_name = "TIME", value_parser = time)]
        since: Option<Timestamp>,
        /// Only reads of this holder, as the log names it
        #[arg(long, value_name = "NAME")]
        subject: Option<String>,
        #[command(flatten)]
        place: Place,
    },
}

/// Subcommands of `chopmark access key`.
#[derive(Subcommand)]
pub enum KeyCommand {
    /// Makes a key and prints it once; only its SHA-256 is stored
    ///
    /// A custodian needs --party, a brand-owner --product, a regulator any limit. Limits of one kind are alternatives, and every kind
    /// that is stated must hold. With --json one object: `key` and what `list` prints.
    ///
    /// Examples:
    ///   chopmark access key add --subject shop.example --role custodian --party urn:epc:id:pgln:9521142.00000 --config chopmark.toml
    ///   chopmark access key add --subject food-authority/lee --role regulator --product 9521141 --jurisdiction 9521142 --expires 90d
    #[command(verbatim_doc_comment)]
    Add(Box<Add>),
    /// Lists keys with their limits; never what proves them
    ///
    /// With --json one object a line: `prefix`, `subject`, `role`, `products`, `parties`, `jurisdictions`, `from`, `until`, `created_at`,
    /// `expires_at`, `last_used_at`, `revoked_at`.
    ///
    /// Example: chopmark access key list --config chopmark.toml
    List {
        /// Prints one JSON object for each key, one a line
        #[arg(long)]
        json: bool,
        /// Lists those that were revoked or have expired as well
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Revokes a key for ever; the next request with it is refused
    ///
    /// Example: `chopmark access key revoke chm_2uXk9aQz --config chopmark.toml`
    Revoke {
        /// What names the key: `chm_` and 8 letters, as `list` shows it
        prefix: String,
        #[command(flatten)]
        place: Place,
    },
}

/// Options of `chopmark access key add`.
#[derive(clap::Args)]
pub struct Add {
    #[command(flatten)]
    given: Given,
    /// When the key ends: days from now such as `90d`, at most 3650d, or a time in RFC 3339
    #[arg(long, value_name = "DAYS|TIME", default_value = "365d")]
    expires: String,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// Runs the command.
///
/// # Errors
///
/// If the database cannot be asked, or a key is refused.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Key(KeyCommand::Add(arguments)) => add(arguments).await,
            Command::Key(KeyCommand::List { json, all, place }) => list(place, *all, *json).await,
            Command::Key(KeyCommand::Revoke { prefix, place }) => revoke(place, prefix).await,
            Command::Certificate(command) => certificate::run(command).await,
            Command::Emergency(command) => emergency::run(command).await,
            Command::Sessions(command) => sessions::run(command).await,
            Command::Log { json, limit, since, subject, place } => {
                let wanted = log::Wanted { since: *since, subject: subject.as_deref() };
                log::print(&place.open(APPLICATION).await?.db, *limit, &wanted, *json).await
            }
        }
    })
}

impl Add {
    /// The row of a key, once everything about it was understood.
    fn checked(&self, key: &ApiKey, now: Timestamp) -> anyhow::Result<StoredKey> {
        let (subject, limits) = self.given.checked()?;
        let StoredLimits { role, products, parties, jurisdictions, period } = limits;
        let expires_at = given::end(&self.expires, now)?;
        Ok(StoredKey {
            prefix: key.prefix().to_owned(),
            key_sha256: key.digest(),
            subject,
            role,
            products,
            parties,
            jurisdictions,
            period,
            created_at: now,
            expires_at,
            revoked_at: None,
            last_used_at: None,
        })
    }
}

/// A key of fresh random bytes.
fn new_key(random: &Randomness) -> anyhow::Result<ApiKey> {
    let (mut prefix, mut secret) = ([0; PREFIX_BYTES], [0; SECRET_BYTES]);
    let filled = random.source().fill(&mut prefix).and_then(|()| random.source().fill(&mut secret));
    filled.map_err(|_| anyhow::anyhow!("the system gives no random bytes"))?;
    Ok(ApiKey::of(prefix, secret))
}

async fn add(arguments: &Add) -> anyhow::Result<ExitCode> {
    let key = new_key(&Randomness::system())?;
    let checked = arguments.checked(&key, Clock::system().now())?;
    let open = arguments.place.open(APPLICATION).await?;
    let insert = async |tx: &sql::Transaction<'_>| sql::access_keys::insert(tx, &checked).await;
    open.db.run_tx("chopmark.access_key_add", insert).await.context("the key was not stored")?;
    // What is printed is what holds: the database keeps times to the microsecond.
    let stored = sql::access_keys::find(&open.db, key.prefix()).await?;
    let stored = stored.context("the key was stored and is not found")?;
    if arguments.json {
        let json = object([("key", Json::from(key.reveal()))].into_iter().chain(members(&stored)));
        terminal::json(&json.canonical());
        return Ok(ExitCode::SUCCESS);
    }
    out!("{}", key.reveal());
    out!();
    out!("This is the only time that the key is shown: give it to {} now,", stored.subject);
    out!("over a way that nobody else reads. Requests carry it as `Authorization: Bearer chm_…`.");
    out!("It holds as {} until {}; {}.", stored.role, stored.expires_at, limits(&stored));
    out!("To end it earlier: chopmark access key revoke {}", stored.prefix);
    Ok(ExitCode::SUCCESS)
}

async fn list(place: &Place, all: bool, json: bool) -> anyhow::Result<ExitCode> {
    let (open, now) = (place.open(APPLICATION).await?, Clock::system().now());
    let (mut after, mut shown) = (String::new(), 0);
    while !terminal::is_closed() {
        let keys = sql::access_keys::list(&open.db, &after).await?;
        let Some(last) = keys.last() else { break };
        after.clone_from(&last.prefix);
        for key in keys.iter().filter(|key| all || state(key, now).1 == Tone::Good) {
            shown += 1;
            if json {
                terminal::json(&object(members(key)).canonical());
            } else {
                print(key, now);
            }
        }
    }
    if shown == 0 && !json {
        out!("no keys");
    }
    Ok(ExitCode::SUCCESS)
}

async fn revoke(place: &Place, prefix: &str) -> anyhow::Result<ExitCode> {
    let (open, now) = (place.open(APPLICATION).await?, Clock::system().now());
    let revoke = async |tx: &sql::Transaction<'_>| sql::access_keys::revoke(tx, prefix, now).await;
    let is_revoked = open.db.run_tx("chopmark.access_key_revoke", revoke).await?;
    // What is not a prefix may be a whole key, which must not be printed again.
    let found = sql::access_keys::find(&open.db, prefix).await?.context(
        "got a prefix that no key has, expected `chm_` and 8 letters as `chopmark access key list --all` shows them",
    )?;
    let subject = &found.subject;
    if is_revoked {
        out!("the key {prefix} of {subject} is revoked; the next request with it is refused");
        return Ok(ExitCode::SUCCESS);
    }
    let at = found.revoked_at.unwrap_or(now);
    anyhow::bail!("the key {prefix} of {subject} was revoked already, at {at}; nothing was changed")
}

/// Whether a key holds, in a word.
fn state(key: &StoredKey, now: Timestamp) -> (&'static str, Tone) {
    match key.revoked_at {
        Some(_) => ("revoked", Tone::Bad),
        None if key.expires_at <= now => ("expired", Tone::Doubt),
        None => ("holds", Tone::Good),
    }
}

fn print(key: &StoredKey, now: Timestamp) {
    let (word, tone) = state(key, now);
    let StoredKey { prefix, subject, role, expires_at, .. } = key;
    terminal::paint(tone, word, &format!("  {prefix}  {role}  {subject}"));
    out!("    {}", limits(key));
    let used = key.last_used_at.map_or("never used".to_owned(), |at| format!("last used {at}"));
    let revoked = key.revoked_at.map_or(String::new(), |at| format!(", revoked {at}"));
    out!("    made {}, expires {expires_at}, {used}{revoked}", key.created_at);
}

/// The limits of a key for people.
fn limits(key: &StoredKey) -> String {
    given::limits(&StoredLimits::of_key(key))
}

/// A key as JSON: everything but what it is compared by.
fn members(key: &StoredKey) -> Vec<(&'static str, Json)> {
    let mut members = vec![
        ("prefix", Json::from(key.prefix.as_str())),
        ("subject", Json::from(key.subject.as_str())),
    ];
    members.extend(given::members(&StoredLimits::of_key(key)));
    members.extend([
        ("created_at", given::at(Some(key.created_at))),
        ("expires_at", given::at(Some(key.expires_at))),
        ("last_used_at", given::at(key.last_used_at)),
        ("revoked_at", given::at(key.revoked_at)),
    ]);
    members
}
