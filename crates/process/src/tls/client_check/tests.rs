//! Real clients with certificates, while authorities and revocation lists change under the listener.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use actix_web::{App, HttpServer, web};
use prometheus::Registry;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, RevokedCertParams, SerialNumber,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;
use tokio::sync::watch;

use super::*;
use crate::config::Installation;
use crate::tls::{ClientFiles, Tls};
use crate::{Clock, Context};

/// Somebody who signs certificates and revokes them.
struct Authority {
    pem: String,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let own = params.self_signed(&key).unwrap();
        Self { pem: own.pem(), der: own.der().clone(), issuer: Issuer::new(params, key) }
    }

    /// A certificate for `localhost` with this number, and its key.
    fn sign(&self, number: u64, usage: ExtendedKeyUsagePurpose) -> Machine {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.serial_number = Some(SerialNumber::from(number));
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    fn machine(&self, number: u64) -> Machine {
        self.sign(number, ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// The list of these numbers until January of a year.
    fn list(&self, numbers: &[u64], until: i32) -> rcgen::CertificateRevocationList {
        let made = rcgen::date_time_ymd(2020, 1, 1);
        let revoked = numbers.iter().map(|number| RevokedCertParams {
            serial_number: SerialNumber::from(*number),
            revocation_time: made,
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: made,
            next_update: rcgen::date_time_ymd(until, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap()
    }
}

/// Certificate and key, PEM.
type Machine = (String, String);

/// A listener that asks for certificates.
struct Scene {
    authority: Authority,
    folder: TempDir,
    address: SocketAddr,
    metrics: TlsMetrics,
    _stop: watch::Sender<bool>,
}

fn section(folder: &TempDir, lists: bool) -> Result<Option<Tls>, String> {
    let installation = Installation::parse(&folder.path().join("chopmark.toml"), "").unwrap();
    let path = |name: &'static str| Some(Path::new(name));
    let pair = (path("host.pem"), path("host.key"));
    let lists = path("revoked.pem").filter(|_| lists);
    let clients = ClientFiles { authorities: path("ca.pem"), lists };
    Tls::of_section(&installation, "[ingest]", pair, clients)
        .map_err(|problems| problems.to_string())
}

fn write(folder: &TempDir, name: &str, text: impl AsRef<[u8]>) {
    // As whoever replaces a file should: there is never half of one.
    let new = folder.path().join("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, folder.path().join(name)).unwrap();
}

impl Scene {
    fn new(numbers: &[u64], until: i32) -> Self {
        let (authority, folder) = (Authority::new("first"), tempfile::tempdir().unwrap());
        let (own, key) = authority.sign(1, ExtendedKeyUsagePurpose::ServerAuth);
        write(&folder, "host.pem", own);
        keystore::private::create(&folder.path().join("host.key"), &key).unwrap();
        write(&folder, "ca.pem", &authority.pem);
        write(&folder, "revoked.pem", authority.list(numbers, until).pem().unwrap());
        let tls = section(&folder, true).unwrap().expect("files were named");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = HttpServer::new(|| App::new().route("/", web::get().to(async || "served")))
            .workers(1)
            .disable_signals()
            .listen_rustls_0_23(listener, tls.server_config())
            .unwrap();
        actix_web::rt::spawn(server.run());
        let (stop, stopped) = watch::channel(false);
        let clock = Clock::manual("2026-11-23T00:00:00Z".parse().unwrap());
        let metrics = TlsMetrics::new(&Registry::new());
        tokio::spawn(tls.follow(Context { clock, ..Context::system(stopped) }, metrics.clone()));
        Self { authority, folder, address, metrics, _stop: stop }
    }

    /// A client that may resume its sessions.
    fn client(&self, shown: Option<&Machine>) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots);
        Arc::new(match shown {
            None => builder.with_no_client_auth(),
            Some((own, key)) => {
                let chain = vec![CertificateDer::from_pem_slice(own.as_bytes()).unwrap()];
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        })
    }

    /// Whether a new connection of this client is served.
    async fn serves(&self, client: &Arc<ClientConfig>) -> bool {
        let (address, client) = (self.address, client.clone());
        let asked = tokio::task::spawn_blocking(move || ask(address, client)).await.unwrap();
        asked.is_ok_and(|answer| answer.ends_with("served"))
    }

    async fn wait_for(&self, outcome: &str, count: u64) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.metrics.reloads.with_label_values(&[outcome]).get() < count {
            assert!(Instant::now() < deadline, "timed out: {outcome} {count} times");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn ask(address: SocketAddr, client: Arc<ClientConfig>) -> io::Result<String> {
    let connection = ClientConnection::new(client, "localhost".try_into().unwrap());
    let socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut stream = StreamOwned::new(connection.map_err(io::Error::other)?, socket);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    match stream.read_to_string(&mut answer) {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
        _ => Ok(answer),
    }
}

#[actix_web::test]
async fn a_certificate_that_comes_onto_the_list_is_refused_at_the_next_connection() {
    let scene = Scene::new(&[], 2090);
    let [kept, stolen] = [2, 3].map(|number| scene.client(Some(&scene.authority.machine(number))));
    for client in [&kept, &stolen, &scene.client(None)] {
        assert!(scene.serves(client).await);
    }
    // Without a signal; and the session that the client could resume is of no use.
    write(&scene.folder, "revoked.pem", scene.authority.list(&[3], 2090).pem().unwrap());
    scene.wait_for("replaced", 1).await;
    assert!(!scene.serves(&stolen).await);
    assert!(scene.serves(&kept).await && scene.serves(&scene.client(None)).await);
    // What is no list leaves the one before, and so does a file that is gone.
    write(&scene.folder, "revoked.pem", "no list\n");
    scene.wait_for("kept", 1).await;
    std::fs::remove_file(scene.folder.path().join("revoked.pem")).unwrap();
    assert!(!scene.serves(&stolen).await && scene.serves(&kept).await);
    // The form in which authorities publish them.
    write(&scene.folder, "revoked.pem", scene.authority.list(&[2, 3], 2090).der());
    scene.wait_for("replaced", 2).await;
    assert!(!scene.serves(&stolen).await && !scene.serves(&kept).await);
}

#[actix_web::test]
async fn without_a_list_of_the_authority_that_still_holds_no_certificate_is_served() {
    let scene = Scene::new(&[], 2021);
    let (machine, nobody) = (scene.client(Some(&scene.authority.machine(2))), scene.client(None));
    assert!(!scene.serves(&machine).await && scene.serves(&nobody).await, "it has ended");
    write(&scene.folder, "revoked.pem", scene.authority.list(&[], 2090).pem().unwrap());
    scene.wait_for("replaced", 1).await;
    assert!(scene.serves(&machine).await);
    let ends: Timestamp = "2090-01-01T00:00:00Z".parse().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while scene.metrics.lists_end.get() != ends.as_second() {
        assert!(Instant::now() < deadline, "the end of the list is not shown");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // One of the same name that somebody else signed, and one of another authority.
    for other in [Authority::new("first"), Authority::new("second")] {
        let count = scene.metrics.reloads.with_label_values(&["replaced"]).get();
        write(&scene.folder, "revoked.pem", other.list(&[], 2090).pem().unwrap());
        scene.wait_for("replaced", count + 1).await;
        assert!(!scene.serves(&machine).await && scene.serves(&nobody).await);
    }
}

#[actix_web::test]
async fn a_new_authority_counts_without_a_restart_and_the_one_before_no_more() {
    let scene = Scene::new(&[], 2090);
    let second = Authority::new("second");
    let [old, new] = [&scene.authority, &second].map(|one| scene.client(Some(&one.machine(2))));
    assert!(scene.serves(&old).await && !scene.serves(&new).await);
    let lists = [&scene.authority, &second].map(|one| one.list(&[], 2090).pem().unwrap()).concat();
    write(&scene.folder, "revoked.pem", lists);
    scene.wait_for("replaced", 1).await;
    write(&scene.folder, "ca.pem", format!("{}{}", scene.authority.pem, second.pem));
    scene.wait_for("replaced", 2).await;
    assert!(scene.serves(&old).await && scene.serves(&new).await);
    write(&scene.folder, "ca.pem", &second.pem);
    scene.wait_for("replaced", 3).await;
    assert!(!scene.serves(&old).await && scene.serves(&new).await);
}

#[test]
fn lists_without_authorities_or_without_a_list_are_problems() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("first");
    let (own, key) = authority.sign(1, ExtendedKeyUsagePurpose::ServerAuth);
    write(&folder, "host.pem", own);
    keystore::private::create(&folder.path().join("host.key"), &key).unwrap();
    let missing = section(&folder, false).unwrap_err();
    assert!(missing.starts_with("[ingest] tls_client_ca: could not use "), "{missing}");
    write(&folder, "ca.pem", &authority.pem);
    assert!(section(&folder, false).unwrap().is_some());
    let missing = section(&folder, true).unwrap_err();
    assert!(missing.starts_with("[ingest] tls_client_crl: could not use "), "{missing}");
    write(&folder, "revoked.pem", &authority.pem);
    let none = section(&folder, true).unwrap_err();
    assert!(none.contains("got no list, expected PEM"), "{none}");
    write(&folder, "revoked.pem", [DER, 3, 1, 2, 3]);
    assert!(section(&folder, true).is_err());
    let installation = Installation::parse(&folder.path().join("chopmark.toml"), "").unwrap();
    let clients = ClientFiles { authorities: None, lists: Some(Path::new("revoked.pem")) };
    let alone = Tls::of_section(&installation, "[ingest]", (None, None), clients);
    let alone = alone.unwrap_err().to_string();
    assert!(alone.contains("[ingest] tls_client_ca: got none, expected the file"), "{alone}");
}

#[test]
fn the_end_of_a_list_is_read_and_cut_bytes_give_none() {
    let list = Authority::new("first").list(&[1, 2], 2090);
    let ends: Timestamp = "2090-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(list_end(list.der()), Some(ends));
    for length in 0..list.der().len() {
        assert_eq!(list_end(&list.der()[..length]), None);
    }
}
