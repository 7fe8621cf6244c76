//! Bundles with an anchor, and endpoints of a chain that tell the truth or not.

use anchor::endpoint::Endpoint;
use evm::block::{MemberKind, encode_header};
use evm::proof::receipt_trie_proof;
use evm::receipt::{Log, Outcome, Receipt};
use evm::{abi, keccak256, registry};
use history::bundle::Disclosure;
use history::testing::ITEM;
use history::{Cache, gather};
use jiff::Timestamp;
use ledger::policy::Policy;
use serde_json::{Value, json};
use sql::anchors::AnchorEvidence;

use crate::scene::{HUB, Ran, Scene, chopmark};

const CONTRACT: [u8; 20] = [0x5f; 20];
const CHAIN_ID: u64 = 31_337;
const HEIGHT: u64 = 1_234;

/// An endpoint of the chain that has a block with this hash at every height, and a contract everywhere; returns its port.
fn endpoint(block_hash: [u8; 32]) -> u16 {
    let answer = move |request: &Value| {
        let result = match request["method"].as_str().unwrap_or_default() {
            "eth_chainId" => json!(format!("{CHAIN_ID:#x}")),
            "eth_blockNumber" => json!(format!("{:#x}", HEIGHT + 20)),
            "eth_getBlockByNumber" => json!({ "hash": format!("0x{}", hex::encode(block_hash)) }),
            _ => json!("0x6001"),
        };
        json!({ "jsonrpc": "2.0", "id": 1, "result": result })
    };
    Endpoint::start(answer).unwrap().port()
}

/// A scene with a bundle that proves, and the hash of the block of its anchor, which is of that time.
async fn anchored(name: &str, block_time: &str) -> (Scene, [u8; 32]) {
    let scene = Scene::new(name).await;
    let head = sql::ledgers::head(&scene.db, scene.hub.id).await.unwrap();
    let log = Log {
        address: CONTRACT,
        topics: vec![registry::anchored_topic(), ledger::hub::hub_id(HUB).0, head.root.0],
        data: abi::word(head.size).to_vec(),
    };
    let receipt = Receipt {
        kind: Some(2),
        outcome: Outcome::Status(vec![1]),
        cumulative_gas: vec![0x5f, 0x50],
        bloom: [0; 256],
        logs: vec![log],
    };
    let (root, proof) = receipt_trie_proof(&[receipt.encode()], 0);
    let time: Timestamp = block_time.parse().unwrap();
    let mut members = vec![(MemberKind::Bytes, vec![7; 32]); 16];
    members[5].1 = root.to_vec();
    members[8] = (MemberKind::Number, HEIGHT.to_be_bytes().to_vec());
    members[11] = (MemberKind::Number, time.as_second().to_be_bytes().to_vec());
    let header = encode_header(&members);
    let block_hash = keccak256(&header);
    let evidence = AnchorEvidence {
        block_number: HEIGHT,
        block_hash,
        block_time: time,
        header,
        transaction_index: 0,
        receipt: receipt.encode(),
        proof,
    };
    scene.hub.store_anchor(CHAIN_ID, CONTRACT, &evidence).await;
    let policy = scene.site.policy_lines("log") + &scene.hub.policy_lines("hub");
    let policy = format!("{policy}chain {CHAIN_ID} 0x{}\n", hex::encode(CONTRACT));
    scene.file("policy.txt", &policy);
    let policy = std::sync::Arc::new(policy.parse::<Policy>().unwrap());
    let gathered = {
        let (rights, now) = (history::testing::rights(), jiff::Timestamp::now());
        gather(&scene.db, &Cache::new(0), &policy, &rights, now, &ITEM.parse().unwrap())
            .await
            .unwrap()
    };
    let bundle = history::bundle::build(&scene.db, &gathered, Some(HUB), Disclosure::Whole, None)
        .await
        .unwrap();
    scene.file("item.bundle", &String::from_utf8(bundle.to_bytes()).unwrap());
    (scene, block_hash)
}

fn verify(scene: &Scene, rpc: &[String]) -> Ran {
    let (bundle, policy) = (scene.path("item.bundle"), scene.path("policy.txt"));
    let mut words = vec!["verify", bundle.to_str().unwrap(), "--policy", policy.to_str().unwrap()];
    for url in rpc {
        words.extend(["--rpc", url]);
    }
    chopmark(&words)
}

