//! End-to-end tests of the whole way: from a device at the wire to a verdict on a page, with outages in between.
//!
//! The way through: every test starts the programs under test as processes of their own on a private database
//! (`tests::stage`) or a bridge with its spool (`tests::site`); one file for each subject.

#[expect(clippy::unwrap_used, reason = "a test fails by a panic, also in its own helper functions")]
mod anchor_process;
mod backlog;
mod backup;
mod bad_input;
mod browser;
mod camera;
mod desk;
mod desk_live;
mod desk_pages;
mod embedded_database;
mod encrypted;
mod interfaces;
mod load;
mod long_documents;
mod manual;
mod one_address;
mod owner_pages;
mod pages;
mod proxies;
mod reports;
mod scene;
mod secret_keys;
mod standard_interface;
mod starting;
mod survival;
