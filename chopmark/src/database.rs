//! With which URL each role connects to the database, and who migrates it.
//!
//! | `[database]` | role connects with | migrated by `up` |
//! |---|---|---|
//! | `embedded = true` | the private cluster | yes |
//! | `url` only | `url`, the owner's rights | yes |
//! | `url` and the role's own URL | its own | yes |
//! | the role's own URL only | its own | no: `chopmark migrate`, elsewhere |

use anyhow::Context as _;
use process::config::database::DatabaseSection;
use process::config::{Installation, Problem, Problems};
use sql::Db;
use sql::cluster::Cluster;

use crate::role::Role;

/// The database of an installation, running.
pub struct Database {
    section: DatabaseSection,
    /// Ends with this value.
    cluster: Option<Cluster>,
}

/// What is wrong with `[database]` for these roles.
///
/// # Errors
///
/// Every problem; none if the roles need no database.
pub fn check(installation: &Installation, roles: &[Role]) -> Result<(), Problems> {
    let needing: Vec<Role> = roles.iter().copied().filter(|role| role.needs_database()).collect();
    let mut problems = Problems::default();
    match &installation.database {
        None if needing.is_empty() => {}
        None => problems.push(Problem::value(
            "[database]",
            "section",
            "none",
            "`url = \"postgresql://…\"` or `embedded = true`",
        )),
        Some(section) => {
            for problem in section.problems() {
                problems.push(problem);
            }
            for role in needing {
                let (key, url) = role.own_url(section);
                if url.is_none() && section.url.is_none() && !section.embedded {
                    let expected = "a URL, or `url`, or `embedded = true`";
                    problems.push(Problem::value("[database]", key, "none", expected));
                }
            }
        }
    }
    problems.unless_any(Some(()))
}

impl Role {
    fn needs_database(self) -> bool {
        self != Self::Bridge
    }

    /// The role's own URL, and its key.
    fn own_url(self, section: &DatabaseSection) -> (&'static str, Option<&String>) {
        match self {
            Self::Bridge => ("url", None),
            Self::Ingest => ("ingest_url", section.ingest_url.as_ref()),
            Self::Anchor => ("anchor_url", section.anchor_url.as_ref()),
            Self::TraceApi => ("trace_api_url", section.trace_api_url.as_ref()),
        }
    }
}

impl Database {
    /// Starts the private cluster if the file asks for one.
    ///
    /// # Errors
    ///
    /// If the file has no `[database]`, or the cluster does not start.
    pub fn open(installation: &Installation) -> anyhow::Result<Self> {
        let section = installation.database.clone().context(
            "the file has no [database], expected `url = \"postgresql://…\"` or `embedded = true`",
        )?;
        let is_private = section.embedded && section.url.is_none();
        let cluster = is_private
            .then(|| Cluster::start(&installation.data_dir.join("postgres")))
            .transpose()?;
        Ok(Self { section, cluster })
    }

    /// The owner's URL, if this process was given it.
    pub fn owner_url(&self) -> Option<String> {
        let own = self.cluster.as_ref().map(|cluster| cluster.url().to_owned());
        self.section.url.clone().or(own)
    }

    /// Connects as the owner and brings the schema to this program's version.
    ///
    /// # Errors
    ///
    /// If there is no owner's URL, or the migration fails.
    pub async fn migrate(&self) -> anyhow::Result<()> {
        let url = self.owner_url().context(
            "[database] url: got none, expected the URL of the schema's owner; migrations need it",
        )?;
        Ok(Db::connect(&url).await?.migrate().await?)
    }

    /// Connects for `role`.
    ///
    /// # Errors
    ///
    /// If there is no URL.
    pub async fn connect(&self, role: Role) -> anyhow::Result<Db> {
        let url = role.own_url(&self.section).1.cloned().or_else(|| self.owner_url());
        let url = url.context("[database] has no URL for this role")?;
        Ok(Db::connect(&url).await?)
    }

    /// The URL of somebody who may read every ledger: the owner, or else trace-api.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn reading_url(&self) -> anyhow::Result<String> {
        let url = self.owner_url().or_else(|| self.section.trace_api_url.clone());
        url.context("[database] url: got none and no trace_api_url, expected one of them")
    }
}
