//! Logging in at a real provider over HTTP, and what attackers try with its parts: states, codes, verifiers, tokens and cookies.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::identity_provider::{CLIENT, Lies, Provider, SECRET};
use crate::testing::{Answer, Ask, Browser, NOW, Scene};

struct Login {
    scene: Scene,
    provider: Provider,
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

impl Login {
    async fn new(name: &str) -> Self {
        Self::with_secret(name, Some(SECRET)).await
    }

    async fn with_secret(name: &str, secret: Option<&str>) -> Self {
        let provider = Provider::start(NOW.parse().unwrap());
        let scene = Scene::with(name, vec![provider.settings(secret)]).await;
        Self { scene, provider }
    }

    /// Begins a login; gives the address at the provider.
    async fn begin(&self, browser: &mut Browser, to: &str) -> String {
        let path =
            format!("/login/provider?issuer={}&to={}", encoded(&self.provider.url()), encoded(to));
        let answer = browser.get(&self.scene, &path).await;
        assert_eq!(answer.status.as_u16(), 303, "{answer:?}");
        answer.header("location").to_owned()
    }

    /// Logs in; gives what the callback answered.
    async fn log_in(&self, browser: &mut Browser) -> Answer {
        let address = self.begin(browser, "/?x=1").await;
        browser.get(&self.scene, &self.provider.let_in(&address)).await
    }

    async fn sessions(&self) -> i64 {
        self.scene.sessions("true").await
    }

