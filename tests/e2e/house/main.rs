//! Tests of the repository itself: the rules of its source files, its dependencies, its dashboards.

mod dashboards;
mod layout;
