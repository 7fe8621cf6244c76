//! Real servers and clients: certificates that change under them, clients that never finish.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use actix_web::{App, HttpServer, web};
use prometheus::Registry;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};
use tokio::sync::watch;

use super::*;
use crate::{Clock, Reloads};

/// An authority, an intermediate that it signed, and the certificates of a host by that intermediate.
struct Authority {
    root: CertificateDer<'static>,
    intermediate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let ca = || {
            let mut params = CertificateParams::default();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params
        };
        let root_key = KeyPair::generate().unwrap();
        let root = ca().self_signed(&root_key).unwrap();
        let between_key = KeyPair::generate().unwrap();
        let between = ca().signed_by(&between_key, &Issuer::new(ca(), root_key)).unwrap();
        let issuer = Issuer::new(ca(), between_key);
        Self { root: root.der().clone(), intermediate: between.pem(), issuer }
    }

    /// Chain and key for `localhost` until `year`.
    fn issue(&self, year: i32) -> (String, String) {
        self.issue_between(1975, year)
    }

    /// Chain and key for `localhost`, valid from June of one year to June of another.
    fn issue_between(&self, first: i32, last: i32) -> (String, String) {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(first, 6, 1);
        params.not_after = rcgen::date_time_ymd(last, 6, 1);
        let key = KeyPair::generate().unwrap();
        let own = params.signed_by(&key, &self.issuer).unwrap().pem();
        (format!("{own}{}", self.intermediate), key.serialize_pem())
    }

    /// A client that trusts this authority.
    fn client(&self, versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_protocol_versions(versions).unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(config)
    }
}

/// A server with files that a test replaces.
struct Scene {
    authority: Authority,
    folder: tempfile::TempDir,
    address: SocketAddr,
    reloads: Reloads,
    metrics: TlsMetrics,
    clock: Clock,
    stop: watch::Sender<bool>,
}

impl Scene {
    fn new() -> Self {
        Self::changed_at_start(|_, _| ())
    }

    /// - `change`: what happens to the files after they were read, and before they are followed.
    fn changed_at_start(change: impl FnOnce(&Authority, &tempfile::TempDir)) -> Self {
        let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
        put(&folder, &authority.issue(2050));
        let tls = from_files(&folder).unwrap();
        change(&authority, &folder);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = HttpServer::new(|| App::new().route("/", web::get().to(async || "served")))
            .workers(1)
            .tls_handshake_timeout(Duration::from_millis(300))
            .disable_signals()
            .listen_rustls_0_23(listener, tls.server_config())
            .unwrap();
        actix_web::rt::spawn(server.run());
        let (stop, stopped) = watch::channel(false);
        let clock = Clock::manual("2020-11-20T00:00:00Z".parse().unwrap());
        let context = Context { clock: clock.clone(), ..Context::system(stopped) };
        let (reloads, metrics) = (context.reloads.clone(), TlsMetrics::new(&Registry::new()));
        tokio::spawn(tls.follow(context, metrics.clone()));
        Self { authority, folder, address, reloads, metrics, clock, stop }
    }

    /// The end of the certificate that is shown, the protocol, and the answer.
    async fn get(&self) -> (Timestamp, Vec<u8>, String) {
        let client = self.authority.client(rustls::DEFAULT_VERSIONS);
        let address = self.address;
        tokio::task::spawn_blocking(move || get(address, client).unwrap()).await.unwrap()
    }

    /// Waits until the counter of an outcome has this value.
    async fn wait_for(&self, outcome: &str, count: u64) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.metrics.reloads.with_label_values(&[outcome]).get() < count {
            assert!(Instant::now() < deadline, "timed out: {outcome} {count} times");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn get(
    address: SocketAddr,
    client: Arc<ClientConfig>,
) -> std::io::Result<(Timestamp, Vec<u8>, String)> {
    let name = "localhost".try_into().unwrap();
    let connection = ClientConnection::new(client, name).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address)?);
    stream.sock.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    // Some clients of a server that closes at once see no end of TLS.
    stream.read_to_string(&mut answer).or_else(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Ok(0),
        _ => Err(error),
    })?;
    let shown = stream.conn.peer_certificates().unwrap();
    let protocol = stream.conn.alpn_protocol().unwrap_or_default().to_vec();
    Ok((certificate::validity(&shown[0]).unwrap().1, protocol, answer))
}