    /// Checks that a login ended without a session.
    #[track_caller]
    fn is_refused(answer: &Answer, browser: &Browser, what: &str) {
        assert_eq!(answer.status.as_u16(), 403, "{what}: {}", answer.body);
        assert!(answer.body.contains("You are not logged in"), "{what}: {}", answer.body);
        assert_eq!(browser.session(), None, "{what}");
    }
}

#[actix_web::test]
async fn whoever_the_provider_lets_in_has_what_the_claims_give() {
    for (name, secret) in [("login_client", Some(SECRET)), ("login_public", None)] {
        let login = Login::with_secret(name, secret).await;
        let mut browser = Browser::default();
        let page = browser.get(&login.scene, "/login?to=%2F%3Fx%3D1").await;
        page.assert(200, "Log in with Example &#60;Ltd&#62;");
        let address = login.begin(&mut browser, "/?x=1").await;
        let pending = &browser.cookies["__Host-chopmark-login"];
        for secret in pending.split('.') {
            assert!(!address.contains(secret), "the cookie stays in the browser: {address}");
        }
        let back = login.provider.let_in(&address);
        // The provider led here, so the browser sends no session, but the cookie of the login.
        let answer = browser.get(&login.scene, &back).await;
        answer.assert(200, "You are logged in");
        assert_eq!(answer.leads_to(), "/?x=1", "by a page of ours, no redirect");
        assert!(!browser.cookies.contains_key("__Host-chopmark-login"), "the login is over");
        let cookies = answer.cookies();
        let session = cookies.iter().find(|cookie| cookie.contains("-session=")).unwrap();
        assert!(session.contains("SameSite=Strict") && session.contains(" Secure;"), "{session}");
        let home = browser.get(&login.scene, "/").await;
        for part in ["#lee", "Brand owner", "9521141", "2026-11-23 20:00 UTC"] {
            home.assert(200, part);
        }
        let stored = login.scene.db.session().await;
        let row = stored.query_one("select subject, grants, key_prefix from sessions", &[]).await;
        let row = row.unwrap();
        assert_eq!(row.get::<_, String>(0), format!("{}#lee", login.provider.url()));
        let grants: Value = serde_json::from_str(row.get(1)).unwrap();
        assert_eq!(grants[0]["role"], "brand-owner");
        assert_eq!(row.get::<_, Option<String>>(2), None);
    }
}

#[actix_web::test]
async fn what_the_claims_gave_lasts_as_long_as_the_session_and_no_longer() {
    let login = Login::new("login_lasts").await;
    let mut browser = Browser::default();
    login.log_in(&mut browser).await;
    // The token was for five minutes.
    for _ in 0..35 {
        login.scene.clock.advance(Duration::from_mins(20));
        browser.get(&login.scene, "/").await.assert(200, "Brand owner");
    }
    login.scene.clock.advance(Duration::from_mins(20));
    browser.get(&login.scene, "/").await.assert(401, "Please log in");
}

#[actix_web::test]
async fn a_state_that_was_stolen_or_made_up_ends_no_login() {
    let login = Login::new("login_state").await;
    let (mut victim, mut thief) = (Browser::default(), Browser::default());
    let back = login.provider.let_in(&login.begin(&mut victim, "/").await);
    // The whole address, in a browser that began nothing, and in one that began another login.
    let answer = thief.get(&login.scene, &back).await;
    Login::is_refused(&answer, &thief, "a browser without a login");
    login.begin(&mut thief, "/").await;
    let answer = thief.get(&login.scene, &back).await;
    Login::is_refused(&answer, &thief, "a browser with another login");
    let (before, state) = back.split_once("&state=").unwrap();
    for state in ["", "A", &state[1..], &format!("{state}A")] {
        login.begin(&mut thief, "/").await;
        let answer = thief.get(&login.scene, &format!("{before}&state={state}")).await;
        Login::is_refused(&answer, &thief, state);
    }
    assert_eq!(login.provider.exchanges(), 0, "no code was shown to anybody");
    // The login that was begun is not disturbed.
    victim.get(&login.scene, &back).await.assert(200, "You are logged in");
    assert_eq!(login.sessions().await, 1);
}

#[actix_web::test]
async fn an_attackers_answer_logs_nobody_in_as_the_attacker() {
    let login = Login::new("login_csrf").await;
    let (mut attacker, mut victim) = (Browser::default(), Browser::default());
    login.provider.user("mallory");
    let back = login.provider.let_in(&login.begin(&mut attacker, "/").await);
    login.begin(&mut victim, "/").await;
    let answer = victim.get(&login.scene, &back).await;
    Login::is_refused(&answer, &victim, "the attacker's code and state");
    // A cookie that another name of the domain set, beside that of the browser.
    let mut tossed = Browser::default();
    login.begin(&mut tossed, "/").await;
    let name = "__Host-chopmark-login";
    let both = format!("{name}={}; {name}={}", tossed.cookies[name], attacker.cookies[name]);
    let ask = Ask::get(&back).with("Cookie", &both);
    let mut browser = Browser::default();
    let answer = browser.send(&login.scene, ask).await;
    Login::is_refused(&answer, &browser, "two cookies");
    let plain = format!("chopmark-login={}", attacker.cookies[name]);
    let answer = browser.send(&login.scene, Ask::get(&back).with("Cookie", &plain)).await;
    Login::is_refused(&answer, &browser, "a cookie that was set without TLS");
}

#[actix_web::test]
async fn a_code_is_used_once_even_if_the_provider_takes_it_again() {
    let login = Login::new("login_replay").await;
    let mut browser = Browser::default();
    let address = login.begin(&mut browser, "/").await;
    let back = login.provider.let_in(&address);
    let kept = browser.clone();
    browser.get(&login.scene, &back).await.assert(200, "You are logged in");
    // Without the cookie, as it is now; with the cookie as it was; and at a provider that does not look.
    let mut again = browser.clone();
    again.cookies.remove("__Host-chopmark-session");
    let answer = again.get(&login.scene, &back).await;
    Login::is_refused(&answer, &again, "the login is over");
    let mut again = kept.clone();
    let answer = again.get(&login.scene, &back).await;
    Login::is_refused(&answer, &again, "the provider refuses the code");
    login.provider.lie(Lies { takes_every_code: true, ..Lies::default() });
    let mut again = kept.clone();
    let answer = again.get(&login.scene, &back).await;
    Login::is_refused(&answer, &again, "a login begins one session");
    assert_eq!(login.sessions().await, 1);
    browser.get(&login.scene, "/").await.assert(200, "#lee");
}

#[actix_web::test]
async fn a_code_of_another_login_is_refused_by_its_verifier_and_by_the_nonce() {
    let login = Login::new("login_injection").await;
    let (mut victim, mut attacker) = (Browser::default(), Browser::default());
    let of_victim = login.provider.let_in(&login.begin(&mut victim, "/").await);
    let code = of_victim.split(['=', '&']).nth(1).unwrap().to_owned();
    for (lies, what) in [
        (Lies::default(), "the provider compares the verifier"),
        (Lies { takes_every_code: true, ..Lies::default() }, "the nonce is of another login"),
    ] {
        login.provider.lie(lies);
        let own = login.provider.let_in(&login.begin(&mut attacker, "/").await);
        let state = own.split_once("&state=").unwrap().1;
        let exchanged = login.provider.exchanges();
        let back = format!("/login/callback?code={code}&state={state}");
        let answer = attacker.get(&login.scene, &back).await;
        Login::is_refused(&answer, &attacker, what);
        assert_eq!(login.provider.exchanges(), exchanged + 1, "{what}");
    }
    assert_eq!(login.sessions().await, 0);
}

#[actix_web::test]
async fn an_id_token_that_is_not_for_this_login_opens_nothing() {
    let login = Login::new("login_tokens").await;
    let now = login.scene.now().as_second();
    let claim = |name: &str, value: Value| Lies {
        claims: BTreeMap::from([(name.to_owned(), value)]),
        ..Lies::default()
    };
    let kind = |kind: &str| Lies { kind: Some(kind.to_owned()), ..Lies::default() };
    for (lies, what) in [
        (claim("aud", json!("another-client")), "for another client"),
        (claim("aud", json!("chopmark")), "for our API, not for our login"),
        (claim("aud", json!([CLIENT, "another"])), "for several, and nobody says for whom"),
        (claim("azp", json!("another-client")), "given to another client"),
        (claim("nonce", json!("made-up")), "of another login"),
        (claim("nonce", Value::Null), "without a nonce"),
        (claim("iss", json!("https://evil.example")), "of another issuer"),
        (claim("exp", json!(now - 61)), "expired"),
        (claim("exp", Value::Null), "without an end"),
        (claim("iat", json!(now + 61)), "of the future"),
        (claim("sub", json!("")), "about nobody"),
        (kind("at+jwt"), "an access token"),
        (kind("application/AT+JWT"), "an access token, spelled otherwise"),
        (Lies { foreign_key: true, ..Lies::default() }, "signed with a key of somebody else"),
    ] {
        login.provider.lie(lies);
        let mut browser = Browser::default();
        let answer = login.log_in(&mut browser).await;
        Login::is_refused(&answer, &browser, what);
    }
    assert_eq!(login.sessions().await, 0);
    login.provider.lie(claim("azp", json!(CLIENT)));
    let mut browser = Browser::default();
    login.log_in(&mut browser).await.assert(200, "You are logged in");
}

#[actix_web::test]
async fn a_login_that_takes_too_long_or_that_the_provider_refuses_opens_nothing() {
    let login = Login::new("login_late").await;
    let mut browser = Browser::default();
    let back = login.provider.let_in(&login.begin(&mut browser, "/").await);
    login.scene.clock.advance(Duration::from_mins(10));
    let answer = browser.get(&login.scene, &back).await;
    Login::is_refused(&answer, &browser, "ten minutes later");
    let address = login.begin(&mut browser, "/").await;
    let back = login.provider.let_in(&address);
    let state = back.split_once("&state=").unwrap().1.to_owned();
    for (query, what) in [
        (format!("error=access_denied&state={state}"), "refused"),
        (format!("error=%3Cscript%3E&code=code-0&state={state}"), "an error and a code"),
        (format!("state={state}"), "no code"),
        (format!("code=&state={state}"), "an empty code"),
    ] {
        let mut browser = browser.clone();
        let answer = browser.get(&login.scene, &format!("/login/callback?{query}")).await;
        Login::is_refused(&answer, &browser, what);
        assert!(!answer.body.contains("<script>"), "{}", answer.body);
    }
    let twice = format!("/login/callback?code=a&code=b&state={state}");
    assert_eq!(browser.clone().get(&login.scene, &twice).await.status.as_u16(), 400);
    assert_eq!(login.provider.exchanges(), 0);
}

#[actix_web::test]
async fn an_answer_of_another_provider_is_not_taken() {
    let login = Login::new("login_mix_up").await;
    let mut browser = Browser::default();
    let back = login.provider.let_in(&login.begin(&mut browser, "/").await);
    let evil = format!("{back}&iss=https%3A%2F%2Fevil.example");
    let answer = browser.get(&login.scene, &evil).await;
    Login::is_refused(&answer, &browser, "another issuer");
    let strict = Login::new("login_states_issuer").await;
    let states = "authorization_response_iss_parameter_supported".to_owned();
    let description = BTreeMap::from([(states, json!(true))]);
    strict.provider.lie(Lies { description, ..Lies::default() });
    let answer = strict.log_in(&mut browser).await;
    Login::is_refused(&answer, &browser, "the issuer is not stated");
    let back = strict.provider.let_in(&strict.begin(&mut browser, "/").await);
    let stated = format!("{back}&iss={}", encoded(&strict.provider.url()));
    browser.get(&strict.scene, &stated).await.assert(200, "You are logged in");
}

#[actix_web::test]
async fn a_login_leads_to_no_other_site() {
    let login = Login::new("login_open_redirect").await;
    for to in ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"] {
        let mut browser = Browser::default();
        let address = login.begin(&mut browser, to).await;
        let answer = browser.get(&login.scene, &login.provider.let_in(&address)).await;
        assert_eq!(answer.leads_to(), "/", "{to}");
    }
    // A way back that was written into the cookie fits no state.
    let mut browser = Browser::default();
    let back = login.provider.let_in(&login.begin(&mut browser, "/").await);
    let cookie = browser.cookies.get_mut("__Host-chopmark-login").unwrap();
    let (before, _) = cookie.rsplit_once('.').unwrap();
    *cookie = format!("{before}.Ly9ldmlsLmV4YW1wbGU");
    let answer = browser.get(&login.scene, &back).await;
    Login::is_refused(&answer, &browser, "a changed way back");
    let unknown = "/login/provider?issuer=https%3A%2F%2Fevil.example&to=%2F";
    let answer = Browser::default().get(&login.scene, unknown).await;
    answer.assert(404, "There is no such page");
}

