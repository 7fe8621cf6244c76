//! One endpoint of the chain lies: it shows a final block that never was.

use anchor::endpoint::Endpoint;
use serde_json::{Value, json};
use tests::stage::fetch;
use tests::waiting::wait_for;

use crate::events::{item, made, serial};
use crate::town::{BRAND, Town, Who};

/// A proxy in front of the chain that moves every block's time to 2020; its address.
fn liar(chain: String) -> String {
    let lie = move |request: &Value| {
        let headers = [("Content-Type", "application/json")];
        let (_, text) = tests::stage::post(&chain, &headers, request.to_string().as_bytes());
        let mut answer: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if let Some(block) = answer.get_mut("result").and_then(Value::as_object_mut)
            && block.contains_key("timestamp")
            && block.contains_key("parentHash")
        {
            block.insert("timestamp".into(), json!("0x5e0be100"));
            block.insert("hash".into(), json!(format!("0x{}", "ab".repeat(32))));
        }
        answer
    };
    Endpoint::start(lie).expect("a port is free").url()
}

#[test]
fn a_bundle_whose_block_one_of_two_endpoints_denies_is_not_proved_on_chain() {
    let town = Town::shared();
    let sold = serial();
    town.state(Who::Brand, &[made(&sold)]);
    town.wait_for_hub(BRAND);
    wait_for("the anchor is final", || !town.look(&sold)["clocks"]["anchored"].is_null());
    let url = format!("http://{}/items/{}/bundle", town.public, item(&sold));
    let (status, bundle) = fetch(&url, &[]);
    assert_eq!(status, 200, "{bundle}");
    std::fs::write(town.path("anchored.bundle.json"), bundle).expect("the folder is ours");
    let honest = town.chain.url().to_owned();
    let lying = liar(honest.clone());
    let verify = |endpoints: &[&str]| {
        let mut words = vec!["verify", "anchored.bundle.json", "--policy", "policy.txt"];
        for endpoint in endpoints {
            words.extend(["--rpc", endpoint]);
        }
        town.chopmark(&words)
    };
    let (code, text) = verify(&[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.to_lowercase().contains("not checked"), "{text}");
    let (code, text) = verify(&[&honest]);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = verify(&[&lying]);
    assert_ne!(code, Some(0), "{text}");
    let (code, text) = verify(&[&honest, &lying]);
    assert_ne!(code, Some(0), "one of two denies the block: {text}");
}
