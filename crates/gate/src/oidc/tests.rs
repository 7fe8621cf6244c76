//! A real provider with TLS and certificates of a private authority: whom we fetch from, and whom not.

use std::net::TcpListener;
use std::path::Path;

use actix_web::{App, HttpResponse, HttpServer, web};
use process::config::Installation;
use process::tls::Tls;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::CertificateDer;

use super::fetch::{Exchange, FetchError, Fetcher, Published};

const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"one","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// An authority that no browser knows.
struct Authority {
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().clone();
        Self { der, issuer: Issuer::new(params, key) }
    }

    /// Certificate and key of a host, valid until January of a year.
    fn sign(&self, host: &str, until: i32) -> (String, String) {
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

fn json(text: &str) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(text.to_owned())
}

/// Starts a provider with this certificate; gives its issuer. Its addresses are its own, or those of `elsewhere`.
fn start((certificate, key): (String, String), elsewhere: Option<&str>) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("host.pem"), certificate).unwrap();
    keystore::private::create(&folder.path().join("host.key"), &key).unwrap();
    let installation = Installation::parse(&folder.path().join("chopmark.toml"), "").unwrap();
    let (certificate, key) = (Some(Path::new("host.pem")), Some(Path::new("host.key")));
    let tls = Tls::from_files(&installation, "[desk]", certificate, key);
    let tls = tls.unwrap().expect("files were named");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let at = elsewhere.unwrap_or(&url);
    let description = format!(
        r#"{{"issuer":"{url}","jwks_uri":"{at}/keys","authorization_endpoint":"{at}/authorize","token_endpoint":"{at}/token"}}"#
    );
    let server = HttpServer::new(move || {
        let description = description.clone();
        let described = move || {
            let answer = json(&description);
            async move { answer }
        };
        App::new()
            .route("/.well-known/openid-configuration", web::get().to(described))
            .route("/keys", web::get().to(async || json(KEYS)))
            .route("/token", web::post().to(async || json(r#"{"id_token":"a.b.c"}"#)))
    });
    let server = server.workers(1).disable_signals();
    let server = server.listen_rustls_0_23(listener, tls.server_config()).unwrap();
    actix_web::rt::spawn(server.run());
    url
}

async fn fetched(authority: &Authority, issuer: &str) -> Result<Published, FetchError> {
    Fetcher::new(std::slice::from_ref(&authority.der)).published(issuer).await
}

fn exchange() -> Exchange {
    let text = || "x".to_owned();
    Exchange {
        code: text(),
        verifier: text(),
        redirect_url: text(),
        client_id: text(),
        client_secret: None,
    }
}

#[actix_web::test]
async fn description_keys_and_tokens_come_from_whom_the_private_authority_signed() {
    let authority = Authority::new("company");
    let issuer = start(authority.sign("127.0.0.1", 2090), None);
    let published = fetched(&authority, &issuer).await.unwrap();
    let endpoints = published.endpoints.unwrap();
    let fetcher = Fetcher::new(std::slice::from_ref(&authority.der));
    let token = fetcher.exchange(&endpoints, exchange()).await.unwrap();
    assert_eq!(token.as_deref(), Ok("a.b.c"));
    // Whoever trusts another authority, or the public ones alone, sends no code there.
    for fetcher in [Fetcher::new(&[Authority::new("other").der]), Fetcher::new(&[])] {
        let refused = fetcher.exchange(&endpoints, exchange()).await.unwrap_err().to_string();
        assert!(refused.contains("/token: its certificate is refused"), "{refused}");
    }
}

#[actix_web::test]
async fn a_certificate_of_another_authority_another_host_or_another_time_is_refused_and_named() {
    let (authority, other) = (Authority::new("company"), Authority::new("other"));
    let expected =
        "expected one for this host, valid now, signed by an authority of `ca` in [[oidc]]";
    for (pair, words) in [
        (other.sign("127.0.0.1", 2090), "UnknownIssuer"),
        (Authority::new("company").sign("127.0.0.1", 2090), "BadSignature"),
        (authority.sign("127.0.0.1", 2021), "expired"),
        (authority.sign("login.example", 2090), "not valid for name"),
    ] {
        let issuer = start(pair, None);
        let refused = fetched(&authority, &issuer).await.unwrap_err().to_string();
        assert!(refused.contains(words) && refused.contains(expected), "{words}: {refused}");
        assert!(
            refused.contains("/.well-known/openid-configuration: its certificate"),
            "{refused}"
        );
    }
    let issuer = start(authority.sign("127.0.0.1", 2090), None);
    let refused = Fetcher::new(&[]).published(&issuer).await.unwrap_err().to_string();
    assert!(refused.contains("signed by a public authority, or `ca` in [[oidc]]"), "{refused}");
}

#[actix_web::test]
async fn keys_are_not_fetched_from_where_the_authority_signed_nothing() {
    let (authority, other) = (Authority::new("company"), Authority::new("other"));
    let elsewhere = start(other.sign("127.0.0.1", 2090), None);
    let issuer = start(authority.sign("127.0.0.1", 2090), Some(&elsewhere));
    let refused = fetched(&authority, &issuer).await.unwrap_err().to_string();
    assert!(refused.starts_with(&elsewhere) && refused.contains("UnknownIssuer"), "{refused}");
}
