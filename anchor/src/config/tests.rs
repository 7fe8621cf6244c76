//! What a configuration of the anchor worker is refused for, and which key files it opens.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use ledger::keys::{LedgerKeys, SystemRandom};

use super::*;

const SITE: &str = "site.example/1";
const HUB: &str = "hub.example/1";

/// A folder with a hub's keys, a publisher's key and a policy that names one site; the file's text.
fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let hub = LedgerKeys::generate(HUB, &SystemRandom::new()).unwrap();
    keystore::private::create(&folder.path().join("hub.pem"), &hub.to_pem_file()).unwrap();
    let site = LedgerKeys::generate(SITE, &SystemRandom::new()).unwrap();
    let mut policy = String::new();
    for key in site.verifier_keys() {
        writeln!(policy, "log {key}").unwrap();
    }
    write("policy.txt", &policy);
    Wallet::create(&folder.path().join("publisher.key"), &SystemRandom::new()).unwrap();
    let party = "party = { name = \"a party\", pgln = \"urn:epc:id:pgln:9521141.00000\" }";
    let text = format!(
        "[[ledger]]\norigin = \"{SITE}\"\nkeys = \"not-there.pem\"\n{party}\n\
         [[ledger]]\norigin = \"{HUB}\"\nkind = \"hub\"\nkeys = \"hub.pem\"\n{party}\n\
         [anchor]\nledger = \"{HUB}\"\nrpc = [\"http://127.0.0.1:1\"]\nchain_id = 31337\n\
         contract = \"0x{}\"\nkey = \"publisher.key\"\npolicy = \"policy.txt\"\n",
        "5f".repeat(20)
    );
    (folder, text)
}

fn resolved(folder: &Path, text: &str) -> Result<Config, String> {
    Installation::parse(&folder.join("chopmark.toml"), text)
        .and_then(|installation| resolve(&installation))
        .map_err(|problems| problems.to_string())
}

#[test]
fn the_sites_public_keys_come_from_the_policy_and_their_private_keys_are_never_opened() {
    let (folder, text) = folder();
    let config = resolved(folder.path(), &text).unwrap();
    assert_eq!(config.hub.keys.origin(), HUB);
    assert_eq!(config.hub.policy.logs.len(), 2);
    assert_eq!(config.pace.epoch, Duration::from_mins(10));

    let found =
        resolved(folder.path(), &text.replace("policy = \"policy.txt\"\n", "")).unwrap_err();
    assert!(found.contains("[anchor] policy: got none, expected the path of a file"), "{found}");
}

#[test]
fn one_endpoint_or_several_are_named_and_two_must_agree_where_there_are_two() {
    let (folder, text) = folder();
    let with =
        |rpc: &str| resolved(folder.path(), &text.replace("rpc = [\"http://127.0.0.1:1\"]", rpc));
    for (rpc, endpoints, quorum) in [
        ("rpc = \"https://a.example/key\"", 1, 1),
        ("rpc = [\"https://a.example\", \"http://[::1]:8545\"]", 2, 2),
        ("rpc = [\"https://a.example\", \"https://b.example\", \"https://c.example\"]", 3, 2),
        ("rpc = [\"https://a.example\", \"https://b.example\"]\nrpc_quorum = 1", 2, 1),
    ] {
        let publishing = with(rpc).unwrap().publishing;
        assert_eq!((publishing.rpc.len(), publishing.quorum), (endpoints, quorum), "{rpc}");
    }
    for (rpc, problem) in [
        (
            "rpc = \"http://rpc.example/secret\"",
            "[anchor] rpc: got plain http to rpc.example (endpoint 1), expected https://…",
        ),
        (
            "rpc = [\"https://a.example/x\", \"https://a.example/y\"]",
            "[anchor] rpc: got a.example twice",
        ),
        (
            "rpc = \"wss://a.example\"",
            "[anchor] rpc: got something else than an http or https address",
        ),
        (
            "rpc = \"https://a.example\"\nrpc_quorum = 2",
            "[anchor] rpc_quorum: got 2, expected 1 to 1, the number of endpoints in `rpc`",
        ),
        ("rpc = \"https://a.example\"\nrpc_quorum = 0", "[anchor] rpc_quorum: got 0"),
    ] {
        let found = with(rpc).unwrap_err();
        assert!(found.contains(problem), "`{problem}` is not in:\n{found}");
        assert!(!found.contains("secret"), "{found}");
    }
}

#[test]
fn every_problem_is_reported_with_section_key_value_and_what_was_expected() {
    let (folder, text) = folder();
    let text = text
        .replace("ledger = \"hub.example/1\"", "ledger = \"site.example/1\"")
        .replace("[\"http://127.0.0.1:1\"]", "[]")
        .replace("0x5f5f", "5g5f")
        .replace("publisher.key", "missing.key")
        .replace("policy.txt", "missing.txt");
    let found = resolved(folder.path(), &text).unwrap_err();
    for words in [
        "[anchor] ledger: got `site.example/1`, expected one of the ledgers of kind \"hub\": hub.example/1",
        "[anchor] rpc: got no endpoint, expected at least one URL",
        "[anchor] contract: ",
        "5g5f",
        "[anchor] key: ",
        "missing.key",
        "[anchor] policy: could not read ",
        "missing.txt",
    ] {
        assert!(found.contains(words), "`{words}` is not in:\n{found}");
    }
}
