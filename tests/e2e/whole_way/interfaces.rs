//! Programs of others at our HTTP interfaces: an EPCIS client, a linter of API descriptions, and a program that makes requests from them.
//!
//! The way through: ingest and trace-api run in one process, at one address, with keys that `chopmark access` made; each program is run
//! as its own users run it.
//!
//! Source: `tests/interfaces` (what is installed), `scripts/setup.sh`.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests::site::wait_for;
use tests::stage::{Process, Stage, TOKEN, get};
use tests::waiting::free_address;

use crate::encrypted::{curl, edit};

/// The repository.
pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// Longest run of made-up requests against one description, in seconds.
const TRIED_FOR: &str = "30";

/// An installation with capture and queries at one address.
pub struct Open {
    pub stage: Stage,
    /// The address of both.
    pub public: SocketAddr,
    /// The operator's.
    pub internal: SocketAddr,
    /// Of somebody who may query.
    pub key: String,
    pub process: Process,
}

/// Starts one.
///
/// - `tls`: what both sections have besides.
pub fn open(stage: Stage, tls: &str) -> Open {
    open_with(stage, tls, "")
}

/// Starts one.
///
/// - `tls`: what both sections have besides.
/// - `trace`: what that of trace-api has besides.
pub fn open_with(stage: Stage, tls: &str, trace: &str) -> Open {
    let (public, internal) = (stage.ingest, free_address());
    let file = stage.folder.path().join("chopmark.toml");
    let scheme = if tls.is_empty() { "http" } else { "https" };
    let more = format!(
        "[trace_api]\nlisten = \"{public}\"\ninternal_listen = \"{internal}\"\npublic_url = \"{scheme}://{public}\"\n{tls}{trace}\
         policy = \"policy.txt\"\nscan_secret = \"scan.secret\"\nserve_queries = true\nrequests_per_minute = 100000\n\
         requests_per_second = 10000\nunknown_per_minute = 100000\n[ingest]\n{tls}strangers_per_minute = 100000\n\
         bodies_per_address = 1000\n"
    );
    edit(&file, "[ingest]\n", &more);
    keystore::private::create(&stage.folder.path().join("scan.secret"), "0123456789abcdef\n")
        .expect("the folder is ours");
    let mut process = stage.start("chopmark.toml", "", None);
    for path in ["readyz", "ingest/readyz"] {
        wait_for("it is ready", || {
            assert!(process.is_running(), "it ended:\n{}", process.tail());
            get(&format!("http://{internal}/{path}")).0 == 200
        });
    }
    let key = new_key(&stage, &["--role", "auditor"]);
    Open { stage, public, internal, key, process }
}

/// A new key.
///
/// - `role`: the words that say what it may do.
pub fn new_key(stage: &Stage, role: &[&str]) -> String {
    let words = ["access", "key", "add", "--subject", "erp", "--json", "--config", "chopmark.toml"];
    let (status, said) = stage.chopmark(&[&words, role].concat());
    assert_eq!(status, Some(0), "{said}");
    let start = said.find("chm_").unwrap_or_else(|| panic!("no key: {said}"));
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let keys = said[start..].split(|c| !is_of_key(c));
    // The whole key is longer than the part that names it.
    let rest = said.split(|c| !is_of_key(c)).filter(|word| word.starts_with("chm_"));
    keys.chain(rest).max_by_key(|word| word.len()).expect("a key").to_owned()
}

/// Checks that a connection becomes a WebSocket.
///
/// - `key`: the header that shows who asks.
pub fn assert_is_socket(ca: &Path, url: &str, key: &str) {
    let headers = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==",
        key,
    ];
    let headers: Vec<&str> = headers.into_iter().flat_map(|header| ["-H", header]).collect();
    // The connection stays open, so curl ends it.
    let words = [&["--http1.1", "--no-buffer", "--max-time", "3"], &headers[..]].concat();
    let said = curl(ca, url, &words).1.to_ascii_lowercase();
    assert!(said.contains(" 101 ") && said.contains("sec-websocket-accept: "), "{said}");
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
fn an_epcis_client_that_others_wrote_captures_lists_and_finds_with_one_base_url() {
    let open = open(Stage::new(None), "");
    let base = format!("http://{}", open.public);
    let words = ["client.mjs", &base, TOKEN, &base, &open.key, "7001"];
    let said = run(Path::new("node"), &words)
        .unwrap_or_else(|said| panic!("{said}\n{}", open.process.tail()));
    assert!(said.contains("\"events\":1") && said.contains("\"jobs\":3"), "{said}");
    open.stage.check_whole_ledger();
}

#[test]
fn a_linter_finds_nothing_in_the_descriptions_that_are_served() {
    let redocly = PathBuf::from(format!("{ROOT}/tests/interfaces/node_modules/.bin/redocly"));
    let folder = tests::folder::temporary();
    let text = |file: &str| fs::read_to_string(format!("{ROOT}/{file}")).expect("it is ours");
    let both = process::one_address::openapi::merged(
        &text("trace-api/pages/openapi.json"),
        &text("ingest/src/http/openapi.json"),
    );
    let merged = folder.path().join("merged.json");
    fs::write(&merged, both.expect("both are JSON")).expect("the folder is ours");
    for file in [
        format!("{ROOT}/trace-api/pages/openapi.json"),
        format!("{ROOT}/ingest/src/http/openapi.json"),
        merged.display().to_string(),
    ] {
        let said = run(&redocly, &["lint", "--format", "summary", &file]);
        assert!(said.is_ok(), "{said:?}");
    }
}

/// The program that makes requests from a description.
fn schemathesis() -> PathBuf {
    let own = PathBuf::from(format!("{ROOT}/var/tools/venv/bin/schemathesis"));
    let on_path = std::env::var_os("PATH").into_iter().flat_map(|all| {
        std::env::split_paths(&all).map(|folder| folder.join("schemathesis")).collect::<Vec<_>>()
    });
    let found = std::iter::once(own).chain(on_path).find(|path| path.exists());
    found.expect("schemathesis is needed; `make setup` gets it")
}

#[test]
fn whatever_is_asked_is_answered_as_the_descriptions_say() {
    let open = open(Stage::new(None), "");
    let program = schemathesis();
    let url = format!("http://{}", open.public);
    for (file, token, left_out) in [
        ("ingest/src/http/openapi.json", TOKEN, "^/(readyz|metrics|openapi.json|healthz)$"),
        // Answered at the operator's address.
        ("trace-api/pages/openapi.json", &*open.key, "^/(deliveries|readyz|metrics)$"),
    ] {
        let (file, token) = (format!("{ROOT}/{file}"), format!("Authorization: Bearer {token}"));
        let checks = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,response_headers_conformance";
        let said = run(
            &program,
            &[
                "run",
                &file,
                "--url",
                &url,
                "--header",
                &token,
                "--checks",
                checks,
                "--seed",
                "20260101",
                "--generation-deterministic",
                "--phases",
                "examples,coverage,fuzzing",
                "--max-examples",
                "4",
                "--max-time",
                TRIED_FOR,
                "--exclude-path-regex",
                left_out,
                "--no-color",
                "--request-timeout",
                "20",
                "--warnings",
                "off",
                "--suppress-health-check",
                "all",
                "--no-shrink",
                "--continue-on-failure",
            ],
        );
        let said = said.unwrap_or_else(|said| panic!("{file}: {said}\n{}", open.process.tail()));
        assert!(said.contains("No issues found") || said.contains("passed"), "{said}");
    }
    open.stage.check_whole_ledger();
}
