//! Creates the roles of the processes, and what belongs to the database as a whole.
//!
//! What holds:
//!
//! - roles belong to the whole server, databases may be cloned and migrated at the same time: what another
//!   session has just created is taken as it is;
//! - a role that exists is left alone, so that a password set by the operator stays; one that could do more than
//!   its grants say (superuser, row security bypassed, roles and databases created) is refused.
//!
//! Not here: what each role may do with the tables (`migrations/0002_roles.sql`).
//!
//! Source: PostgreSQL 15 manual, CREATE ROLE.

use deadpool_postgres::GenericClient;
use tokio_postgres::error::SqlState;

use crate::access::Access;
use crate::error::Error;

/// The statement that creates a role.
fn statement(access: Access) -> String {
    format!(
        "create role {} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls",
        access.role_name()
    )
}

/// Creates the roles that are missing.
///
/// - `client`: within a transaction; a role that another session creates meanwhile costs a savepoint only.
pub(crate) async fn create(client: &impl GenericClient) -> Result<(), Error> {
    for access in Access::PROCESSES {
        if is_there(client, access).await? {
            continue;
        }
        let create = format!(
            "do $$ begin {}; exception when duplicate_object or unique_violation then null; end $$",
            statement(access)
        );
        match client.batch_execute(&create).await {
            Ok(()) => {
                tracing::info!(role = access.role_name(), "created a PostgreSQL role");
            }
            Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                return Err(Error::data(cannot_create()));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Makes the owner a member of the roles, so that a process with the owner's URL can work with its own role's rights.
///
/// An owner that may not grant them stays without: then each process needs a URL of its own.
pub(crate) async fn join(client: &impl GenericClient) -> Result<(), Error> {
    for access in Access::PROCESSES {
        let role = access.role_name();
        let grant = format!(
            "do $$ begin
               if not pg_has_role(current_user, '{role}', 'member') then
                 execute format('grant {role} to %I', current_user);
               end if;
             exception when insufficient_privilege then null;
             end $$"
        );
        client.batch_execute(&grant).await?;
    }
    Ok(())
}

/// Whether the role exists; an error if it could do more than its grants say.
async fn is_there(client: &impl GenericClient, access: Access) -> Result<bool, Error> {
    let name = access.role_name();
    let query = "select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication \
                 from pg_roles where rolname = $1";
    let Some(row) = client.query_opt(query, &[&name]).await? else { return Ok(false) };
    if row.get(0) {
        return Err(Error::data(format!(
            "role {name} has more rights than its grants: expected `alter role {name} nosuperuser nocreatedb \
             nocreaterole noreplication nobypassrls`"
        )));
    }
    Ok(true)
}

fn cannot_create() -> String {
    let statements = Access::PROCESSES.map(|access| format!("  {};", statement(access)));
    format!(
        "the database's owner may not create roles; run as a superuser, then migrate again:\n{}",
        statements.join("\n")
    )
}

/// Takes from everybody what a new database gives to everybody and no process needs: temporary tables, and tables
/// in the schema `public`. Rights on a database are not cloned with it, so this runs with every migration.
pub(crate) async fn restrict_database(client: &impl GenericClient) -> Result<(), Error> {
    let revoke = "do $$ begin
        execute format('revoke temporary on database %I from public', current_database());
        revoke create on schema public from public;
      end $$";
    Ok(client.batch_execute(revoke).await?)
}
