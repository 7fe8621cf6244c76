//! One endpoint of the chain lies: it shows a final block that never was.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};

use serde_json::{Value, json};
use tests::waiting::wait_for;

use crate::events::{item, made, serial};
use crate::town::{BRAND, Town, Who, fetch};

/// A proxy in front of the chain that moves every block's time to 2020.
fn liar(chain: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it listens");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let chain = chain.clone();
            std::thread::spawn(move || lie(stream, &chain));
        }
    });
    address
}

fn lie(mut stream: std::net::TcpStream, chain: &str) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream of ours"));
    loop {
        let (mut length, mut line) = (0, String::new());
        loop {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let (_, text) = tests::stage::post(chain, &[("Content-Type", "application/json")], &body);
        let mut answer: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if let Some(block) = answer.get_mut("result").and_then(Value::as_object_mut)
            && block.contains_key("timestamp")
            && block.contains_key("parentHash")
        {
            block.insert("timestamp".into(), json!("0x5e0be100"));
            block.insert("hash".into(), json!(format!("0x{}", "ab".repeat(32))));
        }
        let text = answer.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            text.len()
        );
        if stream.write_all(format!("{head}{text}").as_bytes()).is_err() {
            return;
        }
    }
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
    let lying = format!("http://{}", liar(honest.clone()));
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
