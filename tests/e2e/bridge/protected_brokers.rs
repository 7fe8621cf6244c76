//! Brokers behind TLS and with logins, and what is said when one of them is not the right one.
//!
//! The way through: a real broker in this process, a TLS server in front of it with certificates of the test's own, and
//! a bridge on a site's TOML; a device publishes to the broker behind the TLS server.
//!
//! What holds: every wait ends by what it waits for, or fails after half a minute.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use demo::simulators as sim;
use demo::simulators::impinj_r700::R700;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use reads::code;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tests::site::{Outbox, Site, hex_of, reader, tags, wait_for};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A certificate authority.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Certificate and key for a name, PEM.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }
}

/// A TLS server in front of a broker; it lives as long as the test's process.
struct Gate {
    address: SocketAddr,
    /// Bytes that came through it, decrypted.
    received: Arc<AtomicU64>,
}

impl Gate {
    /// - `clients`: who signs the certificates that clients must show.
    fn before(broker: SocketAddr, (chain, key): (String, String), clients: Option<&str>) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3");
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                let root = CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM");
                roots.add(root).expect("a root");
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
            }
        };
        let chain = vec![CertificateDer::from_pem_slice(chain.as_bytes()).expect("PEM")];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("PEM");
        let config = builder.with_single_cert(chain, key).expect("a pair");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a free port");
        let received = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&received);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime starts");
            runtime.block_on(serve(listener, TlsAcceptor::from(Arc::new(config)), broker, counter));
        });
        Self { address, received }
    }
}

async fn serve(
    listener: std::net::TcpListener,
    acceptor: TlsAcceptor,
    broker: SocketAddr,
    received: Arc<AtomicU64>,
) {
    listener.set_nonblocking(true).expect("a socket");
    let listener = TcpListener::from_std(listener).expect("a socket");
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, received) = (acceptor.clone(), Arc::clone(&received));
        tokio::spawn(async move {
            let Ok(client) = acceptor.accept(stream).await else { return };
            let Ok(behind) = TcpStream::connect(broker).await else { return };
            let (mut from_client, mut to_client) = tokio::io::split(client);
            let (mut from_broker, mut to_broker) = behind.into_split();
            let up = async {
                let mut bytes = [0; 4096];
                while let Ok(count @ 1..) = from_client.read(&mut bytes).await {
                    received.fetch_add(count as u64, Ordering::SeqCst);
                    if to_broker.write_all(&bytes[..count]).await.is_err() {
                        return;
                    }
                }
            };
            tokio::select! {
                () = up => {}
                _ = tokio::io::copy(&mut from_broker, &mut to_client) => {}
            }
        });
    }
}

fn door(broker: &str) -> String {
    reader("door", &format!("device.impinj-r700 = {{ broker = {{ {broker} }}, topic = \"tags\" }}"))
}

fn put(site: &Site, name: &str, text: &str) -> PathBuf {
    let path = site.path(name);
    keystore::private::create(&path, text).expect("the folder is ours");
    path
}

fn event(epc: &[u8]) -> String {
    let (now, epc) = (jiff::Timestamp::now(), hex::encode_upper(epc));
    format!(
        "{{\"timestamp\":\"{now:.9}\",\"hostname\":\"r\",\"eventType\":\"tagInventory\",\"tagInventoryEvent\":\
         {{\"epcHex\":\"{epc}\",\"antennaPort\":1,\"peakRssiCdbm\":-4500}}}}"
    )
}

/// Publishes behind the TLS server until the bridge has observed it.
fn is_read(site: &Site, broker: SocketAddr) {
    let mut outbox: Outbox = site.outbox();
    let mut device = R700::connect(broker, "tags", "device").expect("the broker listens");
    let field = tags(7, 2);
    wait_for(&format!("what is published arrives: {:#?}", site.findings()), || {
        for epc in &field {
            device.publish(event(epc).as_bytes()).expect("the broker takes it");
        }
        device.flush().expect("the broker takes it");
        outbox.take();
        hex_of(&field).is_subset(&outbox.epcs("door"))
    });
}

