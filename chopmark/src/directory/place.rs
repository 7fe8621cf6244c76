//! Which directory a command is about, where it is, and with what it is written.
//!
//! What holds: the pin comes from a policy file, never from the database.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use history::directory::Writer;
use jiff::SignedDuration;
use ledger::keys::LedgerKeys;
use ledger::policy::Policy;
use process::config::Installation;
use process::{Clock, Randomness};
use sql::Db;

use crate::database::Database;

/// Which directory, and where it is.
#[derive(clap::Args)]
pub struct Reading {
    /// The configuration file, for the database
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
    config: PathBuf,
    /// The database itself, instead of the one in the configuration file
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// A policy file with the `directory` line that `init` printed
    #[arg(long)]
    policy: PathBuf,
}

/// Which directory, and with what it is written.
#[derive(clap::Args)]
pub struct Writing {
    #[command(flatten)]
    pub reading: Reading,
    /// The directory's own keys, from `chopmark keys ledger`
    #[arg(long)]
    pub keys: PathBuf,
    /// File with the passphrase of --keys, mode 0600. Default: it is asked for on the terminal
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Days for which the new state tells what holds today, 1 to 31
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(i64).range(1..=31))]
    pub state_days: i64,
}

/// The database of a command, open as long as this lives.
pub struct Open {
    pub db: Db,
    _database: Option<Database>,
}

impl Open {
    pub async fn new(config: &Path, url: Option<&str>) -> anyhow::Result<Self> {
        let (url, database) = if let Some(url) = url {
            (url.to_owned(), None)
        } else {
            let database = Database::open(&Installation::read(config)?)?;
            (database.reading_url()?, Some(database))
        };
        Ok(Self { db: Db::connect(&sql::Settings::new(url)).await?, _database: database })
    }
}

impl Reading {
    pub async fn open(&self) -> anyhow::Result<Open> {
        Open::new(&self.config, self.database.as_deref()).await
    }

    pub fn policy(&self) -> anyhow::Result<Policy> {
        let policy = crate::policy_file::read(&self.policy)?;
        anyhow::ensure!(
            policy.directory.is_some(),
            "{}: got no `directory` line, expected the one that `chopmark directory init` printed",
            self.policy.display()
        );
        Ok(policy)
    }
}

/// What a writing command holds while it runs.
pub struct Pen {
    pub keys: LedgerKeys,
    pub random: Randomness,
    pub at: jiff::Timestamp,
    state_days: i64,
}

impl Writing {
    pub fn pen(&self) -> anyhow::Result<Pen> {
        Pen::new(&self.keys, self.passphrase_file.as_deref(), self.state_days)
    }
}

impl Pen {
    /// - `passphrase_file`: of encrypted keys; it is asked for if there is none.
    pub fn new(
        keys: &Path,
        passphrase_file: Option<&Path>,
        state_days: i64,
    ) -> anyhow::Result<Self> {
        let opened = crate::keys::open(keys, passphrase_file)?;
        let keys = LedgerKeys::from_pem_file(&opened.text)
            .with_context(|| format!("{} is no key file of a ledger", keys.display()))?;
        Ok(Self { keys, random: Randomness::system(), at: Clock::system().now(), state_days })
    }

    pub fn state_until(&self) -> jiff::Timestamp {
        self.at + SignedDuration::from_hours(24 * self.state_days)
    }

    pub fn writer(&self) -> Writer<'_> {
        Writer {
            keys: &self.keys,
            rng: self.random.source(),
            at: self.at,
            state_until: self.state_until(),
        }
    }
}
