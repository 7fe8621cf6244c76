//! The configuration of an installation: one TOML file that every process reads, and its types.
//!
//! The way through: [`Installation::read`] parses the file once; each role then converts its section into its own
//! configuration (`ingest::config::resolve` and so on), which holds domain types, loaded keys and no path.
//!
//! What holds:
//!
//! - the types here are plain TOML: text, numbers, paths; what they mean is decided by the role;
//! - an unknown section or key is a [`Problem`] that names the known ones;
//! - every problem is collected, so that one run shows all of them, each with its line; also of a section with several
//!   wrong keys (`recover`), whose other values are then checked as well;
//! - no message repeats a line of the file or more of an address than its host, because these hold passwords.
//!
//! Adding a section: a type in a file of its own below `config/`, a field of [`Installation`], a line in
//! `Installation::parse`.

pub mod anchor;
pub mod bridge;
pub mod broker;
pub mod database;
pub mod desk;
pub mod device;
pub mod ingest;
pub mod installation;
pub mod keys;
pub mod ledger;
pub mod locate;
pub mod log;
pub mod names;
pub mod nearest;
pub mod oidc;
pub mod place;
pub mod problem;
mod recover;
pub mod reference;
pub mod settle;
pub mod toml_file;
pub mod trace_api;

pub use self::installation::Installation;
pub use self::problem::{Problem, Problems};