/// The lines of the list of what was not checked.
fn not_checked(ran: &Ran) -> &str {
    assert_eq!(ran.out.matches("\nnot checked:\n").count(), 1, "one list: {}", ran.out);
    ran.out.split("\nnot checked:\n").nth(1).unwrap()
}

#[tokio::test]
async fn without_an_endpoint_the_anchors_block_is_listed_as_not_checked() {
    let (scene, _) = anchored("verify_no_endpoint", "2026-11-22T01:00:00Z").await;
    let ran = verify(&scene, &[]);
    assert_eq!(ran.status, 0, "{}", ran.out);
    assert!(
        not_checked(&ran).contains("no endpoint was asked whether that block is on chain"),
        "{}",
        ran.out
    );
}

#[tokio::test]
async fn the_report_says_which_endpoints_were_asked_and_how_many_agree() {
    let (scene, hash) = anchored("verify_endpoints", "2026-11-22T01:00:00Z").await;
    let (one, two, lying) = (endpoint(hash), endpoint(hash), endpoint([0xee; 32]));
    let url = |port: u16| format!("http://127.0.0.1:{port}");

    let ran = verify(&scene, &[url(one)]);
    assert_eq!(ran.status, 0, "{}", ran.out);
    assert!(
        ran.out.contains(&format!("1 of 1 endpoints agree, 1 needed; 127.0.0.1:{one}: block 1234"))
    );
    assert!(not_checked(&ran).contains("a second endpoint: one endpoint was asked"), "{}", ran.out);
    assert!(!ran.out.contains("no endpoint was asked"), "{}", ran.out);

    let ran = verify(&scene, &[url(one), url(two)]);
    assert_eq!(ran.status, 0, "{}", ran.out);
    assert!(ran.out.contains("2 of 2 endpoints agree, 2 needed"), "{}", ran.out);

    let ran = verify(&scene, &[url(one), url(lying)]);
    assert_eq!(ran.status, 2, "one liar among two: {}", ran.out);
    assert!(ran.out.starts_with("CANNOT TELL"), "{}", ran.out);
    assert!(not_checked(&ran).contains("1 of 2 endpoints agree, 2 needed"), "{}", ran.out);

    let ran = verify(&scene, &[url(lying), url(endpoint([0xdd; 32]))]);
    assert_eq!(ran.status, 1, "{}", ran.out);
    assert!(ran.out.starts_with("REFUTED"), "{}", ran.out);
}

#[tokio::test]
async fn a_block_of_2020_is_not_believed_to_hold_events_of_2026_whoever_confirms_it() {
    let (scene, hash) = anchored("verify_2020", "2020-01-01T00:00:00Z").await;
    let ran = verify(&scene, &[format!("http://127.0.0.1:{}", endpoint(hash))]);
    assert_eq!(ran.status, 2, "{}", ran.out);
    assert!(
        not_checked(&ran).contains(
            "the block is of 2020-01-01T00:00:00Z, before the event of 2026-11-20T04:00:00Z"
        ),
        "{}",
        ran.out
    );
}

#[tokio::test]
async fn endpoints_that_anybody_could_answer_for_and_one_endpoint_named_twice_are_refused() {
    let (scene, _) = anchored("verify_urls", "2026-11-22T01:00:00Z").await;
    for (urls, says) in [
        (&["http://rpc.example/key"][..], "got plain http to rpc.example"),
        (&["ftp://rpc.example"], "got something else than an http or https address"),
        (&["https://rpc.example/a", "https://rpc.example/b"], "got rpc.example twice"),
    ] {
        let urls: Vec<String> = urls.iter().map(|url| (*url).to_owned()).collect();
        let ran = verify(&scene, &urls);
        assert_eq!(ran.status, 2, "{}", ran.out);
        assert!(ran.err.contains(says) && !ran.err.contains("key"), "{}", ran.err);
        assert_eq!(ran.out, "");
    }
    let deploy =
        ["anchor", "deploy", "--rpc", "http://rpc.example", "--chain-id", "1", "--key", "x"];
    let ran = chopmark(&deploy);
    assert!(ran.err.contains("got plain http to rpc.example"), "{}", ran.err);
}

