//! Programs of others at our HTTP interfaces: an EPCIS client and a linter of API descriptions.
//!
//! The way through: ingest and trace-api run as processes with keys that `chopmark access` made; each program is run as its own users run it.
//!
//! Source: `tests/interfaces` (what is installed), `scripts/setup.sh`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests::site::wait_for;
use tests::stage::{Process, Stage, TOKEN, get};
use tests::waiting::free_address;

/// The repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// An installation with queries at its public address.
struct Open {
    stage: Stage,
    public: std::net::SocketAddr,
    key: String,
    processes: [Process; 2],
}

fn open() -> Open {
    let stage = Stage::new(None);
    let (public, internal) = (free_address(), free_address());
    let file = stage.folder.path().join("chopmark.toml");
    let text = fs::read_to_string(&file).expect("the stage wrote it");
    let trace = format!(
        "\n[trace_api]\nlisten = \"{public}\"\ninternal_listen = \"{internal}\"\npublic_url = \"http://{public}\"\n\
         policy = \"policy.txt\"\nscan_secret = \"scan.secret\"\nserve_queries = true\nrequests_per_minute = 100000\n\
         requests_per_second = 10000\nunknown_per_minute = 100000\n"
    );
    fs::write(&file, text + &trace).expect("the folder is ours");
    keystore::private::create(&stage.folder.path().join("scan.secret"), "0123456789abcdef\n")
        .expect("the folder is ours");
    let ingest = stage.start_ingest();
    let words = [
        "access",
        "key",
        "add",
        "--subject",
        "erp",
        "--role",
        "auditor",
        "--json",
        "--config",
        "chopmark.toml",
    ];
    let (status, said) = stage.chopmark(&words);
    assert_eq!(status, Some(0), "{said}");
    let start = said.find("chm_").unwrap_or_else(|| panic!("no key: {said}"));
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let keys = said[start..].split(|c| !is_of_key(c));
    // The whole key is longer than the part that names it.
    let rest = said.split(|c| !is_of_key(c)).filter(|word| word.starts_with("chm_"));
    let key = keys.chain(rest).max_by_key(|word| word.len()).expect("a key").to_owned();
    let trace_api = stage.start("chopmark.toml", "trace-api", None);
    wait_for("trace-api is ready", || get(&format!("http://{internal}/readyz")).0 == 200);
    Open { stage, public, key, processes: [ingest, trace_api] }
}

/// Runs a program; gives its output if it was successful.
fn run(program: &Path, words: &[&str]) -> Result<String, String> {
    let output =
        Command::new(program).args(words).current_dir(format!("{ROOT}/tests/interfaces")).output();
    let output = output
        .unwrap_or_else(|error| panic!("{}: {error}; `make setup` gets it", program.display()));
    let said = [output.stdout, output.stderr]
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .concat();
    if output.status.success() { Ok(said) } else { Err(said) }
}

#[test]
fn an_epcis_client_that_others_wrote_captures_an_event_and_finds_it() {
    let open = open();
    let (ingest, public) =
        (format!("http://{}", open.stage.ingest), format!("http://{}", open.public));
    let words = ["client.mjs", &ingest, TOKEN, &public, &open.key, "7001"];
    let said = run(Path::new("node"), &words)
        .unwrap_or_else(|said| panic!("{said}\n{}", open.processes[1].tail()));
    assert!(said.contains("\"events\":1"), "{said}");
    open.stage.check_whole_ledger();
}

#[test]
fn a_linter_finds_nothing_in_the_openapi_that_is_served() {
    let redocly = PathBuf::from(format!("{ROOT}/tests/interfaces/node_modules/.bin/redocly"));
    let file = format!("{ROOT}/trace-api/pages/openapi.json");
    let said = run(&redocly, &["lint", "--format", "summary", &file]);
    assert!(said.is_ok(), "{said:?}");
}
