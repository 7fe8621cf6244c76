//! The tutorial of docs/operations.md, typed as an operator would type it.
//!
//! The way through: [`blocks`] takes the fenced blocks of the document that are marked; [`script`] makes one shell script
//! of them, in their order; the test gives it what a machine has: PostgreSQL with its administrator, a chain, a broker of
//! the site's readers.
//!
//! What holds: nothing of a block is changed but the ports, because those of the document may be taken; the block with
//! the settings of a machine is replaced by the settings of this one, and must name the same variables. A command that
//! fails ends the script, as `set -e` does.
//!
//! Not here: what the single commands do, which has tests of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anchor::anvil::{Anvil, CHAIN_ID, Mining};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use sql::cluster::{Cluster, find_binaries};

/// The document.
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md");
/// Marks of blocks that are typed by everybody.
const TYPED: [&str; 2] = ["sh tutorial", "sh trial"];
/// Mark of the block whose values are those of a machine.
const SETTINGS: &str = "sh settings";
/// Longest that the tutorial may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    /// What stands behind the fence.
    mark: String,
    /// Line of the fence, from 1.
    line: usize,
    text: String,
}

/// The fenced blocks of a document.
fn blocks(document: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in document.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(mark)) => {
                open = Some(Block { mark: mark.to_owned(), line: number + 1, text: String::new() });
            }
            (Some(_), Some("")) => found.extend(open.take()),
            (Some(block), _) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed: {open:?}");
    found
}

/// The names that a block of `export NAME=VALUE NAME=VALUE` sets.
fn exported(text: &str) -> BTreeSet<String> {
    let words = text.lines().filter_map(|line| line.strip_prefix("export "));
    let words = words.flat_map(|line| line.split_whitespace());
    let is_name = |name: &&str| name.bytes().all(|byte| byte.is_ascii_uppercase());
    words.filter_map(|word| Some(word.split_once('=')?.0)).filter(is_name).map(Into::into).collect()
}

/// The typed blocks as one script; each says its line first.
fn script(blocks: &[Block]) -> String {
    let mut out = String::from("set -euo pipefail\n");
    for block in blocks.iter().filter(|block| TYPED.contains(&block.mark.as_str())) {
        writeln!(out, "echo '== docs/operations.md, line {}'", block.line).expect("a text");
        out.push_str(&block.text);
    }
    out
}

/// Ports that nothing listens on now, and that the system gives to no connection by itself, because the script uses
/// them much later: below 32768, beginning at another one in each process.
fn lasting_ports() -> impl Iterator<Item = u16> {
    let begin = 10_000 + u16::try_from(std::process::id() % 20_000).unwrap_or_default();
    (begin..32_000).filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
}

/// The script with a free port for each port of the loopback address that it names.
fn with_free_ports(script: &str) -> String {
    const HOST: &str = "127.0.0.1:";
    let mut free_ports = lasting_ports();
    let mut ports: BTreeMap<&str, String> = BTreeMap::new();
    let mut out = String::new();
    let mut pieces = script.split(HOST);
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let end = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
        let (port, rest) = piece.split_at(end);
        let free = ports.entry(port).or_insert_with(|| {
            let free = free_ports.next().expect("there are free ports");
            format!("{HOST}{free}")
        });
        out.push_str(if port.is_empty() { HOST } else { free });
        out.push_str(rest);
    }
    out
}

/// A shell and everything that it started; killed when dropped.
struct Shell(Child);

impl Drop for Shell {
    fn drop(&mut self) {
        let group = i32::try_from(self.0.id()).map(Pid::from_raw);
        // Fails where all of it has ended already.
        group.map(|group| killpg(group, Signal::SIGKILL).ok()).ok();
        self.0.wait().ok();
    }
}

/// A server whose roles need their passwords, as on a machine of an operator, and the command of its administrator.
fn database(folder: &Path) -> (Cluster, String, String) {
    let place = folder.join("postgres");
    let cluster = Cluster::start_anywhere(&place)
        .unwrap_or_else(|error| panic!("PostgreSQL 15 is needed; `make setup` gets it: {error}"));
    let place = Cluster::place(&place).expect("it was started there");
    let url = cluster.url().to_owned();
    let socket = url.split("host=").nth(1).expect("a socket").to_owned();
    let admin = format!("psql --dbname={url}");
    fs::write(
        place.join("data/pg_hba.conf"),
        "local all chopmark trust\nlocal all all scram-sha-256\n",
    )
    .expect("the folder is ours");
    let reloaded = Command::new(find_binaries().expect("it runs").bin.join("psql"))
        .args(["-q", "-c", "select pg_reload_conf()", "--dbname", &url])
        .output()
        .expect("psql starts");
    assert!(reloaded.status.success(), "{}", String::from_utf8_lossy(&reloaded.stderr));
    (cluster, admin, format!("/custody?host={socket}"))
}

