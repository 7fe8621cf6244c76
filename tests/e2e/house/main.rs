//! Tests of the repository itself: the rules of its source files, its dependencies, its dashboards, the claims of its threat model.

mod claims;
mod dashboards;
mod layout;
