//! A provider of identities for tests: it describes itself, lets people in, exchanges codes as RFC 6749 and RFC 7636 say, and signs ID
//! tokens with Ed25519; all over HTTP on a port of this machine.
//!
//! What a test changes ([`Lies`]) is what a provider under an attacker's hand, or another one, would do.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};

use access::{Algorithm, LimitClaims, Role, Rule, Scope};
use actix_web::web::{self, Bytes, Data, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gate::settings::{Client, ProviderSettings};
use jiff::Timestamp;
use ledger::hash::sha256;
use serde_json::{Value, json};

use crate::testing::ORIGIN;

/// Our name at the provider.
pub const CLIENT: &str = "chopmark-desk";
/// Our secret there, with characters that must be escaped.
pub const SECRET: &str = "s3cret: %&";

/// What the provider says that it should not, or leaves out.
#[derive(Debug, Clone, Default)]
pub struct Lies {
    /// Claims in place of its own; `null` leaves one out.
    pub claims: BTreeMap<String, Value>,
    /// Type in the head of ID tokens.
    pub kind: Option<String>,
    /// Members in place of its own in its description.
    pub description: BTreeMap<String, Value>,
    /// Whether it signs with a key that it does not list.
    pub foreign_key: bool,
    /// Whether codes may be exchanged more than once, by anybody.
    pub takes_every_code: bool,
    /// Whether it does not answer at its token endpoint.
    pub is_down: bool,
}

/// A code that was given out.
#[derive(Debug, Clone)]
struct Code {
    parameters: BTreeMap<String, String>,
    is_used: bool,
}

#[derive(Default)]
struct Inner {
    url: String,
    now: Timestamp,
    codes: BTreeMap<String, Code>,
    lies: Lies,
    exchanges: usize,
    user: String,
}

/// The provider.
pub struct Provider {
    inner: Arc<Mutex<Inner>>,
    keys: Arc<[Ed25519KeyPair; 2]>,
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn parameters(query: &str) -> BTreeMap<String, String> {
    Query::<BTreeMap<String, String>>::from_query(query).unwrap().into_inner()
}

impl Provider {
    /// Starts one; its clock stands at `now`.
    pub fn start(now: Timestamp) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner = Inner { url, now, user: "lee".to_owned(), ..Inner::default() };
        let inner = Arc::new(Mutex::new(inner));
        let keys = [0, 1].map(|_| Ed25519KeyPair::generate().unwrap());
        let provider = Self { inner, keys: Arc::new(keys) };
        let (shown, keys) = (Data::from(provider.inner.clone()), Data::from(provider.keys.clone()));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shown.clone())
                .app_data(keys.clone())
                .route("/.well-known/openid-configuration", web::get().to(description))
                .route("/keys", web::get().to(key_set))
                .route("/token", web::post().to(token))
        });
        let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
        actix_web::rt::spawn(server);
        provider
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub fn url(&self) -> String {
        self.inner().url.clone()
    }

    /// From now on it lies like this.
    pub fn lie(&self, lies: Lies) {
        self.inner().lies = lies;
    }

    /// How many codes were to be exchanged.
    pub fn exchanges(&self) -> usize {
        self.inner().exchanges
    }

    /// From now on this person is in front of it.
    pub fn user(&self, name: &str) {
        self.inner().user = name.to_owned();
    }

    /// How the desk knows it: members of `recall` are brand owners, those with a claim `pgln` custodians.
    pub fn settings(&self, secret: Option<&str>) -> ProviderSettings {
        let rule = |claim: &str, value: &str, role, scope, more| Rule {
            claim: claim.to_owned(),
            value: value.to_owned(),
            role,
            scope,
            more,
        };
        let recall = Scope::default().with_product("9521141").unwrap();
        let stated = LimitClaims { parties: Some("pgln".to_owned()), ..LimitClaims::default() };
        let rules = vec![
            rule("groups", "recall", Role::BrandOwner, recall, LimitClaims::default()),
            rule("groups", "carrier", Role::Custodian, Scope::default(), stated),
        ];
        ProviderSettings {
            provider: access::Provider {
                issuer: self.url(),
                audience: "chopmark".to_owned(),
                algorithms: Algorithm::ALL.to_vec(),
                rules,
            },
            client: Some(Client {
                client_id: CLIENT.to_owned(),
                secret: secret.map(str::to_owned),
                scopes: vec!["openid".to_owned(), "groups".to_owned()],
                name: "Example <Ltd>".to_owned(),
            }),
            authorities: vec![],
        }
    }

    /// Lets the person in who was sent to `address`; gives the path of ours to which they are sent back.
    pub fn let_in(&self, address: &str) -> String {
        let mut inner = self.inner();
        let (endpoint, query) = address.split_once('?').unwrap();
        assert_eq!(endpoint, format!("{}/authorize", inner.url));
        let parameters = parameters(query);
        assert_eq!(parameters["response_type"], "code");
        assert_eq!(parameters["client_id"], CLIENT);
        assert_eq!(parameters["code_challenge_method"], "S256");
        assert_eq!(parameters["scope"], "openid groups");
        let back = parameters["redirect_uri"].strip_prefix(ORIGIN).unwrap().to_owned();
        let state = parameters["state"].clone();
        let code = format!("code-{}", inner.codes.len());
        inner.codes.insert(code.clone(), Code { parameters, is_used: false });
        format!("{back}?code={code}&state={state}")
    }
}