/// The folders of the programs, and then those of the machine.
fn path() -> String {
    let own = tests::program::chopmark().parent().expect("a folder").display().to_string();
    let postgres = find_binaries().expect("it runs").bin.display().to_string();
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/../var/tools/bin");
    let rest = std::env::var("PATH").unwrap_or_default();
    format!("{own}:{postgres}:{tools}:{rest}")
}

#[test]
fn the_tutorial_of_the_manual_works_as_it_is_printed() {
    let document = fs::read_to_string(DOCUMENT).expect("the document is in the repository");
    let blocks = blocks(&document);
    let folder = tests::folder::temporary();
    let chain = Anvil::start(Mining::EverySeconds(1)).unwrap_or_else(|error| panic!("{error}"));
    let broker = demo::simulators::broker::start().expect("a broker starts");
    let (_cluster, admin, database) = database(folder.path());
    let settings = BTreeMap::from([
        ("PSQL", admin),
        ("DATABASE", database),
        ("RPC", chain.url().to_owned()),
        ("CHAIN", CHAIN_ID.to_string()),
        ("BROKER", broker.to_string()),
    ]);
    let named: Vec<_> = blocks.iter().filter(|block| block.mark == SETTINGS).collect();
    let [block] = named[..] else { panic!("expected one block of settings, got {}", named.len()) };
    assert_eq!(
        exported(&block.text),
        settings.keys().map(|name| (*name).to_owned()).collect(),
        "the settings of the manual and of this test"
    );

    let log = folder.path().join("tutorial.log");
    let out = fs::File::create(&log).expect("the folder is ours");
    let shell = Command::new("bash")
        .args(["-c", &with_free_ports(&script(&blocks))])
        .current_dir(folder.path())
        .env("PATH", path())
        .envs(&settings)
        .stdin(Stdio::null())
        .stdout(out.try_clone().expect("a file can be cloned"))
        .stderr(out)
        .process_group(0)
        .spawn();
    let mut shell = Shell(shell.expect("bash starts"));
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = shell.0.try_wait().expect("the shell can be asked") {
            break Some(status);
        }
        if Instant::now() > deadline {
            break None;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let said = fs::read_to_string(&log).unwrap_or_default();
    let logs = ["hub", "north", "south"].map(|machine| {
        let log = folder.path().join(format!("custody/{machine}/log"));
        let text = fs::read_to_string(log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        format!("--- {machine}\n{}", lines[lines.len().saturating_sub(10)..].join("\n"))
    });
    let ended = status.map_or_else(|| "it did not end in time".into(), |it| it.to_string());
    assert!(status.is_some_and(|it| it.success()), "{ended}\n{said}\n{}", logs.join("\n"));
    for words in [
        "appended; the directory has",
        "the schema is current",
        "\"outcome\": \"recorded\"",
        "\"verdict\": \"CONSISTENT\"",
        "PROVED",
        "whole  south.example/1",
        "the rehearsal succeeded; nothing of this machine was changed",
    ] {
        assert!(said.contains(words), "`{words}` was not said:\n{said}");
    }
}

#[test]
fn marked_blocks_become_one_script_with_free_ports() {
    let document = "a\n```sh tutorial\ncurl 127.0.0.1:1/x 127.0.0.1:2\n```\n```sh\nrm\n```\n```sh trial\ncurl 127.0.0.1:1\n```\n";
    let found = blocks(document);
    let marks: Vec<_> = found.iter().map(|block| (block.mark.as_str(), block.line)).collect();
    assert_eq!(marks, [("sh tutorial", 2), ("sh", 5), ("sh trial", 8)]);
    let script = with_free_ports(&script(&found));
    assert!(!script.contains("rm") && script.contains("line 2'\ncurl"), "{script}");
    let ports: Vec<&str> = script
        .split("127.0.0.1:")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next())
        .collect();
    assert!(ports.len() == 3 && ports[0] == ports[2] && ports[0] != ports[1], "{script}");
    let names = exported("export RPC=\"http://x\" CHAIN=1   # a b=c\n");
    assert_eq!(names, BTreeSet::from(["RPC".to_owned(), "CHAIN".to_owned()]));
}
