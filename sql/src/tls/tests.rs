//! TLS to a real PostgreSQL with a certificate: every `sslmode`, right and wrong names and authorities, a client's
//! certificate, channel binding.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::cluster::{Cluster, Extra};
use crate::db::Db;
use crate::error::Error;
use crate::settings::Settings;

/// A certificate authority, and the file with its certificate.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(folder: &Path, name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let file = folder.join(format!("{name}.pem"));
        std::fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
        Self { issuer: Issuer::new(params, key), file }
    }

    /// Issues a certificate for `names` with the common name `common`; gives certificate and key, PEM.
    fn issue(&self, common: &str, names: &[&str]) -> (String, String) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, common);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// Trusts everybody, but `certified` only with a certificate and `worded` only with a password.
const ACCESS: &str = "local all all trust
hostssl all certified 127.0.0.1/32 cert
hostssl all worded 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
";

/// A server on a port of 127.0.0.1, stopped when dropped.
struct Server {
    cluster: Cluster,
    port: u16,
}

impl Server {
    /// Starts it with `certificate` and key, if there are any; `clients` signs those of clients.
    fn start(folder: &Path, certificate: Option<(String, String)>, clients: &Authority) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let mut settings = "listen_addresses = '127.0.0.1'\n".to_owned();
        let mut files = Vec::new();
        if let Some((certificate, key)) = certificate {
            settings += "ssl = on\nssl_ca_file = 'clients.crt'\n";
            files.push(("server.crt", certificate));
            files.push(("server.key", key));
            files.push(("clients.crt", std::fs::read_to_string(&clients.file).unwrap()));
            files.push(("pg_hba.conf", ACCESS.to_owned()));
        }
        let folder = Cluster::place(folder).unwrap();
        let extra = Extra { port: Some(port), settings, files };
        Self { cluster: Cluster::start_with(&folder, &extra).unwrap(), port }
    }

    /// The TLS version of a connection of `user` to `host`; none if it is not encrypted.
    async fn connect(
        &self,
        user: &str,
        host: &str,
        parameters: &str,
    ) -> Result<Option<String>, Error> {
        let port = self.port;
        let url = format!("postgresql://{user}@{host}:{port}/chopmark?{parameters}");
        let db = Db::connect(&Settings::new(url)).await?;
        let query = "select version from pg_stat_ssl where pid = pg_backend_pid()";
        Ok(db.client().await?.query_one(query, &[]).await?.get(0))
    }
}

const ENCRYPTED: &str = "TLSv1.3";

#[tokio::test]
async fn each_sslmode_demands_what_libpq_demands() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) =
        (Authority::new(folder.path(), "ours"), Authority::new(folder.path(), "theirs"));
    // The common name is the other host, to show that it does not count.
    let certificate = ours.issue("127.0.0.1", &["localhost"]);
    let server = Server::start(&folder.path().join("tls"), Some(certificate), &ours);
    let plain = Server::start(&folder.path().join("plain"), None, &ours);
    let (ours, theirs) = (ours.file.display(), theirs.file.display());
    let connect = async |host, parameters: &str| {
        let outcome = server.connect("chopmark", host, parameters).await;
        outcome.map_err(|error| error.to_string())
    };
    for (host, parameters, version) in [
        ("localhost", format!("sslmode=verify-full&sslrootcert={ours}"), Some(ENCRYPTED)),
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={ours}"), Some(ENCRYPTED)),
        ("127.0.0.1", format!("sslmode=require&sslrootcert={ours}"), Some(ENCRYPTED)),
        ("127.0.0.1", "sslmode=require".to_owned(), Some(ENCRYPTED)),
        ("127.0.0.1", "sslmode=prefer".to_owned(), Some(ENCRYPTED)),
        ("127.0.0.1", String::new(), Some(ENCRYPTED)),
        ("localhost", "sslmode=disable".to_owned(), None),
    ] {
        let found = connect(host, &parameters).await;
        assert_eq!(found, Ok(version.map(str::to_owned)), "{host} {parameters}");
    }
    for (host, parameters, reason) in [
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={ours}"), "not valid for name"),
        ("localhost", format!("sslmode=verify-full&sslrootcert={theirs}"), "UnknownIssuer"),
        ("localhost", format!("sslmode=verify-ca&sslrootcert={theirs}"), "UnknownIssuer"),
        ("localhost", format!("sslmode=require&sslrootcert={theirs}"), "UnknownIssuer"),
        ("localhost", "sslmode=verify-full&sslrootcert=system".to_owned(), "cert"),
        ("localhost", "sslrootcert=system".to_owned(), "cert"),
    ] {
        let error = connect(host, &parameters).await.expect_err(&parameters);
        assert!(error.contains(reason), "{host} {parameters}: {error}");
    }
    for (parameters, is_refused) in [
        (format!("sslmode=verify-full&sslrootcert={ours}"), true),
        ("sslmode=require".to_owned(), true),
        ("sslmode=prefer".to_owned(), false),
    ] {
        match plain.connect("chopmark", "localhost", &parameters).await {
            Err(error) if is_refused => {
                assert!(error.to_string().contains("server does not support TLS"), "{error}");
            }
            found => assert_eq!(found.unwrap(), None, "{parameters}"),
        }
    }
}

#[tokio::test]
async fn a_client_shows_its_certificate_and_binds_its_password_to_the_connection() {
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new(folder.path(), "ours");
    let server = Server::start(
        &folder.path().join("tls"),
        Some(ours.issue("localhost", &["localhost"])),
        &ours,
    );
    let owner = Db::connect(&Settings::new(server.cluster.url())).await.unwrap();
    let roles = "create role certified login; create role worded login password 'a word'";
    owner.client().await.unwrap().batch_execute(roles).await.unwrap();
    let (certificate, key) = ours.issue("certified", &[]);
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("client.pem"), certificate).unwrap();
    std::fs::write(file("client.key"), key).unwrap();
    let full = format!("sslmode=verify-full&sslrootcert={}", ours.file.display());
    let identity = format!(
        "&sslcert={}&sslkey={}",
        file("client.pem").display(),
        file("client.key").display()
    );
    let with = server.connect("certified", "localhost", &format!("{full}{identity}")).await;
    assert_eq!(with.unwrap().as_deref(), Some(ENCRYPTED));
    let without = server.connect("certified", "localhost", &full).await;
    assert!(without.is_err(), "without a certificate `certified` is not admitted");
    let bound = format!("{full}&channel_binding=require");
    let worded = server.connect("worded:a%20word", "localhost", &bound).await;
    assert_eq!(worded.unwrap().as_deref(), Some(ENCRYPTED));
    let wrong = server.connect("worded:another", "localhost", &bound).await;
    assert!(wrong.is_err(), "another password is refused");
}
