//! `chopmark-demo`: the demo, the bench and the load test, beside the product and not in it.
//!
//! The way through: [`play`] plays the whole way with checks, [`mod@bench`] measures, [`load`] loads; [`scan_rules`] simulates people who scan; [`picture`] draws a demo that was recorded. The first three start the product's own
//! program ([`program`]) as processes of their own ([`world`]) and talk to it over HTTP ([`web`]).
//!
//! Not here: the simulated devices (`demo::simulators`, which end-to-end tests use as well).

/// Prints a line; a closed standard output must not end in a panic while processes run.
macro_rules! out {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stdout(), $($words)*).ok();
    }};
}

mod bench;
mod load;
mod picture;
mod play;
mod program;
mod recording;
mod scan_rules;
mod web;
mod world;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Plays Chopmark's whole way on this machine, measures its speed, or loads an installation.
///
/// The program `chopmark` must be in the same folder as this one; `make demo`, `make bench` and `make soak` build both.
#[derive(Parser)]
#[command(name = "chopmark-demo", version, about, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Plays the whole way: factory, dock door, cold store, shop, public chain, scans, proof, attacks
    Play(play::Arguments),
    /// Makes an SVG file that plays by itself of a demo that was recorded with `play --record`
    Picture(picture::Arguments),
    /// Measures speed as ratios to plain floors in the same run
    Bench(bench::Arguments),
    // Its help is that of its arguments, with examples.
    Load(Box<load::Arguments>),
    /// Says how often the rules of scans find copies, and how often honest people: a simulation with a seed
    ScanRules(scan_rules::Arguments),
    /// Serves the bare handlers that the bench compares with
    #[command(hide = true)]
    BenchFloor(bench::floor::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Play(arguments) => play::run(&arguments),
        Command::Picture(arguments) => picture::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Load(arguments) => load::run(&arguments),
        Command::ScanRules(arguments) => Ok(scan_rules::run(&arguments)),
        Command::BenchFloor(arguments) => bench::floor::serve(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("chopmark-demo: {error:#}");
        ExitCode::from(2)
    })
}