async fn description(inner: Data<Mutex<Inner>>) -> HttpResponse {
    let inner = inner.lock().unwrap();
    let url = &inner.url;
    let mut said = json!({
        "issuer": url,
        "jwks_uri": format!("{url}/keys"),
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    });
    for (name, value) in &inner.lies.description {
        said[name] = value.clone();
    }
    HttpResponse::Ok().json(said)
}

async fn key_set(keys: Data<[Ed25519KeyPair; 2]>) -> HttpResponse {
    let x = encoded(keys[0].public_key());
    let key = json!({"kty": "OKP", "crv": "Ed25519", "kid": "one", "x": x});
    HttpResponse::Ok().json(json!({"keys": [key]}))
}

async fn token(
    request: HttpRequest,
    body: Bytes,
    inner: Data<Mutex<Inner>>,
    keys: Data<[Ed25519KeyPair; 2]>,
) -> HttpResponse {
    let mut inner = inner.lock().unwrap();
    inner.exchanges += 1;
    if inner.lies.is_down {
        return HttpResponse::BadGateway().finish();
    }
    let fields = parameters(std::str::from_utf8(&body).unwrap());
    let header = request.headers().get("Authorization").map(|value| value.to_str().unwrap());
    let basic = header.map(|header| {
        let pair = STANDARD.decode(header.strip_prefix("Basic ").unwrap()).unwrap();
        String::from_utf8(pair).unwrap()
    });
    let is_client = match (basic.as_deref(), fields.get("client_secret")) {
        (Some(pair), None) => pair == format!("{CLIENT}:s3cret%3A%20%25%26"),
        (None, Some(secret)) => fields["client_id"] == CLIENT && secret == SECRET,
        (None, None) => fields["client_id"] == CLIENT,
        _ => false,
    };
    if !is_client {
        return HttpResponse::Unauthorized().json(json!({"error": "invalid_client"}));
    }
    let refused = || HttpResponse::BadRequest().json(json!({"error": "invalid_grant"}));
    let takes_every_code = inner.lies.takes_every_code;
    let Some(code) = inner.codes.get_mut(&fields["code"]) else { return refused() };
    let challenge = fields.get("code_verifier").map(|text| encoded(sha256(text.as_bytes()).0));
    let fits = challenge.as_ref() == code.parameters.get("code_challenge")
        && fields["redirect_uri"] == code.parameters["redirect_uri"]
        && fields["grant_type"] == "authorization_code"
        && !code.is_used;
    if !fits && !takes_every_code {
        return refused();
    }
    code.is_used = true;
    let nonce = code.parameters["nonce"].clone();
    let token = inner.id_token(&nonce, &keys);
    let answer = json!({"access_token": "opaque", "token_type": "Bearer", "id_token": token});
    HttpResponse::Ok().json(answer)
}

impl Inner {
    fn id_token(&self, nonce: &str, keys: &[Ed25519KeyPair; 2]) -> String {
        let mut claims = json!({
            "iss": self.url,
            "aud": CLIENT,
            "sub": self.user,
            "exp": self.now.as_second() + 300,
            "iat": self.now.as_second(),
            "nonce": nonce,
            "groups": ["recall"],
        });
        for (name, value) in &self.lies.claims {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        let kind = self.lies.kind.as_deref().unwrap_or("JWT");
        let head = json!({"alg": "EdDSA", "kid": "one", "typ": kind});
        let signed = format!("{}.{}", encoded(head.to_string()), encoded(claims.to_string()));
        let key = &keys[usize::from(self.lies.foreign_key)];
        format!("{signed}.{}", encoded(key.sign(signed.as_bytes())))
    }
}
