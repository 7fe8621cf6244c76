//! Tokens of a real provider over HTTP, and what an attacker tries with them.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use access::{Act, Algorithm, LimitClaims, Role, Rule, Scope};
use actix_web::{App, HttpResponse, HttpServer, web};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ledger::hash::hmac_sha256;
use sql::testing::TestDb;

use super::*;
use crate::oidc::{ASKED_AGAIN, KEYS_ARE_NEW, KEYS_LAST};
use crate::settings::ProviderSettings;

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What the provider answers, and how often it was asked.
#[derive(Default)]
struct Served {
    description: String,
    keys: String,
    redirect: Option<String>,
    is_down: bool,
    asked: usize,
    lured: usize,
}

/// A provider with a key of each type, on a port of this machine.
struct Issuer {
    url: String,
    served: Arc<Mutex<Served>>,
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
}

fn answer(body: &str) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(body.to_owned())
}

async fn description(served: web::Data<Mutex<Served>>) -> HttpResponse {
    let mut served = served.lock().unwrap();
    served.asked += 1;
    match (&served.redirect, served.is_down) {
        (_, true) => HttpResponse::InternalServerError().finish(),
        (Some(to), _) => HttpResponse::Found().insert_header(("Location", to.as_str())).finish(),
        (None, _) => answer(&served.description),
    }
}

async fn keys(served: web::Data<Mutex<Served>>) -> HttpResponse {
    answer(&served.lock().unwrap().keys)
}

async fn lure(served: web::Data<Mutex<Served>>) -> HttpResponse {
    let mut served = served.lock().unwrap();
    served.lured += 1;
    answer(&served.description)
}

