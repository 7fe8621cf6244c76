//! The database of a command that works as its owner: where it is, and the connection.
//!
//! What holds: the schema is of the version that this program knows; a private database runs for as long as the command needs it.
//!
//! Not here: finding a private database ([`crate::database`]), connecting (`sql`).

use std::path::PathBuf;

use process::config::Installation;
use sql::{Db, Settings};

use crate::database::Database;

/// Where the database is.
#[derive(clap::Args)]
pub struct Place {
    /// The configuration file, for the database
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
    config: PathBuf,
    /// The database itself as its owner, instead of the one in the configuration file
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

/// The database of a command, open as long as this lives.
pub struct Open {
    /// The connection of its owner.
    pub db: Db,
    _database: Option<Database>,
}

impl Place {
    /// The configuration file, read.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn installation(&self) -> anyhow::Result<Installation> {
        Ok(Installation::read(&self.config)?)
    }

    /// Connects as the owner.
    ///
    /// - `application`: how the database names the connections.
    ///
    /// # Errors
    ///
    /// If the configuration cannot be read, or the database does not answer or is of another version.
    pub async fn open(&self, application: &'static str) -> anyhow::Result<Open> {
        let (settings, database) = if let Some(url) = &self.database {
            (Settings { application, ..Settings::new(url.as_str()) }, None)
        } else {
            let database = Database::open(&Installation::read(&self.config)?)?;
            (database.owner_settings(application)?, Some(database))
        };
        let db = Db::connect(&Settings { connections: 2, ..settings }).await?;
        db.check_schema().await?;
        Ok(Open { db, _database: database })
    }
}