fn put(folder: &tempfile::TempDir, (certificate, key): &(String, String)) {
    fs::write(folder.path().join("host.pem"), certificate).unwrap();
    let path = folder.path().join("host.key");
    fs::remove_file(&path).ok();
    keystore::private::create(&path, key).unwrap();
}

fn from_files(folder: &tempfile::TempDir) -> Result<Tls, String> {
    let installation = Installation::parse(&folder.path().join("chopmark.toml"), "").unwrap();
    let names = [Some(Path::new("host.pem")), Some(Path::new("host.key"))];
    Tls::from_files(&installation, "[ingest]", names[0], names[1])
        .map(|tls| tls.expect("files were named"))
        .map_err(|problems| problems.to_string())
}

fn year(number: i32) -> Timestamp {
    format!("{number}-06-01T00:00:00Z").parse().unwrap()
}

#[actix_web::test]
async fn a_new_pair_is_shown_and_a_bad_one_leaves_the_one_before() {
    let scene = Scene::new();
    let (expires, protocol, answer) = scene.get().await;
    assert_eq!((expires, &protocol[..]), (year(2050), &b"http/1.1"[..]));
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("served"), "{answer}");
    assert_eq!(scene.metrics.expires.get(), year(2050).as_second());
    put(&scene.folder, &scene.authority.issue(2060));
    scene.reloads.request();
    scene.wait_for("replaced", 1).await;
    assert_eq!(scene.get().await.0, year(2060));
    let good = scene.authority.issue(2070);
    let (other, expired) = (scene.authority.issue(2070), scene.authority.issue(2001));
    let bad = [
        (good.0.clone(), other.1),
        ("no certificate\n".to_owned(), good.1.clone()),
        (good.0.clone(), "no key\n".to_owned()),
        expired,
    ];
    for (count, pair) in (1..).zip(bad) {
        put(&scene.folder, &pair);
        scene.reloads.request();
        scene.wait_for("kept", count).await;
        assert_eq!(scene.get().await.0, year(2060), "pair {count}");
    }
    // Without a signal: it is seen that the files are others.
    put(&scene.folder, &good);
    scene.wait_for("replaced", 2).await;
    assert_eq!(scene.get().await.0, year(2070));
    assert_eq!(scene.metrics.expires.get(), year(2070).as_second());
    scene.stop.send(true).unwrap();
}

#[actix_web::test]
async fn a_pair_that_is_not_valid_yet_is_shown_when_its_time_comes_and_no_moment_before() {
    let scene = Scene::new();
    // The scene's clock stands in 2020; that of the client is the machine's, for which all of these are valid.
    put(&scene.folder, &scene.authority.issue_between(2021, 2060));
    scene.reloads.request();
    scene.wait_for("waiting", 1).await;
    assert_eq!(scene.get().await.0, year(2050), "the valid one stays");
    assert_eq!(scene.metrics.expires.get(), year(2050).as_second());
    scene.clock.advance(Duration::from_hours(24 * 365));
    scene.wait_for("replaced", 1).await;
    assert_eq!(scene.get().await.0, year(2060));
    // Where the one before is no longer valid, one that is not valid yet is no worse.
    scene.clock.advance(Duration::from_hours(24 * 365 * 40));
    put(&scene.folder, &scene.authority.issue_between(2070, 2090));
    scene.reloads.request();
    scene.wait_for("replaced", 2).await;
    assert_eq!(scene.metrics.expires.get(), year(2090).as_second());
}