#[test]
fn one_line_that_pins_the_directory_is_a_policy_that_proves_a_bundle() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/ledger/tests/golden/");
    let run = |bundle: &str, policy: &str| {
        chopmark(&[
            "verify",
            &format!("{golden}{bundle}"),
            "--policy",
            &format!("{golden}{policy}"),
        ])
    };
    let ran = run("directory/bundle/item.bundle.json", "directory/bundle/policy.txt");
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
    for line in [
        "its records here are of factory",
        "grade C: stated by the party itself",
        "until 2026-03-09T12:00:00Z, which is past: what holds today cannot be told",
    ] {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    assert!(not_checked(&ran).contains("what holds today: as of 2026-03-02"), "{}", ran.out);

    let ran = run("valid/item.bundle.json", "directory/bundle/policy.txt");
    assert_eq!(ran.status, 2, "no proof of the directory: {}", ran.out);
    let ran = run("directory/bundle/item.bundle.json", "policy.txt");
    assert_eq!(ran.status, 0, "{}", ran.out);
    assert!(not_checked(&ran).contains("authority: the policy pins no directory"), "{}", ran.out);
    let help = chopmark(&["verify", "--help"]);
    assert!(help.out.contains("directory who.example/1 1 "), "{}", help.out);
}

#[test]
fn a_file_that_is_no_bundle_is_cannot_tell_and_the_report_says_what_was_expected() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/ledger/tests/golden/");
    let folder = tempfile::tempdir().unwrap();
    let (file, policy) = (folder.path().join("file"), format!("{golden}policy.txt"));
    let whole = std::fs::read(format!("{golden}valid/item.bundle.json")).unwrap();
    let html = b"<!doctype html><title>Not found</title>";
    for bytes in [&b""[..], html, b"\x89PNG\r\n\x1a\n\0", b"{\"a\":1}", &whole[..whole.len() - 1]] {
        std::fs::write(&file, bytes).unwrap();
        let ran = chopmark(&["verify", file.to_str().unwrap(), "--policy", &policy]);
        assert_eq!(ran.status, 2, "{}{}", ran.out, ran.err);
        assert!(
            ran.out.starts_with("CANNOT TELL  (no item could be read)\nnot checked:\n"),
            "{}",
            ran.out
        );
        assert!(
            ran.out.contains("expected the file as it was downloaded, unchanged"),
            "{}",
            ran.out
        );
        let ran = chopmark(&["verify", file.to_str().unwrap(), "--policy", &policy, "--json"]);
        let json: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!((&json["outcome"], &json["item"]), (&json!("cannot tell"), &Value::Null));
    }
    let bundle = format!("{golden}valid/item.bundle.json");
    let ran = chopmark(&["verify", &bundle]);
    assert_eq!(ran.status, 2, "no policy: {}{}", ran.out, ran.err);
    assert!(ran.out.starts_with("CANNOT TELL  urn:epc:id:sgtin:"), "{}", ran.out);
}

#[tokio::test]
async fn the_report_says_what_each_endpoint_was_asked_and_what_it_answered() {
    let (scene, hash) = anchored("verify_asked", "2026-11-22T01:00:00Z").await;
    let port = endpoint(hash);
    let ran = verify(&scene, &[format!("http://127.0.0.1:{port}/secret-key")]);
    assert_eq!(ran.status, 0, "{}", ran.out);
    let hash = hex::encode(hash);
    for line in [
        format!("127.0.0.1:{port}: eth_chainId: chain 31337, as expected"),
        format!("127.0.0.1:{port}: eth_blockNumber: block 1254 is the newest"),
        format!("127.0.0.1:{port}: eth_getBlockByNumber, block 1234: hash 0x{hash}"),
        format!("127.0.0.1:{port}: eth_getCode, contract 0x{}: 2 bytes of code", "5f".repeat(20)),
    ] {
        assert!(ran.out.to_lowercase().contains(&line.to_lowercase()), "{line}: {}", ran.out);
    }
    assert!(!ran.out.contains("secret-key"), "{}", ran.out);
    // Nobody listens: what was asked is said, and why there is no answer.
    let ran = verify(&scene, &["http://127.0.0.1:1".to_owned()]);
    assert_eq!(ran.status, 2, "{}", ran.out);
    assert!(
        ran.out.contains("127.0.0.1:1: eth_blockNumber: none of 1 chain endpoints"),
        "{}",
        ran.out
    );
}