#[test]
fn a_broker_behind_tls_is_believed_only_with_a_certificate_of_the_configured_authority() {
    let (right, other) = (Authority::new(), Authority::new());
    let broker = sim::broker::start().expect("a broker");
    let gate = Gate::before(broker, right.issue("localhost"), None);
    let site = Site::new("");
    put(&site, "right.pem", &right.pem);
    put(&site, "other.pem", &other.pem);
    put(&site, "password.txt", "secret");
    let login = "user = \"u\", password_file = \"password.txt\"";
    let at = |host: &str, ca: &str| {
        let port = gate.address.port();
        door(&format!("address = \"{host}:{port}\", {login}, ca_file = \"{ca}\""))
    };
    for (host, ca, words) in [
        ("localhost", "other.pem", "is not signed by one in `ca_file`"),
        ("127.0.0.1", "right.pem", "the broker's certificate is for another host"),
    ] {
        site.configure("", &at(host, ca));
        let bridge = site.start();
        site.wait_for_finding("door", code::LOST, words);
        bridge.stop();
    }
    let sent = gate.received.load(Ordering::SeqCst);
    assert_eq!(sent, 0, "the password was sent to a broker that is not believed");
    site.configure("", &at("localhost", "right.pem"));
    let bridge = site.start();
    is_read(&site, broker);
    bridge.stop();
}

#[test]
fn a_broker_that_asks_for_a_certificate_gets_the_one_that_is_configured() {
    let (own, clients) = (Authority::new(), Authority::new());
    let broker = sim::broker::start().expect("a broker");
    let gate = Gate::before(broker, own.issue("localhost"), Some(&clients.pem));
    let site = Site::new("");
    put(&site, "ca.pem", &own.pem);
    let (certificate, key) = clients.issue("bridge");
    put(&site, "client.pem", &certificate);
    let key = put(&site, "client.key", &key);
    let port = gate.address.port();
    let without = format!("address = \"localhost:{port}\", ca_file = \"ca.pem\"");
    site.configure("", &door(&without));
    let bridge = site.start();
    let words = "the broker does not accept the bridge's certificate";
    site.wait_for_finding("door", code::LOST, words);
    bridge.stop();
    let files = "client_certificate_file = \"client.pem\", client_key_file = \"client.key\"";
    site.configure("", &door(&format!("{without}, {files}")));
    let bridge = site.start();
    is_read(&site, broker);
    bridge.stop();
    widen(&key);
    let resolved = process::config::Installation::read(&site.path("site.toml"))
        .and_then(|installation| firmware_bridge::config::resolve(&installation));
    let found = resolved.map(drop).expect_err("others can read the key").to_string();
    assert!(found.contains("client_key_file: ") && found.contains("got mode 0644"), "{found}");
}

fn widen(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).expect("it is ours");
}

#[test]
fn a_broker_that_refuses_the_password_is_reported_with_what_to_check() {
    let broker = sim::broker::start_for("bridge", "right").expect("a broker");
    let site = Site::new("");
    put(&site, "password.txt", "wrong\n");
    let with = |login: &str| door(&format!("address = \"{broker}\"{login}"));
    let login = ", user = \"bridge\", password_file = \"password.txt\"";
    site.configure("", &with(login));
    let bridge = site.start();
    let found = site.wait_for_finding("door", code::LOST, "check `user` and `password_file`");
    assert!(!found.text.contains("wrong"), "{}", found.text);
    bridge.stop();
    site.configure("", &with(""));
    let bridge = site.start();
    site.wait_for_finding("door", code::LOST, "it may ask for `user` and `password_file`");
    bridge.stop();
    std::fs::write(site.path("password.txt"), "right\n").expect("the folder is ours");
    site.configure("", &with(login));
    let bridge = site.start();
    wait_for("the broker accepts the login", || {
        site.findings().iter().all(|found| found.code != code::BACK) && is_connected(&site)
    });
    bridge.stop();
}

fn is_connected(site: &Site) -> bool {
    let page = tests::stage::get(&format!("http://{}/metrics", site.listen)).1;
    page.contains("bridge_connected_readers{reader=\"door\"} 1")
}

#[test]
fn a_message_above_the_limit_is_counted_and_kept_in_part_and_the_connection_goes_on() {
    let broker = sim::broker::start().expect("a broker");
    let site = Site::new(&door(&format!("address = \"{broker}\", max_packet_bytes = 4096")));
    let bridge = site.start();
    is_read(&site, broker);
    let mut device = R700::connect(broker, "tags", "large").expect("the broker listens");
    device.publish(&vec![b'x'; 5000]).expect("the broker takes it");
    device.flush().expect("the broker takes it");
    wait_for("it is counted", || {
        let page = tests::stage::get(&format!("http://{}/metrics", site.listen)).1;
        page.contains("bridge_dead_letters_total{reader=\"door\"} 1")
    });
    is_read(&site, broker);
    bridge.stop();
    let letters = site.spool().dead_letters().expect("the spool can be read");
    let reason = &letters[0].1;
    for words in ["5000 bytes", "at most 4096 (`max_packet_bytes`)"] {
        assert!(reason.contains(words), "`{words}` is not in: {reason}");
    }
    assert!(site.findings().iter().all(|found| found.code != code::LOST));
}
