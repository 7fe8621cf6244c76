//! Machines with client certificates over real TLS, and what an attacker tries with one.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use access::{ApiKey, PREFIX_BYTES, SECRET_BYTES};
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use jiff::SignedDuration;
use ledger::Hash;
use ledger::hash::sha256;
use process::Clock;
use process::config::Installation;
use process::one_address::{self, Guest, Interface, Joined};
use process::tls::client::{note, of_request};
use process::tls::{ClientFiles, Tls};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    PublicKeyData as _,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use sql::access_keys::StoredKey;
use sql::access_limits::StoredLimits;
use sql::testing::TestDb;

use super::*;

const DOCK: &str = "dock.example";
const LIMITED_TO: &str = "urn:epc:id:pgln:9521142.00000";
const INTERFACE: Interface = Interface { paths: &["/capture"], divided: &[], openapi: "{}" };

/// An authority that signs certificates of machines and servers.
struct Authority {
    pem: String,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let own = params.clone().self_signed(&key).unwrap();
        Self { pem: own.pem(), der: own.der().clone(), issuer: Issuer::new(params, key) }
    }

    /// A certificate of this key between two years.
    fn sign(&self, key: &KeyPair, years: (i32, i32), usage: ExtendedKeyUsagePurpose) -> String {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        params.extended_key_usages = vec![usage];
        params.signed_by(key, &self.issuer).unwrap().pem()
    }
}

fn spki(key: &KeyPair) -> Hash {
    sha256(&key.subject_public_key_info())
}

async fn who(gate: Data<Gate>, request: HttpRequest) -> HttpResponse {
    let shown = request.headers().get_all(AUTHORIZATION);
    let shown: Vec<&str> = shown.map(|value| value.to_str().unwrap()).collect();
    match gate.identify_with(&shown, of_request(&request)).await {
        Ok(identity) => {
            HttpResponse::Ok().body(format!("{} by {}", identity.subject, identity.means.name()))
        }
        Err(Refusal::NotIdentified(why)) => HttpResponse::Unauthorized().body(why),
        Err(other) => HttpResponse::InternalServerError().body(other.to_string()),
    }
}