impl Issuer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shown = Arc::new(Mutex::new(Served::default()));
        let data = web::Data::from(shown.clone());
        let running = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/.well-known/openid-configuration", web::get().to(description))
                .route("/keys", web::get().to(keys))
                .route("/lure", web::get().to(lure))
        });
        let running = running.workers(1).disable_signals().listen(listener).unwrap().run();
        actix_web::rt::spawn(running);
        let issuer = Self {
            url,
            served: shown,
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            ed25519: Ed25519KeyPair::generate().unwrap(),
        };
        issuer.serve(|served| {
            served.description =
                format!(r#"{{"issuer":"{0}","jwks_uri":"{0}/keys","other":[1]}}"#, issuer.url);
            served.keys = issuer.key_set(&["RS256", "ES256", "EdDSA"]);
        });
        issuer
    }

    fn serve<T>(&self, change: impl FnOnce(&mut Served) -> T) -> T {
        change(&mut self.served.lock().unwrap())
    }

    fn asked(&self) -> usize {
        self.serve(|served| served.asked)
    }

    fn rsa_parts(&self) -> (String, String) {
        let rsa = RsaPublicKeyComponents::<Vec<u8>>::from(self.rsa.public_key());
        (encoded(rsa.n), encoded(rsa.e))
    }

    fn key_set(&self, kids: &[&str]) -> String {
        let key = |kid: &&str| match *kid {
            "RS256" => {
                let (n, e) = self.rsa_parts();
                format!(r#"{{"kty":"RSA","kid":"RS256","n":"{n}","e":"{e}"}}"#)
            }
            "ES256" => {
                let point = self.p256.public_key().as_ref();
                let (x, y) = (encoded(&point[1..33]), encoded(&point[33..]));
                format!(r#"{{"kty":"EC","crv":"P-256","kid":"ES256","x":"{x}","y":"{y}"}}"#)
            }
            _ => {
                let x = encoded(self.ed25519.public_key());
                format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{x}"}}"#)
            }
        };
        format!(r#"{{"keys":[{}]}}"#, kids.iter().map(key).collect::<Vec<_>>().join(","))
    }

    fn sign(&self, algorithm: &str, signed: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match algorithm {
            "RS256" => {
                let mut signature = vec![0; self.rsa.public_modulus_len()];
                self.rsa.sign(&RSA_PKCS1_SHA256, &random, signed, &mut signature).unwrap();
                signature
            }
            "ES256" => self.p256.sign(&random, signed).unwrap().as_ref().to_vec(),
            "HS256" => hmac_sha256(self.rsa_parts().0.as_bytes(), signed).to_vec(),
            "none" => Vec::new(),
            _ => self.ed25519.sign(signed).as_ref().to_vec(),
        }
    }

    fn token_with(&self, algorithm: &str, head: &str, claims: &str) -> String {
        let signed = format!("{}.{}", encoded(head), encoded(claims));
        format!("{signed}.{}", encoded(self.sign(algorithm, signed.as_bytes())))
    }

    fn claims(&self, iss: &str, aud: &str, exp: i64, more: &str) -> String {
        assert!(self.url.starts_with("http://"));
        format!(
            r#"{{"iss":"{iss}","aud":"{aud}","sub":"lee","exp":{exp},"groups":["recall"]{more}}}"#
        )
    }

    fn token(&self, algorithm: &str, kid: &str, now: Timestamp) -> String {
        let claims = self.claims(&self.url, "chopmark", now.as_second() + 300, "");
        let head = format!(r#"{{"alg":"{algorithm}","kid":"{kid}"}}"#);
        self.token_with(algorithm, &head, &claims)
    }
}

struct Scene {
    _db: TestDb,
    issuer: Issuer,
    clock: Clock,
    gate: Gate,
}

impl Scene {
    async fn new(name: &str) -> Self {
        Self::of(name, Issuer::start()).await
    }

    async fn of(name: &str, issuer: Issuer) -> Self {
        let db = TestDb::migrated(name).await;
        let clock = Clock::manual("2026-11-23T08:00:00Z".parse().unwrap());
        let rule = Rule {
            claim: "groups".to_owned(),
            value: "recall".to_owned(),
            role: Role::BrandOwner,
            scope: Scope::default().with_product("9521141").unwrap(),
            more: LimitClaims::default(),
        };
        let provider = access::Provider {
            issuer: issuer.url.clone(),
            audience: "chopmark".to_owned(),
            algorithms: Algorithm::ALL.to_vec(),
            rules: vec![rule],
        };
        let gate = Gate::new(db.db(), clock.clone(), {
            let providers = vec![ProviderSettings { provider, client: None, authorities: vec![] }];
            Settings { providers }
        });
        Self { _db: db, issuer, clock, gate }
    }

    fn token(&self, algorithm: &str) -> String {
        self.issuer.token(algorithm, algorithm, self.clock.now())
    }

    async fn try_token(&self, token: &str) -> Result<Identity, Refusal> {
        self.gate.identify(&[&format!("Bearer {token}")]).await
    }

    /// Why a token shows nobody.
    async fn refusal(&self, token: &str) -> String {
        match self.try_token(token).await {
            Err(Refusal::NotIdentified(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    /// Why a token cannot be checked.
    async fn outage(&self, token: &str) -> String {
        match self.try_token(token).await {
            Err(Refusal::Unavailable(why)) => why,
            other => panic!("{other:?}"),
        }
    }
}

#[actix_web::test]
async fn a_token_of_the_provider_opens_the_same_doors_as_a_key() {
    let scene = Scene::new("gate_token").await;
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let header = format!("Bearer {}", scene.token(algorithm));
        let (identity, sight) = scene.gate.allowed(&[&header], Act::QueryEvents).await.unwrap();
        assert_eq!(identity.subject, format!("{}#lee", scene.issuer.url));
        assert_eq!(identity.means, access::Means::Oidc);
        assert!(!sight.is_recorded());
        let refused = scene.gate.allowed(&[&header], Act::ReadAccessLog).await;
        assert!(matches!(refused, Err(Refusal::NotAllowed(_))), "{refused:?}");
    }
    assert_eq!(scene.issuer.asked(), 1, "the keys are kept");
}

#[actix_web::test]
async fn a_forged_foreign_or_untimely_token_shows_nobody() {
    let scene = Scene::new("gate_forged").await;
    let (issuer, now) = (&scene.issuer, scene.clock.now().as_second());
    let good = issuer.claims(&issuer.url, "chopmark", now + 300, "");
    let head = |alg: &str, kid: &str| format!(r#"{{"alg":"{alg}","kid":"{kid}"}}"#);
    let signed = |claims: &str| issuer.token_with("ES256", &head("ES256", "ES256"), claims);
    let other = Issuer::start();
    for (token, words) in [
        (issuer.token_with("none", &head("none", "RS256"), &good), "signed with `none`"),
        (issuer.token_with("HS256", &head("HS256", "RS256"), &good), "signed with `HS256`"),
        (
            issuer.token_with("HS256", &head("RS256", "RS256"), &good),
            "signature of the token is wrong",
        ),
        (
            issuer.token_with("EdDSA", &head("EdDSA", "ES256"), &good),
            "signature of the token is wrong",
        ),
        (
            other.token_with("ES256", &head("ES256", "ES256"), &good),
            "signature of the token is wrong",
        ),
        (other.token("ES256", "ES256", scene.clock.now()), "a token of another issuer"),
        (signed(&issuer.claims(&issuer.url, "others", now + 300, "")), "claim `aud`"),
        (signed(&issuer.claims(&issuer.url, "chopmark", now - 61, "")), "claim `exp`"),
        (
            signed(&issuer.claims(
                &issuer.url,
                "chopmark",
                now + 300,
                &format!(r#","nbf":{}"#, now + 61),
            )),
            "claim `nbf`",
        ),
        ("eyJhbGciOiJub25lIn0.e30.".to_owned(), "no key and no token"),
    ] {
        let why = scene.refusal(&token).await;
        assert!(why.contains(words), "{words}: {why}");
    }
    assert_eq!(other.asked(), 0, "an issuer that is not configured is never asked");
    assert!(scene.try_token(&scene.token("ES256")).await.is_ok());
}

#[actix_web::test]
async fn a_token_does_not_say_where_its_keys_are() {
    let scene = Scene::new("gate_jku").await;
    let evil = Issuer::start();
    let claims =
        evil.claims(&scene.issuer.url, "chopmark", scene.clock.now().as_second() + 300, "");
    let x = encoded(evil.ed25519.public_key());
    let head = format!(
        r#"{{"alg":"EdDSA","kid":"EdDSA","jku":"{0}/lure","x5u":"{0}/lure","jwk":{{"kty":"OKP","crv":"Ed25519","kid":"EdDSA","x":"{x}"}}}}"#,
        evil.url
    );
    let why = scene.refusal(&evil.token_with("EdDSA", &head, &claims)).await;
    assert!(why.contains("signature of the token is wrong"), "{why}");
    assert_eq!((evil.asked(), evil.serve(|served| served.lured)), (0, 0));
}

#[actix_web::test]
async fn a_new_key_is_found_and_strangers_make_us_ask_once_in_a_while() {
    let scene = Scene::new("gate_rotation").await;
    scene.issuer.serve(|served| served.keys = scene.issuer.key_set(&["ES256"]));
    scene.try_token(&scene.token("ES256")).await.unwrap();
    scene.issuer.serve(|served| served.keys = scene.issuer.key_set(&["ES256", "new"]));
    let rotated = scene.issuer.token("EdDSA", "new", scene.clock.now());
    assert!(scene.refusal(&rotated).await.contains("does not list"), "asked a moment ago");
    scene.clock.advance(ASKED_AGAIN);
    scene.try_token(&rotated).await.unwrap();
    assert_eq!(scene.issuer.asked(), 2);
    for number in 0..20 {
        let kid = format!("made-up-{number}");
        let token = scene.issuer.token("EdDSA", &kid, scene.clock.now());
        assert!(scene.refusal(&token).await.contains("does not list"));
    }
    assert_eq!(scene.issuer.asked(), 2);
    scene.try_token(&scene.token("ES256")).await.unwrap();
}

#[actix_web::test]
async fn a_key_that_the_provider_took_away_opens_nothing_after_ten_minutes() {
    let scene = Scene::new("gate_removed").await;
    scene.try_token(&scene.token("EdDSA")).await.unwrap();
    scene.issuer.serve(|served| served.keys = scene.issuer.key_set(&["ES256"]));
    scene.clock.advance(KEYS_ARE_NEW.saturating_sub(Duration::from_secs(1)));
    scene.try_token(&scene.token("EdDSA")).await.unwrap();
    scene.clock.advance(Duration::from_secs(1));
    let why = scene.refusal(&scene.token("EdDSA")).await;
    assert!(why.contains("does not list"), "{why}");
    scene.try_token(&scene.token("ES256")).await.unwrap();
}

#[actix_web::test]
async fn keys_of_a_provider_that_does_not_answer_are_used_for_an_hour_at_most() {
    let scene = Scene::new("gate_stale").await;
    scene.try_token(&scene.token("ES256")).await.unwrap();
    scene.issuer.serve(|served| served.is_down = true);
    scene.clock.advance(KEYS_LAST.saturating_sub(Duration::from_secs(1)));
    scene.try_token(&scene.token("ES256")).await.unwrap();
    scene.clock.advance(Duration::from_secs(1));
    let why = scene.outage(&scene.token("ES256")).await;
    assert!(why.contains("there are no keys of"), "{why}");
    scene.issuer.serve(|served| served.is_down = false);
    scene.clock.advance(ASKED_AGAIN);
    scene.try_token(&scene.token("ES256")).await.unwrap();
}

#[actix_web::test]
async fn a_description_or_key_set_that_is_not_as_it_must_be_is_not_used() {
    let scene = Scene::new("gate_fetch").await;
    let url = scene.issuer.url.clone();
    let keys = scene.issuer.key_set(&["ES256"]);
    let described =
        |issuer: &str, keys: &str| format!(r#"{{"issuer":"{issuer}","jwks_uri":"{keys}"}}"#);
    let own_keys = format!("{url}/keys");
    let huge = format!(r#"{{"keys":[{{"kty":"oct","k":"{}"}}]}}"#, "A".repeat(300 * 1024));
    let cases = [
        (
            described("https://evil.example", &own_keys),
            keys.clone(),
            None,
            "names the issuer `https://evil.example`",
        ),
        (
            described(&url, "http://10.0.0.1/keys"),
            keys.clone(),
            None,
            "got the address `http://10.0.0.1/keys`",
        ),
        (
            described(&url, "file:///etc/passwd"),
            keys.clone(),
            None,
            "got the address `file:///etc/passwd`",
        ),
        (described(&url, &own_keys), huge, None, "/keys: "),
        (described(&url, &own_keys), "{}".to_owned(), None, "got no member `keys`"),
        ("[".repeat(100_000), keys.clone(), None, "openid-configuration: "),
        (
            described(&url, &own_keys),
            keys.clone(),
            Some(format!("{url}/lure")),
            "got the status 302",
        ),
    ];
    for (description, keys, redirect, words) in cases {
        scene.clock.advance(ASKED_AGAIN);
        scene.issuer.serve(|served| {
            (served.description, served.keys, served.redirect) = (description, keys, redirect);
        });
        let why = scene.outage(&scene.token("ES256")).await;
        assert!(why.contains(words), "{words}: {why}");
    }
    assert_eq!(scene.issuer.serve(|served| served.lured), 0, "no redirect is followed");
}

#[actix_web::test]
async fn a_request_with_two_proofs_or_none_shows_nobody() {
    let scene = Scene::new("gate_headers").await;
    let good = format!("Bearer {}", scene.token("ES256"));
    let basic = good.replace("Bearer", "Basic");
    for (headers, words) in [
        (vec![], "got no key"),
        (vec![good.as_str(), good.as_str()], "more than one"),
        (vec![""], "no key"),
        (vec![basic.as_str()], "no key"),
    ] {
        let Err(Refusal::NotIdentified(why)) = scene.gate.identify(&headers).await else {
            panic!("{headers:?}")
        };
        assert!(why.contains(words), "{words}: {why}");
    }
}