#[actix_web::test]
async fn a_pair_that_was_replaced_while_the_process_started_is_seen_without_a_signal() {
    let scene = Scene::changed_at_start(|authority, folder| put(folder, &authority.issue(2060)));
    scene.wait_for("replaced", 1).await;
    assert_eq!(scene.get().await.0, year(2060));
}

#[actix_web::test]
async fn versions_before_1_2_are_refused_and_1_2_is_served() {
    let scene = Scene::new();
    let (address, client) = (scene.address, scene.authority.client(&[&rustls::version::TLS12]));
    let served = tokio::task::spawn_blocking(move || get(address, client)).await.unwrap();
    assert!(served.unwrap().2.ends_with("served"));
    // A hello of TLS 1.1: the client's library cannot say it, so its bytes are written here.
    let mut hello = vec![0x03, 0x02];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x13, 1, 0]);
    let length = u8::try_from(hello.len()).unwrap();
    let message = [&[1, 0, 0, length][..], &hello].concat();
    let record = [&[22, 3, 1, 0, length + 4][..], &message].concat();
    let answer = tokio::task::spawn_blocking(move || say(address, &record)).await.unwrap();
    // An alert (21) that is fatal (2): protocol version (70) or handshake failure (40).
    assert!(matches!(answer[..], [21, 3, _, 0, 2, 2, 70 | 40 | 47, ..]), "{answer:?}");
}

/// Sends bytes and gives what is answered until the server closes, which it must within 20 s.
fn say(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => {
            panic!("the server does not close the connection: {error}")
        }
        _ => answer,
    }
}

#[actix_web::test]
async fn handshakes_that_never_finish_end_and_hold_up_nobody_else() {
    let scene = Scene::new();
    let address = scene.address;
    // The one worker has 100 clients that say nothing, or half of a hello, or plain HTTP, or anything.
    let hostile: Vec<_> = (0..100)
        .map(|number: usize| {
            let bytes = match number % 4 {
                0 => b"".to_vec(),
                1 => vec![22, 3, 1, 2, 0, 1, 0, 1, 0xfc],
                2 => b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
                _ => (0..200).map(|place| u8::try_from(place ^ (number % 200)).unwrap()).collect(),
            };
            std::thread::spawn(move || say(address, &bytes))
        })
        .collect();
    for _ in 0..5 {
        assert!(scene.get().await.2.ends_with("served"));
    }
    let ended = tokio::task::spawn_blocking(move || {
        hostile.into_iter().map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    for answer in ended.await.unwrap() {
        assert!(!answer.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&answer));
    }
}

#[test]
fn files_that_are_no_pair_are_problems_with_section_key_path_and_reason() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let problem = || from_files(&folder).unwrap_err();
    assert!(problem().contains("[ingest] tls_certificate: could not use "), "{}", problem());
    put(&folder, &(authority.issue(2050).0, authority.issue(2050).1));
    assert!(problem().contains("[ingest] tls_key: could not use "), "{}", problem());
    assert!(problem().contains("expected the key of the first certificate in "), "{}", problem());
    put(&folder, &authority.issue(2050));
    assert_eq!(from_files(&folder).unwrap().expires(), year(2050));
    let key = folder.path().join("host.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(
        problem().contains("[ingest] tls_key: ") && problem().contains("0644"),
        "{}",
        problem()
    );
    let installation = Installation::parse(&folder.path().join("chopmark.toml"), "").unwrap();
    let path = Some(Path::new("host.pem"));
    let of = |certificate, key| {
        let tls = Tls::from_files(&installation, "[ingest]", certificate, key);
        tls.map(|tls| tls.is_some()).map_err(|problems| problems.to_string())
    };
    assert_eq!(of(None, None), Ok(false));
    assert!(
        of(path, None).unwrap_err().starts_with("[ingest] tls_key: got none, expected the file")
    );
    assert!(
        of(None, path).unwrap_err().starts_with("[ingest] tls_certificate: got none, expected")
    );
}
