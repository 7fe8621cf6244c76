//! With which URL each role connects to the database, and who migrates it.
//!
//! | `[database]` | role connects with | migrated by `up` |
//! |---|---|---|
//! | `embedded = true` | the private cluster | yes |
//! | `url` only | `url`, with the rights of its own role (`set role`) | yes |
//! | `url` and the role's own URL | its own | yes |
//! | the role's own URL only | its own | no: `chopmark migrate`, elsewhere |

use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use process::config::database::DatabaseSection;
use process::config::{Installation, Problem, Problems};
use sql::cluster::Cluster;
use sql::supervisor::{Limits, Reports, Supervisor};
use sql::{Access, Db, Settings};

use crate::role::Role;

/// The database of an installation, running.
pub struct Database {
    section: DatabaseSection,
    /// Ends with this value.
    cluster: Option<Server>,
}

/// A private cluster.
enum Server {
    /// For one command; perhaps another process's.
    Plain(Cluster),
    /// For as long as this process runs.
    Supervised(Supervisor),
}

impl Server {
    fn url_for(&self, access: Access) -> String {
        match self {
            Self::Plain(cluster) => cluster.url_for(access),
            Self::Supervised(supervisor) => supervisor.url_for(access),
        }
    }
}

/// Checks `[database]` as far as these roles use it: URLs, the certificates that they name, the size of the pools.
///
/// # Errors
///
/// Every problem; none if the roles need no database.
pub fn check(installation: &Installation, roles: &[Role]) -> Result<(), Problems> {
    let needing: Vec<Role> = roles.iter().copied().filter(|role| role.needs_database()).collect();
    if needing.is_empty() {
        return Ok(());
    }
    let Some(section) = &installation.database else {
        let expected = "`url = \"postgresql://…\"` or `embedded = true`";
        return Err(Problem::value("[database]", "section", "none", expected).into());
    };
    let mut problems = Problems::default();
    if !sql::CONNECTIONS.contains(&section.connections) {
        let expected = format!("{} to {}", sql::CONNECTIONS.start(), sql::CONNECTIONS.end());
        problems.push(Problem::value("[database]", "connections", section.connections, expected));
    }
    let owner = section.url.as_ref().map(|url| ("url", url));
    let mut urls: Vec<(&str, &String)> = owner.into_iter().collect();
    for role in needing {
        match role.own_url(section) {
            (key, Some(url)) => urls.push((key, url)),
            (key, None) if section.url.is_none() && !section.embedded => {
                let expected = "a URL, or `url`, or `embedded = true`";
                problems.push(Problem::value("[database]", key, "none", expected));
            }
            (_, None) => {}
        }
    }
    for (key, url) in urls {
        let checked = Settings::new(url.as_str()).check();
        problems.keep(checked.map_err(|error| Problem::content("[database]", key, &error)));
    }
    problems.unless_any(Some(()))
}

/// A connection that the file describes: its key, how it is made, and whose work it is for.
pub type Described = (&'static str, Settings, Access);

/// Every connection that these roles make, and that of the owner; nothing is connected.
///
/// - `private`: URL of the running private cluster for its owner, if the file asks for one and it runs.
pub fn described(
    section: &DatabaseSection,
    roles: &[Role],
    private: Option<&str>,
) -> Vec<Described> {
    let owner = section.url.as_deref().or(private);
    let mut all = Vec::new();
    if let Some(url) = owner {
        let settings =
            Settings { application: "chopmark doctor", connections: 2, ..Settings::new(url) };
        all.push(("url", settings, Access::Owner));
    }
    for role in roles.iter().copied().filter(|role| role.needs_database()) {
        let (key, own) = role.own_url(section);
        let Some(url) = own.map(String::as_str).or(owner) else { continue };
        let settings = Settings {
            application: "chopmark doctor",
            connections: 2,
            role: own.is_none().then(|| role.access()),
            ..Settings::new(url)
        };
        all.push((key, settings, role.access()));
    }
    all
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
            Self::Desk => ("desk_url", section.desk_url.as_ref()),
        }
    }

    /// The rights that it needs in the database.
    fn access(self) -> Access {
        match self {
            Self::Bridge => Access::Owner,
            Self::Ingest => Access::Ingest,
            Self::Anchor => Access::Anchor,
            Self::TraceApi => Access::TraceApi,
            Self::Desk => Access::Desk,
        }
    }

    /// Name of its connections in `pg_stat_activity`, outside transactions.
    fn application(self) -> &'static str {
        match self {
            Self::Bridge => "chopmark",
            Self::Ingest => "chopmark ingest",
            Self::Anchor => "chopmark anchor",
            Self::TraceApi => "chopmark trace-api",
            Self::Desk => "chopmark desk",
        }
    }
}

