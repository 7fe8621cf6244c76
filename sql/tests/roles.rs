//! Creating the roles of the processes. Roles belong to the server and stay when a database is dropped, so these steps
//! run in this order, and in a binary (and with it on a server) of their own.

use sql::Access;
use sql::testing::TestDb;

#[tokio::test]
async fn roles_are_created_once_for_a_server_and_never_with_more_rights_than_their_grants() {
    a_role_that_could_do_more_than_its_grants_is_refused().await;
    databases_of_one_server_are_migrated_at_the_same_time().await;
    forget_roles().await;
    an_owner_that_may_not_create_roles_is_given_the_statements_for_a_superuser().await;
}

/// Drops the databases that were migrated, and with them what holds the roles; then the roles.
async fn forget_roles() {
    let db = TestDb::empty("forget_roles").await;
    let statement = "do $$ declare name text; begin
        foreach name in array array['chopmark_ingest', 'chopmark_anchor', 'chopmark_trace_api', 'chopmark_desk'] loop
          execute format('drop role %I', name);
        end loop;
      end $$";
    let error = db.execute(statement).await.expect_err("databases hold the roles");
    assert!(error.contains("depend on it"), "{error}");
    for name in ["t1_at_once_a", "t2_at_once_b"] {
        db.execute(&format!("drop database {name} with (force)")).await.expect("dropped");
    }
    db.execute(statement).await.expect("nothing holds the roles any more");
}

async fn databases_of_one_server_are_migrated_at_the_same_time() {
    let databases = [TestDb::empty("at_once_a").await, TestDb::empty("at_once_b").await];
    let [a, b] = &databases;
    // Both create the roles, twice each: roles belong to the server, and its databases know no common lock.
    let (first, second, third, fourth) =
        tokio::join!(a.migrate(), b.migrate(), a.migrate(), b.migrate());
    for outcome in [first, second, third, fourth] {
        outcome.expect("migrated");
    }
    b.check_schema().await.expect("the version of this program");
}

async fn an_owner_that_may_not_create_roles_is_given_the_statements_for_a_superuser() {
    let db = TestDb::empty("no_createrole").await;
    db.execute(
        "do $$ begin
           execute format('alter database %I owner to small_owner', current_database());
         end $$",
    )
    .await
    .expect_err("there is no such role yet");
    db.execute("create role small_owner login").await.expect("created");
    db.execute(
        "do $$ begin execute format('alter database %I owner to small_owner', current_database()); end $$",
    )
    .await
    .expect("owned");
    let owner = sql::Settings::new(
        db.url_for(Access::Owner).replace("postgresql://chopmark@", "postgresql://small_owner@"),
    );
    let owner = sql::Db::connect(&owner).await.expect("settings");
    let error = owner.migrate().await.expect_err("refused").to_string();
    assert!(error.contains("run as a superuser"), "{error}");
    for role in ["chopmark_ingest", "chopmark_anchor", "chopmark_trace_api"] {
        assert!(error.contains(&format!("\n  create role {role} login ")), "{error}");
    }
    for statement in error.lines().filter(|line| line.starts_with("  create role")) {
        db.execute(statement).await.expect("the statement is usable as it is");
    }
    owner.migrate().await.expect("with the roles in place the owner can migrate");
    let ingest = db.db_as(Access::Ingest).await;
    ingest.check_schema().await.expect("granted");
    assert!(sql::ledgers::create_ledger(&ingest, "a.example/x", "site", "A").await.is_ok());
}

async fn a_role_that_could_do_more_than_its_grants_is_refused() {
    let db = TestDb::empty("strong_role").await;
    for more in ["superuser", "bypassrls", "createrole", "createdb", "replication"] {
        db.execute(&format!("create role chopmark_ingest login {more}")).await.expect("created");
        let error = db.migrate().await.expect_err(more).to_string();
        assert!(
            error.starts_with("role chopmark_ingest has more rights than its grants"),
            "{error}"
        );
        db.execute("drop role chopmark_ingest").await.expect("dropped");
    }
}