/// A listener with TLS that asks for certificates, and at which two roles answer.
struct Scene {
    db: TestDb,
    clock: Clock,
    authority: Authority,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new(name: &str) -> Self {
        let (db, authority) = (TestDb::migrated(name).await, Authority::new());
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let own = authority.sign(&key, (2020, 2090), ExtendedKeyUsagePurpose::ServerAuth);
        fs::write(folder.path().join("host.pem"), own).unwrap();
        fs::write(folder.path().join("ca.pem"), &authority.pem).unwrap();
        keystore::private::create(&folder.path().join("host.key"), &key.serialize_pem()).unwrap();
        let installation = Installation::parse(&folder.path().join("chopmark.toml"), "").unwrap();
        let path = |name: &'static str| Some(std::path::Path::new(name));
        let pair = (path("host.pem"), path("host.key"));
        let clients = ClientFiles { authorities: path("ca.pem"), lists: None };
        let tls = Tls::of_section(&installation, "[trace_api]", pair, clients);
        let tls = tls.unwrap().expect("files were named");
        let clock = Clock::manual(Clock::system().now());
        let gate = Data::new(Gate::new(db.db(), clock.clone(), crate::Settings::default()));
        let app = move |gate: &Data<Gate>| {
            let app = App::new().app_data(gate.clone()).default_service(web::to(who));
            one_address::application(app)
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let of_guest = gate.clone();
        let guest = Guest {
            application: Arc::new(move || app(&of_guest)),
            operator: Arc::new(|_| {}),
            interface: INTERFACE,
        };
        let server =
            HttpServer::new(move || Joined::new(app(&gate), Some(&guest), true)).on_connect(note);
        let server = server.workers(1).disable_signals();
        let server = server.listen_rustls_0_23(listener, tls.server_config()).unwrap().run();
        actix_web::rt::spawn(server);
        Self { db, clock, authority, address, _folder: folder }
    }

    /// Enrols a key for somebody; gives whether it was.
    async fn enrol(&self, key: &KeyPair, subject: &str, lasts: SignedDuration) -> bool {
        let now = self.clock.now();
        let limits = StoredLimits {
            role: "custodian".to_owned(),
            parties: vec![LIMITED_TO.to_owned()],
            ..StoredLimits::default()
        };
        let new = StoredCertificate {
            spki_sha256: spki(key),
            subject: subject.to_owned(),
            limits,
            created_at: now,
            expires_at: now + lasts,
            revoked_at: None,
            last_used_at: None,
        };
        let insert =
            async |tx: &sql::Transaction<'_>| sql::access_certificates::insert(tx, &new).await;
        self.db.db().run_tx("test.enrol", insert).await.unwrap()
    }

    async fn revoke(&self, key: &KeyPair) -> bool {
        let (now, key) = (self.clock.now(), spki(key));
        let revoke =
            async |tx: &sql::Transaction<'_>| sql::access_certificates::revoke(tx, &key, now).await;
        self.db.db().run_tx("test.revoke", revoke).await.unwrap()
    }

    /// A key of `chopmark access` of somebody.
    async fn api_key(&self, subject: &str, number: u8) -> String {
        let key = ApiKey::of([number; PREFIX_BYTES], [2; SECRET_BYTES]);
        let now = self.clock.now();
        let stored = StoredKey {
            prefix: key.prefix().to_owned(),
            key_sha256: key.digest(),
            subject: subject.to_owned(),
            role: "custodian".to_owned(),
            products: vec![],
            parties: vec![LIMITED_TO.to_owned()],
            jurisdictions: vec![],
            period: (None, None),
            created_at: now,
            expires_at: now + SignedDuration::from_hours(9),
            revoked_at: None,
            last_used_at: None,
        };
        let insert = async |tx: &sql::Transaction<'_>| sql::access_keys::insert(tx, &stored).await;
        self.db.db().run_tx("test.key", insert).await.unwrap();
        format!("Bearer {}", key.reveal())
    }

    /// A client with a certificate, or without.
    fn client(&self, shown: Option<(&str, &KeyPair)>) -> Client {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots);
        let config = match shown {
            None => builder.with_no_client_auth(),
            Some((pem, key)) => {
                let chain = vec![CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()];
                let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        };
        Client { config: Arc::new(config), address: self.address, stream: None }
    }

    /// A machine with a new key and a certificate of the scene's authority.
    fn machine(&self) -> (KeyPair, String) {
        let key = KeyPair::generate().unwrap();
        let pem = self.authority.sign(&key, (2020, 2090), ExtendedKeyUsagePurpose::ClientAuth);
        (key, pem)
    }
}

/// A client that keeps its connection.
struct Client {
    config: Arc<ClientConfig>,
    address: SocketAddr,
    stream: Option<StreamOwned<ClientConnection, TcpStream>>,
}

impl Client {
    /// Status and body of the answer.
    fn blocking(&mut self, path: &str, headers: &[(String, String)]) -> io::Result<(u16, String)> {
        if self.stream.is_none() {
            let name = "localhost".try_into().unwrap();
            let connection = ClientConnection::new(self.config.clone(), name);
            let socket = TcpStream::connect(self.address)?;
            socket.set_read_timeout(Some(Duration::from_secs(20)))?;
            self.stream = Some(StreamOwned::new(connection.map_err(io::Error::other)?, socket));
        }
        let stream = self.stream.as_mut().expect("it was just made");
        let mut head = format!("{} {path} HTTP/1.1\r\nHost: localhost\r\n", Method::GET);
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        let (mut got, mut byte) = (Vec::new(), [0]);
        while !got.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            got.push(byte[0]);
        }
        let head = String::from_utf8(got).unwrap().to_lowercase();
        let status = head[9..12].parse().unwrap();
        let length = head.split("content-length: ").nth(1).unwrap();
        let mut body = vec![0; length.split("\r\n").next().unwrap().parse().unwrap()];
        stream.read_exact(&mut body)?;
        Ok((status, String::from_utf8(body).unwrap()))
    }

    /// Asks the host's `/events`, over the connection that is open if there is one.
    async fn ask(&mut self, headers: &[(&str, &str)]) -> io::Result<(u16, String)> {
        self.ask_at("/events", headers).await
    }

