//! Ingest and trace-api at one address of one process, over HTTP and over TLS, and what is said where they cannot share it.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tests::stage::{Stage, TOKEN, get};
use tests::waiting::wait_for;

use crate::encrypted::{certify, curl, edit};
use crate::interfaces::{Open, assert_is_socket, new_key, open};
use crate::long_documents::document;

/// Sends a request; gives status, head and body.
fn ask(open: &Open, base: &str, words: &[&str], path: &str) -> (u16, String, String) {
    let ca = open.stage.folder.path().join("ca.pem");
    let ca = if ca.exists() { ca } else { Path::new("/dev/null").to_owned() };
    let (_, text) = curl(&ca, &format!("{base}{path}"), words);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    (status, head.to_ascii_lowercase(), body.to_owned())
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(found, _)| *found == name).map(|(_, value)| value).next().unwrap_or_default()
}

/// A partner captures, looks at its jobs, and finds its events, all below one base.
fn pass(open: &Open, base: &str) {
    let folder = open.stage.folder.path();
    let file = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.join(name), bytes).expect("the folder is ours");
        format!("@{}", folder.join(name).display())
    };
    let token = format!("Authorization: Bearer {TOKEN}");
    let key = format!("Authorization: Bearer {}", open.key);
    let json = "Content-Type: application/json";
    let sent = file("sent.json", &document(1, 2));
    let post = ["-H", &token, "-H", json, "-H", "Expect:", "--data-binary"];
    let (status, head, body) = ask(open, base, &[&post[..], &[&sent]].concat(), "/capture");
    assert_eq!(status, 202, "{body}");
    let (status, _, job) = ask(open, base, &["-H", &token], header(&head, "location"));
    assert!(status == 200 && job.contains("\"success\":true"), "{status} {job}");
    let one = br#"{"@context":"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld","type":"ObjectEvent",
        "action":"OBSERVE","eventID":"urn:uuid:0f3a8c2e-0000-4000-8000-000000000001","eventTime":"2026-11-20T00:00:00Z",
        "eventTimeZoneOffset":"+00:00","epcList":["urn:epc:id:sgtin:9521141.012345.99"],"bizStep":"storing"}"#;
    let one = file("one.json", one);
    let (status, head, body) = ask(open, base, &[&post[..], &[&one]].concat(), "/events");
    assert_eq!(status, 201, "{body}");
    let location = header(&head, "location").to_owned();
    wait_for("the event that was created is found where the answer said", || {
        let (status, _, body) = ask(open, base, &["-H", &key], &location);
        assert!([200, 404].contains(&status), "{status} {body}");
        status == 200 && body.contains("urn:epc:id:sgtin:9521141.012345.99")
    });
    // Each has its own guards: a key of a role that captures nothing, a partner's token that queries nothing.
    let foreign = ["-H", &key, "-H", json, "--data-binary", &sent];
    assert_eq!(ask(open, base, &foreign, "/capture").0, 403);
    assert_eq!(ask(open, base, &["-H", &token], "/events").0, 401);
    assert_eq!(ask(open, base, &["--data-binary", "{}"], "/observations").0, 401);
    let large = file("large.json", &b" ".repeat(17 << 20));
    let (status, head, _) = ask(open, base, &[&post[..], &[&large]].concat(), "/capture");
    assert_eq!((status, header(&head, "gs1-epcis-capture-file-size-limit")), (413, "16777216"));

    let (status, head, _) = ask(open, base, &["-X", "OPTIONS"], "/events");
    assert_eq!((status, header(&head, "allow")), (204, "get, head, options, post"));
    let (status, head, _) = ask(open, base, &["-X", "PUT"], "/events");
    assert_eq!((status, header(&head, "allow")), (405, "get, head, options, post"));
    let (_, _, body) = ask(open, base, &[], "/openapi.json");
    let described: serde_json::Value = serde_json::from_str(&body).expect("it is JSON");
    for (path, method) in
        [("/capture", "post"), ("/events", "get"), ("/events", "post"), ("/epcs", "get")]
    {
        assert!(described["paths"][path][method].is_object(), "{method} {path}");
    }
    let program = ["-H", &key, "-H", "Accept: application/json"];
    let (status, _, body) = ask(open, base, &program, "/");
    assert!(status == 200 && body.contains("\"capture\"") && body.contains("\"events\""), "{body}");
    assert!(ask(open, base, &["-H", "Accept: text/html"], "/").2.contains("<h1"));
    let partner =
        new_key(&open.stage, &["--role", "custodian", "--party", "urn:epc:id:pgln:9521142.00000"]);
    let partner = format!("Authorization: Bearer {partner}");
    let query = r#"{"name":"all","query":{"eventType":["ObjectEvent"]}}"#;
    let store = ["-H", &partner, "-H", json, "--data-binary", query];
    assert_eq!(ask(open, base, &store, "/queries").0, 201);
    let ca = folder.join("ca.pem");
    let ca = if ca.exists() { ca } else { Path::new("/dev/null").to_owned() };
    assert_is_socket(&ca, &format!("{base}/queries/all/events?stream=true"), &partner);
    // What is the operator's is not at that address.
    for path in ["/metrics", "/readyz", "/ingest/metrics"] {
        assert_eq!(ask(open, base, &[], path).0, 404, "{path}");
    }
    let metrics = |path: &str| get(&format!("http://{}{path}", open.internal)).1;
    assert!(
        metrics("/ingest/metrics").contains("ingest_captures_total"),
        "{}",
        metrics("/ingest/metrics")
    );
    assert!(!metrics("/metrics").contains("ingest_captures_total"));
    let (status, said) = open.stage.chopmark(&["health", "--config", "chopmark.toml"]);
    assert!(status == Some(0) && said.matches(": ready (").count() == 2, "{said}");
}

