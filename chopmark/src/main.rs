//! `chopmark`: the one command people type.
//!
//! Every subcommand is one file here; it parses its arguments, calls the crate that does the work, and prints the
//! outcome.
//!
//! Exit status: 0 success, 1 refuted or changed, 2 cannot tell or could not run; [`doctor`] returns 0 or 1, [`audit`] also
//! 3 to 5.

mod access;
mod anchor_command;
mod audit;
mod backup;
mod completions;
mod config_command;
mod configuration;
mod database;
mod directory;
mod doctor;
mod event;
mod export;
mod finding;
mod health;
mod init;
mod input;
mod keys;
mod labels;
mod language;
mod man_pages;
mod master;
mod migrate;
mod one_address;
mod owner;
mod policy_file;
mod product;
mod projection;
mod reader;
mod report;
mod restore;
mod role;
mod tag;
mod tag_notes;
mod tags;
mod terminal;
mod up;
mod verify;
mod welcome;
mod words;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use self::terminal::ColourChoice;

/// A sixth of a verdict's processor time was the C library's allocator (docs/decisions/0112).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FIRST_STEPS: &str = "\
Examples, in the order of a first installation:
  chopmark doctor                                                 what is missing on this machine
  chopmark init /srv/chopmark                                     asks, writes the configuration, makes the keys
  chopmark config check --config chopmark.toml                    everything that is wrong, with its line
  chopmark doctor --config chopmark.toml                          keys, clock, database, chain, disk, ports
  chopmark reader detect                                          which readers are connected
  chopmark up --config chopmark.toml                              runs everything that the file describes
  chopmark verify item.bundle --policy policy.txt                 checks a proof without any server

Every command explains itself: chopmark help COMMAND";

