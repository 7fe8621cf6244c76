//! `chopmark doctor`: what it finds, what it says to do, and that it changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use anchor::endpoint::Endpoint;
use serde_json::{Value, json};
use sql::Access;
use sql::testing::TestDb;

use crate::running::{assert_only_the_disk_is_at_fault, chopmark_in, free_address};
use crate::scene::Ran;

const CONTRACT: &str = "0x5fbdb2315678afecb367f032d93f642f64180aa3";

/// Everything that is below a folder: mode, size, time of the last change, inode, content.
fn everything(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        let data = fs::symlink_metadata(&path).unwrap();
        let content =
            if data.is_file() { format!("{:?}", fs::read(&path).unwrap()) } else { String::new() };
        let (mode, at, nanos, inode) = (data.mode(), data.mtime(), data.mtime_nsec(), data.ino());
        found.insert(path.display().to_string(), format!("{mode} {at}.{nanos} {inode} {content}"));
        if data.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    found
}

/// An installation of a kind in a folder of its own, with free addresses.
fn installed(more: &[&str]) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let ran = chopmark_in(place.path(), &[&["init", ".", "--yes"], more].concat());
    assert_eq!(ran.status, 0, "{}", ran.err);
    let file = place.path().join("chopmark.toml");
    let mut text = fs::read_to_string(&file).unwrap();
    let has_anchor = text.contains("\n[anchor]\n");
    for port in [8081, 8082, 8083, 8084, 8086] {
        if port == 8083 && !has_anchor {
            continue;
        }
        for key in ["listen", "internal_listen"] {
            let line = format!("\n#{key} = \"127.0.0.1:{port}\"");
            text = text.replace(&line, &format!("\n{key} = \"{}\"", free_address()));
        }
    }
    fs::write(&file, text).unwrap();
    place
}

fn doctor(folder: &Path, more: &[&str]) -> Ran {
    chopmark_in(folder, &[&["doctor", "--config", "chopmark.toml"], more].concat())
}

/// The checks of a report whose name begins so: state and what was found.
fn checks(ran: &Ran, name: &str) -> Vec<(String, String, String)> {
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| text(&check["check"]).starts_with(name))
        .map(|check| (text(&check["state"]), text(&check["found"]), text(&check["remedy"])))
        .collect()
}

#[test]
fn it_changes_nothing_even_where_it_could_make_the_database() {
    let place = installed(&["--kind", "all"]);
    let before = everything(place.path());
    assert_only_the_disk_is_at_fault(&doctor(place.path(), &[]));
    let ran = doctor(place.path(), &["--json"]);
    assert_eq!(everything(place.path()), before, "{}", ran.out);
    assert!(!place.path().join("postgres").exists());
    let database = checks(&ran, "database");
    assert!(database[0].1.contains("is made by the first `chopmark up`"), "{database:?}");

    // Without an installation it makes no folder either.
    let empty = tempfile::tempdir().unwrap();
    let ran = chopmark_in(empty.path(), &["doctor", "--data", "var/lib/data"]);
    assert!(ran.out.contains("can be made in"), "{}", ran.out);
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
}

#[test]
fn a_secret_that_others_can_use_fails_and_a_plain_one_is_named() {
    let place = installed(&["--kind", "all"]);
    let key = place.path().join("keys/scan.secret");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = doctor(place.path(), &["--json"]);
    assert_eq!(ran.status, 1, "{}", ran.out);
    let scan = checks(&ran, "secret of [trace_api]");
    assert_eq!(scan[0].0, "failed");
    assert!(scan[0].1.contains("mode 0644, others can use it"), "{scan:?}");
    assert!(scan[0].2.contains("chmod 600"), "{scan:?}");
    let ledger = checks(&ran, "secret of [[ledger]]");
    assert_eq!(ledger[0].0, "warning");
    assert!(ledger[0].2.starts_with("chopmark keys encrypt "), "{ledger:?}");

    // For people: one line each, and one with what to do.
    let ran = doctor(place.path(), &[]);
    assert!(ran.out.contains("\nFAILED   secret of [trace_api]"), "{}", ran.out);
    assert!(ran.out.contains("do: find out who read it; then chmod 600"), "{}", ran.out);
    assert!(ran.out.contains(" failed, "), "{}", ran.out);
}