#[test]
fn one_address_has_capture_and_queries_each_with_its_own_guards() {
    let mut open = open(Stage::new(None), "");
    let base = format!("http://{}", open.public);
    pass(&open, &base);
    assert!(open.process.stop().success(), "{}", open.process.tail());
    open.stage.check_whole_ledger();
}

#[test]
fn one_address_has_one_certificate_for_both() {
    let stage = Stage::new(None);
    let folder = stage.folder.path().to_owned();
    certify(&folder);
    let mut open = open(stage, "tls_certificate = \"host.pem\"\ntls_key = \"host.key\"\n");
    let base = format!("https://localhost:{}", open.public.port());
    pass(&open, &base);
    assert_eq!(get(&format!("http://{}/", open.public)).0, 0, "plain HTTP is not answered");
    open.process.terminate();
    assert!(open.process.wait().success(), "{}", open.process.tail());

    // What cannot be shared is said before anything starts.
    let check = |role: &[&str]| {
        open.stage.chopmark(&[&["config", "check", "--config", "chopmark.toml"], role].concat())
    };
    assert_eq!(check(&[]).0, Some(0));
    for role in ["ingest", "trace-api"] {
        let (status, said) = check(&["--role", role]);
        assert!(status != Some(0) && said.contains("which is that of ["), "{said}");
        let (status, said) =
            open.stage.chopmark(&["up", "--config", "chopmark.toml", "--role", role]);
        assert!(status != Some(0) && said.contains("one `chopmark up` that runs both"), "{said}");
    }
    let pair = "[ingest]\ntls_certificate = \"host.pem\"\ntls_key = \"host.key\"\n";
    edit(&folder.join("chopmark.toml"), pair, "[ingest]\n");
    let (status, said) = check(&[]);
    assert!(status != Some(0) && said.contains("got none, expected "), "{said}");
    assert!(said.contains("as in [trace_api], since both listen on"), "{said}");
}

/// Writes an authority of machines (`machines.pem`) and a certificate that it signed (`dock.pem`, `dock.key`).
fn machine(folder: &Path) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let [key, own] = [(); 2].map(|()| KeyPair::generate().expect("keys can be made"));
    let root = authority.clone().self_signed(&key).expect("it can be signed");
    let params = CertificateParams::new(["dock".to_owned()]).expect("a name");
    let dock = params.signed_by(&own, &Issuer::new(authority, key)).expect("it can be signed");
    for (name, text) in [("machines.pem", root.pem()), ("dock.pem", dock.pem())] {
        std::fs::write(folder.join(name), text).expect("the folder is ours");
    }
    keystore::private::create(&folder.join("dock.key"), &own.serialize_pem())
        .expect("the folder is ours");
}

#[test]
fn a_machine_captures_and_queries_with_its_certificate_until_it_is_revoked() {
    let stage = Stage::new(None);
    let folder = stage.folder.path().to_owned();
    certify(&folder);
    machine(&folder);
    let tls = "tls_certificate = \"host.pem\"\ntls_key = \"host.key\"\ntls_client_ca = \"machines.pem\"\n";
    let mut open = open(stage, tls);
    let base = format!("https://localhost:{}", open.public.port());
    let path = |name: &str| folder.join(name).display().to_string();
    let (certificate, key) = (path("dock.pem"), path("dock.key"));
    let shown = ["--cert", &certificate, "--key", &key];
    std::fs::write(folder.join("sent.json"), document(1, 2)).expect("the folder is ours");
    let sent = format!("@{}", path("sent.json"));
    let post = ["-H", "Content-Type: application/json", "--data-binary", &sent];
    let capture = |open: &Open, more: &[&str]| {
        ask(open, &base, &[&shown[..], &post[..], more].concat(), "/capture")
    };
    let query = |open: &Open| ask(open, &base, &shown, "/events");
    // Signed by the authority, and nobody.
    assert_eq!((capture(&open, &[]).0, query(&open).0), (401, 401));
    let access = |words: &[&str]| {
        let place = ["--config", "chopmark.toml"];
        let (status, said) =
            open.stage.chopmark(&[&["access", "certificate"], words, &place].concat());
        assert_eq!(status, Some(0), "{said}");
    };
    let dock = ["--file", "dock.pem", "--subject", "dock", "--role", "custodian"];
    access(&[&["add"], &dock[..], &["--party", "urn:epc:id:pgln:9521142.00000"]].concat());
    let (status, _, body) = capture(&open, &[]);
    assert_eq!(status, 202, "{body}");
    wait_for("what it captured is found", || {
        let (status, _, body) = query(&open);
        assert_eq!(status, 200, "{body}");
        body.contains("urn:epc:id:sgtin:")
    });
    // The token of a partner with another name, over the connection of the machine.
    let token = format!("Authorization: Bearer {TOKEN}");
    assert_eq!(capture(&open, &["-H", &token]).0, 403);
    access(&["revoke", "--file", "dock.pem"]);
    assert_eq!((capture(&open, &[]).0, query(&open).0), (401, 401));
    // People without a certificate are served all the while.
    assert!(ask(&open, &base, &["-H", "Accept: text/html"], "/").2.contains("<h1"));
    assert!(open.process.stop().success(), "{}", open.process.tail());
}
