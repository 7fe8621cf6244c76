//! Tests of the repository itself: the rules of its source files, its dependencies, its dashboards, the claims of its
//! threat model, the sentences that people read, what the first page shows, the reference of the configuration.

mod claims;
mod dashboards;
mod generated;
mod layout;
mod package;
mod pictures;
mod reference;
mod release;
mod sentences;
mod skipped;
