//! `chopmark access certificate`: enrols, lists and revokes client certificates of machines.
//!
//! What holds: a certificate is known by the SHA-256 of its public key; a key that was revoked is not enrolled again.
//!
//! Not here: chains and validity (`process::tls`, with `tls_client_ca` of the section), the table (`sql::access_certificates`).
//!
//! Source: decision 0073.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use jiff::Timestamp;
use ledger::Hash;
use ledger::json::{Json, object};
use process::Clock;
use process::tls::client::ClientCertificate;
use sql::access_certificates::{self, StoredCertificate};

use super::given::{self, Given};
use crate::owner::Place;
use crate::terminal::{self, Tone, out};

const APPLICATION: &str = "chopmark access certificate";

/// Subcommands of `chopmark access certificate`.
#[derive(Subcommand)]
pub enum Command {
    /// Enrols the public key of a certificate: whoever has its private key is this holder
    ///
    /// Needs `tls_client_ca` in the section of the listener, with the authority that signed it. A certificate that is renewed with the
    /// same key needs nothing. Roles and limits are those of `key add`. With --json one object, as `list` prints it.
    ///
    /// Example:
    ///   chopmark access certificate add --file dock.pem --subject dock.example --role custodian --party urn:epc:id:pgln:9521142.00000
    #[command(verbatim_doc_comment)]
    Add(Box<Add>),
    /// Lists enrolled public keys with their limits
    ///
    /// With --json one object a line: `spki_sha256`, `subject`, `role`, `products`, `parties`, `jurisdictions`, `from`, `until`,
    /// `created_at`, `expires_at`, `last_used_at`, `revoked_at`.
    ///
    /// Example: chopmark access certificate list --config chopmark.toml
    List {
        /// Prints one JSON object for each, one a line
        #[arg(long)]
        json: bool,
        /// Lists those that were revoked or have expired as well
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Revokes a public key for ever; the next request with it is refused, also over a connection that is open
    ///
    /// Example: `chopmark access certificate revoke --file dock.pem --config chopmark.toml`
    Revoke {
        /// SHA-256 of the public key as `list` shows it, 64 hexadecimal digits
        #[arg(value_name = "SHA256", required_unless_present = "file", conflicts_with = "file")]
        key: Option<String>,
        /// The certificate, or another one with the same key (PEM)
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        place: Place,
    },
}

/// Options of `chopmark access certificate add`.
#[derive(clap::Args)]
pub struct Add {
    /// The certificate of the machine, PEM: its own first
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    given: Given,
    /// When the enrolment ends: days from now such as `90d`, at most 3650d, or a time in RFC 3339
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
/// If the database cannot be asked, or a certificate is refused.
pub async fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Add(arguments) => add(arguments).await,
        Command::List { json, all, place } => list(place, *all, *json).await,
        Command::Revoke { key, file, place } => {
            revoke(place, key.as_deref(), file.as_deref()).await
        }
    }
}

fn certificate(path: &Path) -> anyhow::Result<ClientCertificate> {
    let text = std::fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    ClientCertificate::of_pem(&text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))
}