/// Signed custody records from RFID readers and sensors, checkable by anyone.
///
/// To see the whole way from a reader's bytes to a proof in a consumer's hand, run `make demo` in the
/// source tree: it plays it on this machine, with a private database and a local chain.
#[derive(Parser)]
#[command(name = "chopmark", version, about, propagate_version = true, after_long_help = FIRST_STEPS)]
struct Arguments {
    /// Colours: `auto` on a terminal, and as `NO_COLOR` and `CLICOLOR_FORCE` say
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    color: ColourChoice,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Writes a configuration with comments, makes its keys, and says what to type next
    Init(Box<init::Arguments>),
    /// Checks a configuration file
    #[command(subcommand)]
    Config(config_command::Command),
    /// Runs the processes that a configuration file describes
    Up(up::Arguments),
    /// Brings the database's schema to this version of the program, as the owner of the schema
    Migrate(migrate::Arguments),
    /// Copies database, configuration, keys and spool while everything runs, and reads the copy back
    Backup(backup::Arguments),
    /// Restores a backup into an empty machine, rehearses that, and lets restored ledgers sign again
    Restore(restore::Arguments),
    /// Makes a publisher's key, deploys the contract that anchors are published to
    #[command(subcommand)]
    Anchor(anchor_command::Command),
    /// Proves or refutes a bundle, an evidence pack or a proof of another log, without a network unless you name an endpoint of the chain
    #[command(after_long_help = "\
Examples:
  chopmark verify item.bundle --policy policy.txt
  chopmark verify item.bundle --policy policy.txt --rpc https://a.example --rpc https://b.example --confirmations 12
  chopmark verify pack.zip --policy policy.txt
  chopmark verify release.tlog-proof --policy trust.txt --data release.tar
  chopmark verify release.proof --policy trust.txt --data release.tar --submitter \"ssh-ed25519 AAAA...\"

A policy of one line is enough where the bundle holds the directory's proof: it pins the root, and keys of ledgers and hub,
the contract, who keeps which ledger and who may issue the item follow from it. Other lines beside it only narrow.
  directory who.example/1 1 <sha256 of the root>

Proofs of other transparency logs: C2SP tlog-proof and Sigsum proofs (versions 1 and 2). Their policy is a C2SP tlog-policy or
a Sigsum policy file: `log KEY`, `witness NAME KEY`, `group NAME any|all|K MEMBER...`, and one `quorum NAME` line (`quorum none` where
no witness is required). Proved says: the data is an entry of that log, at a checkpoint that the log signed and the quorum cosigned.

Without --rpc the block of the anchor is listed as not checked: anyone can invent a block. Two endpoints must agree where
two are named.

Exit status: 0 proved, 1 refuted, 2 cannot tell.")]
    Verify(verify::Arguments),
    /// Recomputes every ledger, compares it with the hub and the anchors, and names what does not match
    #[command(after_long_help = "\
What each ledger is called:
  whole        its rows, checkpoints, the hub's entries and the final anchors agree
  CANNOT TELL  nothing contradicts anything, but the policy has no key of it
  CHANGED      a row was altered after it was signed; the finding names the record
  ROLLED BACK  the hub (of a hub: an anchor) holds more of it than the database
  FORKED       the hub (of a hub: an anchor) holds something else of it than the database
That the hub is behind, or is not anchored yet, is said and is no fault unless --require-anchored is given.

With --resume FILE an audit that is interrupted (Ctrl-C, or a loss of power) continues where it stood: on the last checkpoint that it had
verified, if the database still has that checkpoint and it is signed under the same policy. What lies below is not read again, so a
change made there since then is not seen; the output says which records these are. Who can write to FILE can make the audit pass over
records: keep it where only you can write. At the end of a complete audit FILE is removed.

Examples:
  chopmark audit --config chopmark.toml --policy policy.txt
  chopmark audit --database postgresql://auditor@db.example/chopmark --policy policy.txt --require-anchored
  chopmark audit --config chopmark.toml --policy policy.txt --resume audit.position

Exit status: 0 every ledger is whole, 1 something was changed, 2 cannot tell or could not run, 3 a ledger was rolled back or
forked; with --require-anchored also 4 records wait for the hub, 5 the hub's newest entries are not anchored;
with --resume also 130 interrupted, the position is saved.")]
    Audit(audit::Arguments),
    /// Reads and writes EPC tag data
    #[command(subcommand)]
    Epc(tag::Command),
    /// Writes recorded events to a file: spreadsheets of FSMA 204, EPCIS documents, an evidence pack
    #[command(after_long_help = "\
The file is written under another name and renamed at the end. Beside it goes FILE.manifest.json: what was asked for, sizes and roots of all
ledgers, the file's SHA-256, how many events are hidden by scope, and what was left out. The same request at the same sizes gives
the same bytes: --as-of with an earlier manifest makes the export of then again (an evidence pack is always of the newest sizes).

Examples:
  chopmark export --format fsma204-csv --lot urn:epc:class:lgtin:4012345.011111.L1 --out lot.csv --policy policy.txt
  chopmark export --format epcis-xml-1.2 --from 2026-11-01T00:00:00Z --query EQ_bizStep=shipping --out out.xml --policy policy.txt
  chopmark export --format evidence-pack --epc urn:epc:id:sgtin:4012345.011111.9876 --out pack.zip --policy policy.txt
  chopmark verify pack.zip --policy policy.txt

Exit status: 0 written, 1 written and records were found that do not fit their ledger, 2 not written.")]
    Export(Box<export::Arguments>),
    /// Derives the event hash of an EPCIS event
    #[command(subcommand)]
    Event(event::Command),
    /// Says who is who and who may say what: signed records, approved by several people
    #[command(subcommand)]
    Directory(directory::Command),
    /// Lists findings about items, resolves them as the issuer
    #[command(subcommand)]
    Finding(finding::Command),
    /// Shows and answers what people report of items
    #[command(subcommand)]
    Report(report::Command),
    /// Says who may read what: makes, lists and revokes keys; shows who read what
    #[command(subcommand)]
    Access(access::Command),
    /// Names parties, places, products and lots; shows who says what of them
    #[command(subcommand)]
    Master(master::Command),
    /// Says what pages show of products: names, picture, features of the pack, recalls, links by type
    #[command(subcommand)]
    Product(product::Command),
    /// Makes labels of items: codes for sheets and printers, the content of chips
    #[command(after_long_help = "\
Serials are drawn at random, because whoever sees one of a row knows the others. New ones are kept as CSV beside what is printed: name these files
with --taken the next time. Two sites that draw serials of one product need each other's files, or serials of other lengths.

Examples:
  chopmark labels --gtin 9521141123454 --prefix 952114112 --count 24 --format pdf --out tea.pdf
  chopmark labels --gtin 9521141123454 --prefix 952114112 --count 1000 --taken tea.pdf.csv --format zpl --tid --out tea.zpl
  chopmark labels --gtin 9521141123454 --chip sgtin+ --serials tea.pdf.csv --format zpl --out again.zpl
  nc printer.example 9100 < tea.zpl

Exit status: 0 written, 1 a label cannot be made, 2 could not run.")]
    Labels(Box<labels::Arguments>),
    /// Keeps the keys with which codes of chips are checked
    #[command(subcommand)]
    Tags(tags::Command),
    /// Makes, shows, encrypts and decrypts keys of ledgers, bridges and partners
    #[command(subcommand)]
    Keys(keys::Command),
    /// Says how far the projection of events is, makes it anew from the ledgers
    #[command(subcommand)]
    Projection(projection::Command),
    /// Finds and tests readers and sensors, shows what a bridge keeps of them
    #[command(subcommand)]
    Reader(reader::Command),
    /// Checks this machine and names what is missing and how to get it
    Doctor(doctor::Arguments),
    /// Prints what a shell needs to complete commands and options: bash, zsh or fish
    Completions(completions::Arguments),
    /// Writes the manual pages of all commands into a folder
    Man(man_pages::Arguments),
    /// Asks the processes of a configuration file whether they are ready
    Health(health::Arguments),
}

