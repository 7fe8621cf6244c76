//! The program itself, run as people run it: what it prints, byte by byte, and its exit status.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail at that line")]

mod audit;
mod colour;
mod epc;
mod config;
mod doctor;
mod event;
mod foreign;
mod json;
mod keys;
mod manual;
mod pipes;
mod init;
mod names;
mod running;
mod scene;
mod terminal;
mod verify;
