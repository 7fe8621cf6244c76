//! The database: whether it answers, its version, its migrations, the rights of each role.

use std::time::Duration;

use jiff::Timestamp;
use process::Clock;
use process::config::Installation;
use sql::holds::Cause;
use sql::look::{OLDEST, Private, running_cluster};
use sql::{Access, Db};

use super::check::Check;
use super::clock::Other;
use crate::database::{Described, described};
use crate::role::Role;

/// Longest that one database is waited for.
const PATIENCE: Duration = Duration::from_secs(12);

/// What was seen.
pub struct Seen {
    pub checks: Vec<Check>,
    /// The databases' clocks.
    pub clocks: Vec<Other>,
}

/// Looks at the databases of these roles.
pub async fn look(installation: &Installation, roles: &[Role]) -> Seen {
    let mut seen = Seen { checks: Vec::new(), clocks: Vec::new() };
    let Some(section) = &installation.database else { return seen };
    let mut private = None;
    if section.embedded && section.url.is_none() {
        let folder = installation.data_dir.join("postgres");
        let shown = folder.display();
        seen.checks.push(match running_cluster(&folder) {
            Private::None => Check::ok(
                "database",
                format!("{shown} is made by the first `chopmark up` or `chopmark migrate`"),
            ),
            Private::Stopped => Check::ok(
                "database",
                format!(
                    "{shown} does not run; `chopmark up` starts it. Its tables were not looked at"
                ),
            ),
            Private::Unreadable(cause) => Check::warning(
                "database",
                format!("cannot tell whether it runs: {cause}"),
                "run this as the user of the processes, or as root",
            ),
            Private::Running(url) => {
                private = Some(url);
                Check::ok("database", format!("{shown} runs"))
            }
        });
    }
    let mut clocks = Vec::new();
    for described in described(section, roles, private.as_deref()) {
        let what = format!("database {}", described.0);
        let looked = tokio::time::timeout(PATIENCE, one(&what, &described, &mut clocks)).await;
        let looked = looked.unwrap_or_else(|_| {
            let found = format!("no answer within {} s", PATIENCE.as_secs());
            vec![Check::failed(what.as_str(), found, UNREACHABLE)]
        });
        for check in looked {
            // Two roles see the same held ledger.
            let is_new = |seen: &Check| (&seen.what, &seen.found) != (&check.what, &check.found);
            if seen.checks.iter().all(is_new) {
                seen.checks.push(check);
            }
        }
    }
    seen.clocks = clocks.into_iter().take(1).collect();
    seen
}

/// What to do about a database that does not answer.
const UNREACHABLE: &str = "is it running, and do host, port, user and sslmode in [database] fit it? Try the same URL with psql";

async fn one(what: &str, (_, settings, access): &Described, clocks: &mut Vec<Other>) -> Vec<Check> {
    let what = format!("{what} ({})", access.role_name());
    let looked = async {
        let db = Db::connect(settings).await?;
        let before = Clock::system().now();
        let server = sql::look::server(&db).await?;
        let own = middle(before, Clock::system().now());
        Ok::<_, sql::Error>((db, server, own))
    };
    let (db, server, own) = match looked.await {
        Ok(found) => found,
        Err(error) if error.is_unavailable() => {
            return vec![Check::failed(what, error.to_string(), UNREACHABLE)];
        }
        Err(error) => {
            let remedy = "run `chopmark migrate` with the owner's URL: it makes the roles and lets the owner use them";
            return vec![Check::failed(what, error.to_string(), remedy)];
        }
    };
    clocks.push(Other { name: "the database".to_owned(), there: server.now, here: own });
    let mut checks = vec![version(&what, &server)];
    let schema = db.check_schema().await;
    let is_current = schema.is_ok();
    if let Err(error) = schema {
        let remedy = match access {
            Access::Owner => "chopmark migrate --config FILE",
            _ => "run `chopmark migrate` where the owner's URL is",
        };
        checks.push(Check::failed(what.as_str(), error.to_string(), remedy));
    }
    if is_current && *access != Access::Owner {
        checks.push(rights(&what, &db, *access, &server, settings.role.is_some()).await);
    }
    if is_current && *access != Access::TraceApi {
        checks.extend(held(&db).await);
    }
    checks
}

/// Ledgers for which nothing is signed. A role whose rights are missing says so in another check.
async fn held(db: &Db) -> Vec<Check> {
    let holds = sql::holds::open(db).await.unwrap_or_default();
    let check = |hold: &sql::holds::Hold| {
        let remedy = "chopmark restore check --config FILE; then docs/backup.md, \"Why a restored ledger is held\"";
        match hold.cause {
            Cause::Restored => Check::failed("ledger", hold.to_string(), remedy),
            Cause::Closed => Check::warning(
                "ledger",
                hold.to_string(),
                "start the machine where its last backup was restored",
            ),
        }
    };
    holds.iter().map(check).collect()
}

fn version(what: &str, server: &sql::look::Server) -> Check {
    let found = format!("PostgreSQL {} answers as {}", server.version, server.user);
    if server.number < OLDEST {
        let remedy = "upgrade the server: 15 is the oldest that is supported";
        return Check::failed(what, found, remedy);
    }
    Check::ok(what, found)
}

async fn rights(
    what: &str,
    db: &Db,
    access: Access,
    server: &sql::look::Server,
    is_lent: bool,
) -> Check {
    match sql::look::missing_rights(db, access).await {
        Ok(missing) if !missing.is_empty() => Check::failed(
            what,
            format!("lacks rights: {}", missing.join(", ")),
            format!("connect as {}, whose rights `chopmark migrate` grants", access.role_name()),
        ),
        Ok(_) if server.is_superuser => Check::warning(
            what,
            format!("{} is a superuser: it may change what was recorded", server.user),
            format!("give this process a URL of its own, as {}", access.role_name()),
        ),
        Ok(_) if is_lent => Check::ok(
            what,
            format!("has the rights of {}, over the owner's connection", access.role_name()),
        ),
        Ok(_) => Check::ok(what, "has the rights that it needs"),
        Err(error) => Check::failed(what, error.to_string(), UNREACHABLE),
    }
}

/// The time between two.
fn middle(before: Timestamp, after: Timestamp) -> Timestamp {
    let half = after.duration_since(before) / 2;
    before.checked_add(half).unwrap_or(before)
}
