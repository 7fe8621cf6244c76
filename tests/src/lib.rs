//! What the end-to-end tests share: the programs under test, and two stages that run them.
//!
//! The way through: [`stage`] is an installation with database and ingest, [`site`] a bridge whose deliveries stay in
//! its spool; both find the programs through [`program`].
//!
//! What holds: everything here panics where it cannot go on, because a test that cannot run has failed.
//!
//! Not here: the tests themselves (`e2e/`), the simulated devices (`demo::simulators`).

#![expect(clippy::missing_panics_doc, reason = "a test fails by a panic")]
#![expect(clippy::must_use_candidate, reason = "only tests call this")]

pub mod folder;
pub mod program;
pub mod site;
pub mod stage;
pub mod waiting;