    async fn ask_at(&mut self, path: &str, headers: &[(&str, &str)]) -> io::Result<(u16, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let headers: Vec<(String, String)> = headers.iter().map(owned).collect();
        let mut taken =
            Self { config: self.config.clone(), address: self.address, stream: self.stream.take() };
        let path = path.to_owned();
        let (answer, stream) = tokio::task::spawn_blocking(move || {
            let answer = taken.blocking(&path, &headers);
            (answer, taken.stream)
        })
        .await
        .unwrap();
        self.stream = stream.filter(|_| answer.is_ok());
        answer
    }
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[actix_web::test]
async fn an_enrolled_machine_is_known_at_both_roles_and_a_renewed_certificate_is_the_same_machine()
{
    let scene = Scene::new("certificate_enrolled").await;
    let (key, pem) = scene.machine();
    assert!(scene.enrol(&key, DOCK, DAY).await);
    let mut client = scene.client(Some((&pem, &key)));
    let known = (200, "dock.example by certificate".to_owned());
    assert_eq!(client.ask(&[]).await.unwrap(), known);
    assert_eq!(client.ask_at("/capture", &[]).await.unwrap(), known, "the guest of the address");
    let stored = sql::access_certificates::find(&scene.db.db(), &spki(&key)).await.unwrap();
    assert!(stored.unwrap().last_used_at.is_some(), "its use is noted");
    let renewed = scene.authority.sign(&key, (2021, 2091), ExtendedKeyUsagePurpose::ClientAuth);
    assert_ne!(renewed, pem);
    assert_eq!(scene.client(Some((&renewed, &key))).ask(&[]).await.unwrap(), known);
    assert!(!scene.enrol(&key, "other.example", DAY).await, "one key is one holder");
    // Somebody without a certificate is served, and is nobody.
    let (status, why) = scene.client(None).ask(&[]).await.unwrap();
    assert_eq!((status, why.contains("got no key")), (401, true), "{why}");
}

#[actix_web::test]
async fn a_certificate_of_the_authority_alone_opens_nothing_and_one_of_another_authority_ends_the_handshake()
 {
    let scene = Scene::new("certificate_unknown").await;
    let (key, pem) = scene.machine();
    let (status, why) = scene.client(Some((&pem, &key))).ask(&[]).await.unwrap();
    assert_eq!((status, why.contains(&spki(&key).to_string())), (401, true), "{why}");
    // The key is enrolled, but what is shown is not signed by the authority, or not for this, or not valid now.
    assert!(scene.enrol(&key, DOCK, DAY).await);
    let client_auth = ExtendedKeyUsagePurpose::ClientAuth;
    let other = Authority::new();
    for (pem, what) in [
        (other.sign(&key, (2020, 2090), client_auth.clone()), "another authority"),
        (scene.authority.sign(&key, (2001, 2002), client_auth.clone()), "expired"),
        (scene.authority.sign(&key, (2089, 2090), client_auth), "not valid yet"),
        (
            scene.authority.sign(&key, (2020, 2090), ExtendedKeyUsagePurpose::ServerAuth),
            "a server's",
        ),
    ] {
        let refused = scene.client(Some((&pem, &key))).ask(&[]).await;
        assert!(refused.is_err(), "{what}: {refused:?}");
    }
    assert_eq!(scene.client(Some((&pem, &key))).ask(&[]).await.unwrap().0, 200);
}

#[actix_web::test]
async fn an_open_connection_ends_with_the_revocation_the_enrolment_and_the_certificate() {
    let scene = Scene::new("certificate_ended").await;
    let (revoked, pem) = scene.machine();
    scene.enrol(&revoked, DOCK, DAY).await;
    let mut client = scene.client(Some((&pem, &revoked)));
    assert_eq!(client.ask(&[]).await.unwrap().0, 200);
    assert!(scene.revoke(&revoked).await);
    assert!(client.stream.is_some(), "the connection is open");
    let (status, why) = client.ask(&[]).await.unwrap();
    assert_eq!((status, why.contains("which was revoked at")), (401, true), "{why}");
    // A new handshake does not help, nor a key beside it.
    client.stream = None;
    assert_eq!(client.ask(&[]).await.unwrap().0, 401);
    let bearer = scene.api_key(DOCK, 1).await;
    assert_eq!(client.ask(&[("Authorization", &bearer)]).await.unwrap().0, 401);
    assert!(!scene.enrol(&revoked, DOCK, DAY).await, "what was revoked is never enrolled again");
    assert!(!scene.revoke(&revoked).await, "it stays as it was");

    let (short, pem) = scene.machine();
    scene.enrol(&short, DOCK, SignedDuration::from_hours(1)).await;
    let mut client = scene.client(Some((&pem, &short)));
    assert_eq!(client.ask(&[]).await.unwrap().0, 200);
    scene.clock.advance(Duration::from_hours(1));
    let (status, why) = client.ask(&[]).await.unwrap();
    assert_eq!((status, why.contains("whose enrolment expired at")), (401, true), "{why}");
    assert!(scene.enrol(&short, DOCK, DAY * 40_000).await, "it may be enrolled again");
    assert_eq!(client.ask(&[]).await.unwrap().0, 200);
    // The certificate of 2090 ends while its connection is open.
    scene.clock.advance(Duration::from_hours(24 * 365 * 65));
    let (status, why) = client.ask(&[]).await.unwrap();
    assert_eq!((status, why.contains("which expired at 2090-01-01")), (401, true), "{why}");
}

#[actix_web::test]
async fn a_key_beside_a_certificate_must_be_of_the_same_holder() {
    let scene = Scene::new("certificate_both").await;
    let (key, pem) = scene.machine();
    let (own, others) = (scene.api_key(DOCK, 1).await, scene.api_key("shop.example", 2).await);
    let mut client = scene.client(Some((&pem, &key)));
    // Not enrolled: the certificate identifies nobody, and the key does.
    let (status, who) = client.ask(&[("Authorization", &others)]).await.unwrap();
    assert_eq!((status, &*who), (200, "shop.example by api-key"));
    scene.enrol(&key, DOCK, DAY).await;
    let (status, who) = client.ask(&[("Authorization", &own)]).await.unwrap();
    assert_eq!((status, &*who), (200, "dock.example by api-key"));
    let (status, why) = client.ask(&[("Authorization", &others)]).await.unwrap();
    assert_eq!((status, why.contains("expected both of one holder")), (401, true), "{why}");
    for wrong in ["Bearer chm_", "Bearer x", "Basic eA=="] {
        let (status, _) = client.ask(&[("Authorization", wrong)]).await.unwrap();
        assert_eq!(status, 401, "a header that shows nobody is not passed over: {wrong}");
    }
}

#[actix_web::test]
async fn no_header_stands_for_a_certificate() {
    let scene = Scene::new("certificate_header").await;
    let (key, pem) = scene.machine();
    scene.enrol(&key, DOCK, DAY).await;
    let one_line = pem.replace('\n', "%0A");
    let digest = spki(&key).to_string();
    for name in ["X-Client-Cert", "X-SSL-Client-Cert", "X-Forwarded-Client-Cert", "Client-Cert"] {
        for value in [one_line.as_str(), digest.as_str(), DOCK] {
            let (status, why) = scene.client(None).ask(&[(name, value)]).await.unwrap();
            assert_eq!((status, why.contains("got no key")), (401, true), "{name}: {why}");
        }
    }
    // Nor does one change whose the connection is.
    let (other, other_pem) = scene.machine();
    scene.enrol(&other, "other.example", DAY).await;
    let mut client = scene.client(Some((&other_pem, &other)));
    let (status, who) = client.ask(&[("X-Client-Cert", &one_line)]).await.unwrap();
    assert_eq!((status, &*who), (200, "other.example by certificate"));
}

#[actix_web::test]
async fn a_row_that_was_widened_to_no_limit_gives_nothing() {
    let scene = Scene::new("certificate_widened").await;
    let (key, pem) = scene.machine();
    scene.enrol(&key, DOCK, DAY).await;
    let widen = "update access_certificates set parties = '{}'";
    scene.db.session().await.batch_execute(widen).await.unwrap();
    let (status, why) = scene.client(Some((&pem, &key))).ask(&[]).await.unwrap();
    assert_eq!((status, why.contains("a custodian without")), (500, true), "{why}");
}