#[actix_web::test]
async fn markup_in_claims_is_shown_as_text() {
    let login = Login::new("login_markup").await;
    let name = "<img src=x onerror=alert(1)>\"'&";
    let pgln = "urn:epc:id:pgln:9521142.00000";
    let claims = [("sub", json!(name)), ("groups", json!(["carrier"])), ("pgln", json!([pgln]))];
    let claims = claims.map(|(name, value)| (name.to_owned(), value)).into();
    login.provider.lie(Lies { claims, ..Lies::default() });
    let mut browser = Browser::default();
    login.log_in(&mut browser).await.assert(200, "You are logged in");
    let home = browser.get(&login.scene, "/").await;
    home.assert(200, "&#60;img src=x onerror=alert(1)&#62;");
    home.assert(200, pgln);
    assert!(!home.body.contains("<img"), "{}", home.body);
    // A limit that cannot be understood gives nothing, and not more.
    let claims = [("groups", json!(["carrier"])), ("pgln", json!(["<script>"]))];
    let claims = claims.map(|(name, value)| (name.to_owned(), value)).into();
    login.provider.lie(Lies { claims, ..Lies::default() });
    let mut browser = Browser::default();
    login.log_in(&mut browser).await;
    browser.get(&login.scene, "/").await.assert(200, "You were given no role");
}