fn main() -> ExitCode {
    let words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    let command = Arguments::command().color(welcome::colour_of_help(words));
    let matches = command.get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    terminal::choose_colour(arguments.color);
    let Some(command) = arguments.command else {
        welcome::print();
        return ExitCode::SUCCESS;
    };
    let outcome = match command {
        Command::Init(arguments) => init::run(&arguments),
        Command::Config(command) => config_command::run(&command),
        Command::Up(arguments) => up::run(&arguments),
        Command::Migrate(arguments) => migrate::run(&arguments),
        Command::Backup(arguments) => backup::run(&arguments),
        Command::Restore(arguments) => restore::run(&arguments),
        Command::Anchor(command) => anchor_command::run(&command),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Epc(command) => tag::run(&command),
        Command::Product(command) => product::run(&command),
        Command::Labels(arguments) => labels::run(&arguments),
        Command::Tags(command) => tags::run(&command),
        Command::Event(command) => event::run(&command),
        Command::Export(arguments) => export::run(&arguments),
        Command::Finding(command) => finding::run(&command),
        Command::Report(command) => report::run(&command),
        Command::Directory(command) => directory::run(&command),
        Command::Keys(command) => keys::run(&command),
        Command::Access(command) => access::run(&command),
        Command::Master(command) => master::run(&command),
        Command::Projection(command) => projection::run(&command),
        Command::Reader(command) => reader::run(&command),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments, Arguments::command()),
        Command::Man(arguments) => man_pages::run(&arguments, Arguments::command()),
        Command::Health(arguments) => health::run(&arguments),
    };
    let status = outcome.unwrap_or_else(|error| {
        terminal::problem_lines(&format!("chopmark: {error:#}"));
        ExitCode::from(2)
    });
    match terminal::write_failure() {
        Some(kind) => {
            terminal::problem_line(&format!("chopmark: could not write standard output: {kind}"));
            ExitCode::from(2)
        }
        None => status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails for every command without subcommands whose help has no example.
    fn check_examples(command: &mut clap::Command, path: &str, missing: &mut Vec<String>) {
        if !command.has_subcommands() {
            let help = command.render_long_help().to_string();
            if !help.contains("Example") {
                missing.push(path.to_owned());
            }
            return;
        }
        for below in command.get_subcommands_mut().filter(|below| below.get_name() != "help") {
            let path = format!("{path} {}", below.get_name());
            check_examples(below, &path, missing);
        }
    }

    #[test]
    fn the_help_of_every_command_has_an_example() {
        let mut command = Arguments::command();
        command.build();
        assert!(command.render_long_help().to_string().contains("Examples"));
        let mut missing = Vec::new();
        check_examples(&mut command, "chopmark", &mut missing);
        assert!(missing.is_empty(), "no example: {missing:#?}");
    }
}