async fn add(arguments: &Add) -> anyhow::Result<ExitCode> {
    let now = Clock::system().now();
    let certificate = certificate(&arguments.file)?;
    let key = certificate.spki_sha256;
    let (subject, limits) = arguments.given.checked()?;
    let expires_at = given::end(&arguments.expires, now)?;
    let new = StoredCertificate {
        spki_sha256: key,
        subject,
        limits,
        created_at: now,
        expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    let open = arguments.place.open(APPLICATION).await?;
    let insert = async |tx: &sql::Transaction<'_>| access_certificates::insert(tx, &new).await;
    let is_new = open.db.run_tx("chopmark.certificate_add", insert).await;
    let is_new = is_new.context("the certificate was not enrolled")?;
    let stored = access_certificates::find(&open.db, &key).await?;
    let stored = stored.context("the certificate was enrolled and is not found")?;
    if !is_new {
        let of = &stored.subject;
        match stored.revoked_at {
            Some(at) => anyhow::bail!(
                "the key {key} of {of} was revoked at {at}; expected a certificate with a new key"
            ),
            None => anyhow::bail!(
                "the key {key} is enrolled for {of} until {}; revoke it first, or give the machine a new key",
                stored.expires_at
            ),
        }
    }
    if arguments.json {
        terminal::json(&object(members(&stored)).canonical());
        return Ok(ExitCode::SUCCESS);
    }
    out!("{key}");
    out!();
    out!("Whoever has the private key of this certificate is {}.", stored.subject);
    let role = &stored.limits.role;
    out!("It holds as {role} until {}; {}.", stored.expires_at, given::limits(&stored.limits));
    if certificate.expires <= stored.expires_at {
        out!(
            "The certificate itself ends before, at {}: renew it with the same key.",
            certificate.expires
        );
    }
    out!("To end it earlier: chopmark access certificate revoke {key}");
    Ok(ExitCode::SUCCESS)
}

async fn list(place: &Place, all: bool, json: bool) -> anyhow::Result<ExitCode> {
    let (open, now) = (place.open(APPLICATION).await?, Clock::system().now());
    let (mut after, mut shown) = (None, 0);
    while !terminal::is_closed() {
        let found = access_certificates::list(&open.db, after).await?;
        let Some(last) = found.last() else { break };
        after = Some((last.spki_sha256, last.created_at));
        for one in found.iter().filter(|one| all || state(one, now).1 == Tone::Good) {
            shown += 1;
            if json {
                terminal::json(&object(members(one)).canonical());
            } else {
                print(one, now);
            }
        }
    }
    if shown == 0 && !json {
        out!("no certificates");
    }
    Ok(ExitCode::SUCCESS)
}

async fn revoke(place: &Place, key: Option<&str>, file: Option<&Path>) -> anyhow::Result<ExitCode> {
    let key: Hash = match (key, file) {
        (_, Some(path)) => certificate(path)?.spki_sha256,
        (key, None) => {
            let key = key.unwrap_or_default();
            let expected = "expected 64 hexadecimal digits as `chopmark access certificate list --all` shows them";
            key.parse().map_err(|_| anyhow::anyhow!("got `{key}`, {expected}"))?
        }
    };
    let (open, now) = (place.open(APPLICATION).await?, Clock::system().now());
    let revoke = async |tx: &sql::Transaction<'_>| access_certificates::revoke(tx, &key, now).await;
    let is_revoked = open.db.run_tx("chopmark.certificate_revoke", revoke).await?;
    let found = access_certificates::find(&open.db, &key).await?;
    let found = found.with_context(|| format!("no certificate with the key {key} is enrolled"))?;
    let subject = &found.subject;
    if is_revoked {
        out!("the key {key} of {subject} is revoked; the next request with it is refused");
        return Ok(ExitCode::SUCCESS);
    }
    let at = found.revoked_at.unwrap_or(now);
    anyhow::bail!("the key {key} of {subject} was revoked already, at {at}; nothing was changed")
}

/// Whether an enrolment holds, in a word.
fn state(one: &StoredCertificate, now: Timestamp) -> (&'static str, Tone) {
    match one.revoked_at {
        Some(_) => ("revoked", Tone::Bad),
        None if one.expires_at <= now => ("expired", Tone::Doubt),
        None => ("holds", Tone::Good),
    }
}

fn print(one: &StoredCertificate, now: Timestamp) {
    let (word, tone) = state(one, now);
    let StoredCertificate { spki_sha256, subject, limits, expires_at, .. } = one;
    terminal::paint(tone, word, &format!("  {spki_sha256}  {}  {subject}", limits.role));
    out!("    {}", given::limits(limits));
    let used = one.last_used_at.map_or("never used".to_owned(), |at| format!("last used {at}"));
    let revoked = one.revoked_at.map_or(String::new(), |at| format!(", revoked {at}"));
    out!("    enrolled {}, expires {expires_at}, {used}{revoked}", one.created_at);
}

fn members(one: &StoredCertificate) -> Vec<(&'static str, Json)> {
    let mut members = vec![
        ("spki_sha256", Json::from(one.spki_sha256.to_string().as_str())),
        ("subject", Json::from(one.subject.as_str())),
    ];
    members.extend(given::members(&one.limits));
    members.extend([
        ("created_at", given::at(Some(one.created_at))),
        ("expires_at", given::at(Some(one.expires_at))),
        ("last_used_at", given::at(one.last_used_at)),
        ("revoked_at", given::at(one.revoked_at)),
    ]);
    members
}