#[test]
fn a_wrong_file_is_reported_with_its_lines_and_the_rest_is_looked_at_all_the_same() {
    let place = installed(&["--kind", "all"]);
    let file = place.path().join("chopmark.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("#max_body_bytes = ", "max_bodybytes = ")).unwrap();
    let ran = doctor(place.path(), &["--json"]);
    assert_eq!(ran.status, 1, "{}", ran.out);
    let found = checks(&ran, "configuration");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].1.contains("[ingest] max_bodybytes: unknown field"), "{found:?}");
    assert!(!checks(&ran, "disk of the spool").is_empty(), "{}", ran.out);
}

#[test]
fn an_address_that_another_program_has_taken_fails() {
    let place = installed(&["--kind", "site"]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    std::thread::spawn({
        let taken = taken.try_clone().unwrap();
        move || taken.incoming().flatten().for_each(drop)
    });
    let address: SocketAddr = taken.local_addr().unwrap();
    let file = place.path().join("chopmark.toml");
    let text = fs::read_to_string(&file).unwrap();
    let ingest = text.find("\n[ingest]").unwrap();
    let line = text[ingest..].find("\nlisten = ").unwrap() + ingest + 1;
    let end = text[line..].find('\n').unwrap() + line;
    let text = format!("{}listen = \"{address}\"{}", &text[..line], &text[end..]);
    fs::write(&file, text).unwrap();
    let ran = doctor(place.path(), &["--json"]);
    let ports = checks(&ran, "[ingest] listen");
    assert_eq!(ports[0].0, "failed", "{}", ran.out);
    assert!(ports[0].1.contains("is taken by a program"), "{ports:?}");
    assert!(ports[0].2.contains("ss -ltnp"), "{ports:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_are_asked_for_version_migrations_rights_and_their_clock() {
    let migrated = TestDb::migrated("doctor_migrated").await;
    let empty = TestDb::empty("doctor_empty").await;
    // Of the rights of ingest one is missing.
    migrated.execute("revoke insert on refusals from chopmark_ingest").await.unwrap();
    let urls = [
        migrated.url_for(Access::Owner),
        migrated.url_for(Access::Ingest),
        empty.url_for(Access::Owner),
    ];
    tokio::task::spawn_blocking(move || {
        let [owner, ingest, empty] = urls.each_ref().map(String::as_str);
        let place = installed(&["--kind", "site", "--database", owner]);
        let ran = doctor(place.path(), &["--json"]);
        let url = checks(&ran, "database url (chopmark)");
        assert!(url[0].1.starts_with("PostgreSQL ") && url[0].0 == "ok", "{url:?}");
        let lent = checks(&ran, "database ingest_url (chopmark_ingest)");
        assert!(
            lent.iter().any(|check| check.1.contains("lacks rights: refusals insert")),
            "{lent:?}"
        );
        let clock = checks(&ran, "clock");
        assert_eq!(clock[0].0, "ok", "{clock:?}");
        assert!(clock[0].1.contains("the database"), "{clock:?}");
        assert_eq!(ran.status, 1);

        let place = installed(&["--kind", "site", "--database", ingest]);
        let ran = doctor(place.path(), &["--json"]);
        assert!(checks(&ran, "database url").is_empty(), "{}", ran.out);
        assert_eq!(checks(&ran, "database ingest_url")[0].0, "ok", "{}", ran.out);

        let place = installed(&["--kind", "site", "--database", empty]);
        let ran = doctor(place.path(), &["--json"]);
        let url = checks(&ran, "database url");
        assert!(url.iter().any(|check| check.1.contains("schema is at version 0")), "{url:?}");
        assert!(url.iter().any(|check| check.2.starts_with("chopmark migrate")), "{url:?}");

        let nobody = "postgresql://u:hunter2@127.0.0.1:1/x";
        let place = installed(&["--kind", "site", "--database", nobody]);
        let ran = doctor(place.path(), &["--json"]);
        assert_eq!(ran.status, 1);
        let url = checks(&ran, "database url");
        assert!(url[0].1.contains("not available") && url[0].0 == "failed", "{url:?}");
        assert!(!ran.out.contains("hunter2"), "{}", ran.out);
    })
    .await
    .unwrap();
}

/// An endpoint of chain 5 whose latest block is `age` seconds old.
fn endpoint(chain: u64, age: i64, code: &'static str, balance: &'static str) -> String {
    let endpoint = Endpoint::start(move |request| {
        let now = jiff::Timestamp::now().as_second();
        let result = match request["method"].as_str().unwrap_or_default() {
            "eth_chainId" => json!(format!("0x{chain:x}")),
            "eth_getBlockByNumber" => {
                json!({ "number": "0x10", "timestamp": format!("0x{:x}", now - age) })
            }
            "eth_getCode" => json!(code),
            "eth_getBalance" => json!(balance),
            "eth_gasPrice" => json!("0x3b9aca00"),
            other => panic!("{other} is no question"),
        };
        json!({ "jsonrpc": "2.0", "id": request["id"], "result": result })
    });
    endpoint.unwrap().url()
}

#[test]
fn the_chain_is_asked_for_its_id_the_contract_the_balance_and_its_clock() {
    let hub = |urls: &[String]| {
        let mut words = vec!["--kind", "hub", "--chain-id", "5", "--contract", CONTRACT];
        for url in urls {
            words.extend(["--rpc", url]);
        }
        installed(&words)
    };
    let good = endpoint(5, 12, "0x6001", "0xde0b6b3a7640000");
    let other = endpoint(1, 12, "0x6001", "0x0");
    let nobody = format!("http://{}/hunter2", free_address());
    let place = hub(&[good, other, nobody]);
    let ran = doctor(place.path(), &["--json"]);
    assert_eq!(ran.status, 1, "{}", ran.out);
    let found = checks(&ran, "chain endpoint");
    let states: Vec<&str> = found.iter().map(|check| check.0.as_str()).collect();
    assert_eq!(states, ["ok", "failed", "failed"], "{found:?}");
    assert!(found[1].1.contains("got chain id 1, expected 5"), "{found:?}");
    assert!(found[1].2.contains("another chain"), "{found:?}");
    assert!(!ran.out.contains("hunter2"), "{}", ran.out);
    assert_eq!(checks(&ran, "contract")[0].0, "ok");
    assert_eq!(checks(&ran, "publisher's balance")[0].0, "ok", "{}", ran.out);
    assert!(
        checks(&ran, "clock")[0].1.contains("is 12 s old")
            || checks(&ran, "clock")[0].1.contains("is 13 s old")
    );

    let place = hub(&[endpoint(5, -4000, "0x", "0x0")]);
    let ran = doctor(place.path(), &["--json"]);
    assert!(checks(&ran, "contract")[0].1.contains("has no code on chain 5"), "{}", ran.out);
    let balance = checks(&ran, "publisher's balance");
    assert!(balance[0].0 == "failed" && balance[0].2.contains("send 0x"), "{balance:?}");
    let clock = checks(&ran, "clock");
    assert!(clock[0].1.contains("s in the future") && clock[0].0 == "failed", "{clock:?}");

    let ran = doctor(place.path(), &["--json", "--offline"]);
    assert!(checks(&ran, "contract").is_empty(), "{}", ran.out);
    assert_eq!(checks(&ran, "chain")[0].0, "absent", "{}", ran.out);
}

#[test]
fn a_scanner_that_is_not_the_pinned_one_is_named_with_what_to_do() {
    let what = "scanner of the start page";
    let installed_by_setup =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../trace-api/scanner/node_modules/zxing-wasm");
    assert!(installed_by_setup.is_dir(), "zxing-wasm is needed; `make setup` gets it");
    let folder = installed_by_setup.to_str().unwrap();
    let place = installed(&["--kind", "all", "--scanner", folder]);
    let found = checks(&doctor(place.path(), &["--json"]), what);
    assert_eq!((found.len(), &*found[0].0), (1, "ok"), "{found:?}");
    assert!(found[0].1.ends_with("zxing-wasm: as this program pins it"), "{found:?}");

    let other = tempfile::tempdir().unwrap();
    let folder = other.path().to_str().unwrap();
    let place = installed(&["--kind", "all", "--scanner", folder]);
    let ran = doctor(place.path(), &["--json"]);
    let found = checks(&ran, what);
    assert_eq!((found.len(), &*found[0].0), (1, "warning"), "{found:?}");
    assert!(found[0].1.contains(folder) && found[0].1.contains(".wasm: "), "{found:?}");
    assert!(found[0].2.contains("zxing-wasm of this version"), "{found:?}");
    assert_only_the_disk_is_at_fault(&doctor(place.path(), &[]));

    let file = place.path().join("chopmark.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("\nscanner = ", "\n#scanner = ")).unwrap();
    let found = checks(&doctor(place.path(), &["--json"]), what);
    assert_eq!((found.len(), &*found[0].0), (1, "absent"), "{found:?}");
    assert!(found[0].1.contains("none is configured"), "{found:?}");
}