#[actix_web::test]
async fn without_the_provider_nobody_logs_in_and_sessions_go_on() {
    let login = Login::new("login_down").await;
    let mut browser = Browser::default();
    login.log_in(&mut browser).await.assert(200, "You are logged in");
    login.provider.lie(Lies { is_down: true, ..Lies::default() });
    let mut other = Browser::default();
    login.log_in(&mut other).await.assert(503, "Not possible at the moment");
    assert_eq!(other.session(), None);
    browser.get(&login.scene, "/").await.assert(200, "#lee");
    // A provider that is not in the configuration any more ends its sessions.
    let changed = "update sessions set issuer = 'https://gone.example'";
    login.scene.db.execute(changed).await.unwrap();
    browser.get(&login.scene, "/").await.assert(401, "Please log in");
}

#[actix_web::test]
async fn a_provider_whose_description_would_lead_elsewhere_is_not_used() {
    for (name, member, value) in [
        ("login_no_pkce", "code_challenge_methods_supported", json!(["plain"])),
        ("login_plain", "token_endpoint", json!("http://10.0.0.1/token")),
        ("login_file", "token_endpoint", json!("file:///etc/passwd")),
        ("login_script", "authorization_endpoint", json!("javascript:alert(1)")),
        ("login_missing", "token_endpoint", Value::Null),
    ] {
        let login = Login::new(name).await;
        let description = BTreeMap::from([(member.to_owned(), value)]);
        login.provider.lie(Lies { description, ..Lies::default() });
        let path = format!("/login/provider?issuer={}", encoded(&login.provider.url()));
        let answer = Browser::default().get(&login.scene, &path).await;
        answer.assert(503, "Not possible at the moment");
        assert_eq!(login.provider.exchanges(), 0, "{name}");
    }
}

#[actix_web::test]
async fn what_is_stored_of_a_session_opens_nothing() {
    let login = Login::new("login_stored").await;
    let mut browser = Browser::default();
    let address = login.begin(&mut browser, "/").await;
    let cookie = browser.cookies["__Host-chopmark-login"].clone();
    let back = login.provider.let_in(&address);
    browser.get(&login.scene, &back).await.assert(200, "You are logged in");
    let stored = login.scene.db.session().await;
    let query = "select sessions::text, encode(secret_sha256, 'hex') from sessions";
    let row = stored.query_one(query, &[]).await.unwrap();
    let (text, digest): (String, String) = (row.get(0), row.get(1));
    let secrets = cookie.split('.').next().into_iter().chain(browser.session());
    for secret in secrets {
        assert!(!text.contains(secret), "{text}");
    }
    let mut thief = Browser::default();
    thief.cookies.insert("__Host-chopmark-session".to_owned(), digest);
    thief.get(&login.scene, "/").await.assert(401, "Please log in");
}
