//! `chopmark init`: a configuration with comments, its keys, and what to type next.
//!
//! The way through: [`plan`] says which files an installation of that kind has, keys among them, and if one is there nothing
//! more is asked; [`answers`] takes flags, and asks for the others where a person is at the terminal; [`mod@write`] writes the
//! files, encrypted where [`lock`] says so; [`next`] prints the commands that follow.
//!
//! What holds:
//!
//! - nothing that exists is overwritten: if one of the files is there, all of them are named and nothing is written;
//! - keys are for their owner alone (mode 0600) before the first byte is in them, and no secret is printed;
//! - what is written passes `chopmark config check`, and starts.
//!
//! Not here: what the keys of a file mean (`process::config::reference` has their comments), making keys one by one
//! ([`crate::keys`]).
//!
//! Source: docs/decisions/0051-names-are-read-again.md.

mod answers;
mod configuration;
mod kind;
mod lock;
mod made;
mod next;
mod place;
mod plan;
mod questions;
mod templates;
mod write;

use std::path::PathBuf;
use std::process::ExitCode;

use self::answers::{Answers, Given};
use self::kind::Kind;
use self::lock::Lock;
use self::place::Place;
use self::questions::Asker;
use crate::language::LangAt;
use crate::terminal::{out, problem};

/// What to write, and where.
#[derive(clap::Args)]
#[command(after_long_help = "\
Kinds of installation:
  all       one machine with everything: database, ingest, bridge, hub with anchor, trace-api, directory
  site      one that records: ingest and bridge, with a ledger of its own
  hub       one that answers: the hub's ledger, anchor, trace-api, directory
  bridge    readers and sensors only; ingest is elsewhere
  verifier  a policy to check bundles with, nothing that runs

Examples:
  chopmark init /srv/chopmark                              asks for everything, in Chinese if LANG says so
  chopmark init /srv/chopmark --kind all --yes             asks for nothing: a trial with example names
  chopmark init . --kind site --yes --party \"Bamboo Spring\" --domain spring.example --prefix 952114112 \\
    --database 'postgresql://chopmark_ingest@db.example/chopmark?sslmode=verify-full&sslrootcert=/etc/chopmark/db-ca.pem'
  chopmark init . --kind hub --yes --party Hub --domain hub.example --prefix 9521149 --database postgresql://… \\
    --rpc https://a.example --rpc https://b.example --chain-id 11155111 --policy sites.txt
  chopmark init . --kind bridge --yes --origin spring.example/site-1 --ingest-url https://ingest.spring.example
  chopmark init . --kind verifier --yes --policy policy-of-the-hub.txt
  chopmark init /etc/chopmark --data-dir /var/lib/chopmark/all --kind all --encrypt --passphrase-file /root/chopmark.pass

It writes chopmark.toml with a comment for every key, keys/ (mode 0600), policy.txt, and where they belong rules/site.toml,
products.toml, places.toml and first-event.json. With --data-dir all but chopmark.toml go there. A file that exists is never overwritten. At the end it prints what to type next.

With --encrypt the keys that processes and the directory sign with are encrypted with the passphrase in a file, which the configuration
names; keys/admin.pem (a person's), keys/scan.secret and keys/erp.token stay as they are. Without the passphrase the keys are lost:
keep it on paper too. To give it as a credential of systemd instead: chopmark help up, docs/operations.md (Secret keys).

Names that stay: the origin of a ledger is in every record and checkpoint, so choose it before the first record. What
--yes fills in without a flag is an example (9521141 is GS1's prefix for examples) and is named at the end.

Exit status: 0 written, 2 it could not be.")]
pub struct Arguments {
    /// Folder for the files; it is made if it is not there
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// What kind of installation it is
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Asks nothing: what no flag says has its default
    #[arg(long)]
    yes: bool,
    /// Folder for keys, data and everything else that the configuration names. Default: that of the configuration
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Encrypts the keys with the passphrase in --passphrase-file
    #[arg(long, requires = "passphrase_file")]
    encrypt: bool,
    /// File with the passphrase, mode 0600; the processes read it at each start
    #[arg(long, value_name = "FILE", requires = "encrypt")]
    passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    given: Given,
    #[command(flatten)]
    lang: LangAt,
}

/// Writes an installation.
///
/// # Errors
///
/// If an answer is not usable, a file exists already, or one cannot be written.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut asker = Asker::new(arguments.yes, arguments.lang.get())?;
    let place = Place::new(&arguments.folder, arguments.data_dir.as_deref())?;
    // What can be known without answers comes first: nobody answers questions for nothing.
    let kind = answers::kind(arguments.kind, &mut asker)?;
    let plan = plan::of(kind);
    write::check_free(&place, &plan)?;
    let lock = arguments.passphrase_file.as_deref().map(Lock::read).transpose()?;
    let answers = Answers::collect(&arguments.given, kind, &mut asker)?;
    for note in place::notes_for(nix::unistd::geteuid().is_root(), &answers, &place) {
        problem!("{}", asker.lang().of((&*note.0, &*note.1)));
    }
    let made = made::keys(&answers, asker.lang())?;
    for path in write::all(&place, &plan, &answers, &made, lock.as_ref())? {
        out!("{}", path.display());
    }
    next::print(&place, &answers, &made, asker.examples(), lock.as_ref(), asker.lang());
    Ok(ExitCode::SUCCESS)
}
