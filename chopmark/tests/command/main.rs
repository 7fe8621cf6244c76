//! The program itself, run as people run it: what it prints, byte by byte, and its exit status.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail at that line")]

mod access;
mod audit;
mod colour;
mod config;
mod doctor;
mod emergency;
mod epc;
mod erase;
mod event;
mod exporting;
mod foreign;
mod init;
mod json;
mod keys;
mod labels;
mod manual;
mod master;
mod names;
mod pipes;
mod product;
mod projecting;
mod report;
mod running;
mod scene;
mod tags;
mod terminal;
mod upgrade;
mod verify;