impl Database {
    /// For a command: starts the private cluster if the file asks for one, or uses the one that `chopmark up` runs.
    ///
    /// # Errors
    ///
    /// If the file has no `[database]`, or the cluster does not start.
    pub fn open(installation: &Installation) -> anyhow::Result<Self> {
        Self::with(installation, |folder| Ok(Server::Plain(Cluster::start_or_join(folder)?)))
    }

    /// For `chopmark up`: starts the private cluster if the file asks for one, and keeps it running.
    ///
    /// - `reports`: are told of it.
    /// - `is_unwanted`: turns true when the process is to stop; then a server that is still recovering is not waited for.
    ///
    /// # Errors
    ///
    /// As [`Self::open`]; also if another process runs the cluster.
    pub fn supervised(
        installation: &Installation,
        reports: Reports,
        is_unwanted: &AtomicBool,
    ) -> anyhow::Result<Self> {
        Self::with(installation, |folder| {
            let cluster = Cluster::start_unless(folder, is_unwanted)?;
            let supervisor = Supervisor::watch(cluster, Limits::default(), reports)?;
            Ok(Server::Supervised(supervisor))
        })
    }

    fn with(
        installation: &Installation,
        start: impl FnOnce(&Path) -> Result<Server, sql::Error>,
    ) -> anyhow::Result<Self> {
        let section = installation.database.clone().context(
            "[database] section: got none, expected `url = \"postgresql://…\"` or `embedded = true`",
        )?;
        let is_private = section.embedded && section.url.is_none();
        let folder = installation.data_dir.join("postgres");
        let cluster = is_private.then(|| start(&folder)).transpose()?;
        Ok(Self { section, cluster })
    }

    /// How the owner of the schema connects.
    ///
    /// - `application`: the command, by which PostgreSQL's administrator sees its connections.
    ///
    /// # Errors
    ///
    /// If there is no owner's URL.
    pub fn owner_settings(&self, application: &'static str) -> anyhow::Result<Settings> {
        let url = self.owner_url();
        let url =
            url.context("[database] url: got none, expected the URL of the schema's owner")?;
        Ok(Settings { application, ..Settings::new(url) })
    }

    /// The owner's URL, if this process was given it.
    fn owner_url(&self) -> Option<String> {
        let cluster = self.cluster.as_ref().map(|cluster| cluster.url_for(Access::Owner));
        self.section.url.clone().or(cluster)
    }

    /// Migrates if this process was given the owner's URL; otherwise leaves the schema alone.
    ///
    /// # Errors
    ///
    /// If the migration fails.
    pub async fn migrate_as_owner(&self) -> anyhow::Result<()> {
        if self.owner_url().is_some() { self.migrate().await } else { Ok(()) }
    }

    /// Connects as the owner and brings the schema to this program's version.
    ///
    /// # Errors
    ///
    /// If there is no owner's URL, or the migration fails.
    pub async fn migrate(&self) -> anyhow::Result<()> {
        let settings = self.owner_settings("chopmark migrate")?;
        Ok(Db::connect(&settings).await?.migrate().await?)
    }

    /// Connects for `role` and checks the schema's version.
    ///
    /// # Errors
    ///
    /// If there is no URL, or the schema is not this program's.
    pub async fn connect(&self, role: Role) -> anyhow::Result<Db> {
        let own = role.own_url(&self.section).1.cloned();
        let derived = self.cluster.as_ref().map(|cluster| cluster.url_for(role.access()));
        let is_owners = own.is_none() && derived.is_none();
        let settings = Settings {
            url: own
                .or(derived)
                .or_else(|| self.section.url.clone())
                .context("[database] has no URL for this role")?,
            connections: self.section.connections,
            application: role.application(),
            role: is_owners.then(|| role.access()),
        };
        let db = Db::connect(&settings).await?;
        db.check_schema().await?;
        Ok(db)
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
