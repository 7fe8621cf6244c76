//! The whole way over TLS: bridge to ingest with a certificate of a private authority, and scans over `https://`.

use std::fs;
use std::path::Path;
use std::process::Command;

use demo::simulators::impinj_r700::R700;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tests::stage::{Process, Stage, get, tag};
use tests::waiting::{free_address, wait_for};

/// Writes `ca.pem`, and `host.pem` (with the authority in between) and `host.key` for `localhost`.
pub fn certify(folder: &Path) {
    // Names of their own: by them a client finds the issuer of each.
    let ca = |name: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    };
    let key = || KeyPair::generate().expect("keys can be made");
    let (root_key, between_key, own_key) = (key(), key(), key());
    let root = ca("root").self_signed(&root_key).expect("it can be signed");
    let root_issuer = Issuer::new(ca("root"), root_key);
    let between = ca("between").signed_by(&between_key, &root_issuer).expect("it can be signed");
    let host = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let issuer = Issuer::new(ca("between"), between_key);
    let host = host.signed_by(&own_key, &issuer).expect("it can be signed");
    fs::write(folder.join("ca.pem"), root.pem()).expect("the folder is ours");
    let chain = format!("{}{}", host.pem(), between.pem());
    fs::write(folder.join("host.pem"), chain).expect("the folder is ours");
    fs::remove_file(folder.join("host.key")).ok();
    keystore::private::create(&folder.join("host.key"), &own_key.serialize_pem())
        .expect("the folder is ours");
}

/// Replaces a part of a file that must have it.
pub fn edit(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).expect("the stage wrote it");
    assert!(text.contains(from), "`{from}` is not in {text}");
    fs::write(file, text.replace(from, to)).expect("it is ours");
}

/// Exit status and output of curl, which trusts only `ca`.
pub fn curl(ca: &Path, url: &str, more: &[&str]) -> (Option<i32>, String) {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--include", "--max-time", "30", "--cacert"])
        .arg(ca)
        .args(more)
        .arg(url)
        .output()
        .expect("curl is needed; `make setup` gets it");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

/// Sends SIGHUP.
fn hang_up(process: &Process) {
    let id = nix::unistd::Pid::from_raw(i32::try_from(process.id()).expect("an id of a process"));
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGHUP).expect("it is ours");
}

#[test]
fn a_bridge_delivers_over_tls_of_a_private_authority_and_goes_on_with_a_new_certificate() {
    let broker = demo::simulators::broker::start().expect("a broker starts");
    let stage = Stage::new(Some(broker));
    let folder = stage.folder.path().to_owned();
    certify(&folder);
    let (plain, port) = (format!("http://{}", stage.ingest), stage.ingest.port());
    let pair = "[ingest]\ntls_certificate = \"host.pem\"\ntls_key = \"host.key\"\n";
    edit(&folder.join("chopmark.toml"), "[ingest]\n", pair);
    let encrypted = format!("https://localhost:{port}\"\ningest_ca = \"ca.pem");
    edit(&folder.join("bridge.toml"), &plain, &encrypted);
    let mut ingest = stage.start("chopmark.toml", "ingest", None);
    let (ca, ready) = (folder.join("ca.pem"), format!("https://localhost:{port}/readyz"));
    wait_for("ingest is ready", || curl(&ca, &ready, &[]).1.contains("200 OK"));
    assert_eq!(get(&format!("{plain}/readyz")).0, 0, "plain HTTP is not answered");
    let mut bridge = stage.start("bridge.toml", "bridge", None);
    wait_for("the bridge listens", || {
        get(&format!("http://{}/metrics", stage.bridge))
            .1
            .contains("bridge_connected_readers{reader=\"door-3\"} 1")
    });
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let mut reader = R700::connect(broker, "tags", "tls-reader").expect("the broker answers");
    for serial in 1..=2 {
        let (uri, bank) = tag(serial);
        let now = jiff::Timestamp::now();
        let message = format!(
            "{{\"timestamp\":\"{now:.9}\",\"hostname\":\"r\",\"tagInventoryEvent\":{{\"epcHex\":\"{}\",\"antennaPort\":1,\"peakRssiCdbm\":-4500}}}}",
            hex::encode_upper(bank)
        );
        reader.publish(message.as_bytes()).expect("the broker takes it");
        wait_for("it is recorded", || stage.named(&runtime).contains_key(&uri));
        if serial == 1 {
            // Of the same names, by a new authority: who trusts the old one is refused from now on.
            let old = folder.join("old.pem");
            fs::copy(&ca, &old).expect("the folder is ours");
            certify(&folder);
            hang_up(&ingest);
            wait_for("the new certificate is shown", || {
                // 60: no chain to the authority; 35: a chain by its names whose signature is wrong.
                let refused = matches!(curl(&old, &ready, &[]).0, Some(35 | 60));
                refused && curl(&ca, &ready, &[]).1.contains("200 OK")
            });
            // The bridge reads its authorities when it starts.
            assert!(bridge.stop().success(), "{}", bridge.tail());
            bridge = stage.start("bridge.toml", "bridge", None);
            wait_for("the bridge listens", || {
                get(&format!("http://{}/readyz", stage.bridge)).0 == 200
            });
        }
    }
    let (_, metrics) = curl(&ca, &format!("https://localhost:{port}/metrics"), &[]);
    assert!(metrics.contains("tls_certificate_reloads_total{outcome=\"replaced\"} 1"), "{metrics}");
    stage.check_whole_ledger();
    assert!(bridge.stop().success() && ingest.stop().success());
}

#[test]
fn scans_are_answered_over_tls_and_the_operator_without() {
    let stage = Stage::new(None);
    let folder = stage.folder.path().to_owned();
    certify(&folder);
    let (scans, operator) = (free_address(), free_address());
    let more = format!(
        "[trace_api]\nlisten = \"{scans}\"\ninternal_listen = \"{operator}\"\npublic_url = \"https://localhost\"\n\
         policy = \"policy.txt\"\nscan_secret = \"scan.secret\"\ntls_certificate = \"host.pem\"\ntls_key = \"host.key\"\n[ingest]\n"
    );
    edit(&folder.join("chopmark.toml"), "[ingest]\n", &more);
    keystore::private::create(&folder.join("scan.secret"), "sixteen bytes or more")
        .expect("the folder is ours");
    let mut process = stage.start("chopmark.toml", "trace-api", None);
    wait_for("it is ready", || get(&format!("http://{operator}/readyz")).0 == 200);
    let ca = folder.join("ca.pem");
    let url = format!("https://localhost:{}/01/09521141123454/21/1", scans.port());
    for version in ["--tlsv1.2", "--tlsv1.3"] {
        let (status, text) =
            curl(&ca, &url, &[version, "--http2", "--header", "Accept: text/html"]);
        assert_eq!(status, Some(0), "{text}");
        assert!(text.starts_with("HTTP/1.1 ") && text.contains("<html"), "{text}");
    }
    let (_, metrics) = get(&format!("http://{operator}/metrics"));
    assert!(!metrics.contains("tls_certificate_expires_seconds 0\n"), "{metrics}");
    assert!(process.stop().success(), "{}", process.tail());
}
