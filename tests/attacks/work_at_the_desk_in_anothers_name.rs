//! Somebody without a right works at the desk in the name of an inspector: with a page of another site, with the token of a session of
//! their own, with what the database has of a session, with a cookie that should be over.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::OnceLock;

use tests::stage::{Process, get};
use tests::waiting::{free_address, wait_for};

use crate::town::Town;

/// Type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// The desk of the town; it ends with the test program.
struct Desk {
    town: &'static Town,
    address: SocketAddr,
    _process: Process,
}

/// A browser of somebody who is logged in.
struct Session {
    cookie: String,
    csrf: String,
    /// Begins the key, for `access key revoke`.
    prefix: String,
}

impl Desk {
    fn shared() -> &'static Self {
        static DESK: OnceLock<Desk> = OnceLock::new();
        DESK.get_or_init(|| {
            let town = Town::shared();
            let (address, internal) = (free_address(), free_address());
            let installation = std::fs::read_to_string(town.path("chopmark.toml")).expect("it is there");
            let section = format!(
                "[desk]\nlisten = \"{address}\"\ninternal_listen = \"{internal}\"\npublic_url = \"http://{address}\"\n\
                 policy = \"policy.txt\"\nlogins_per_minute = 1000\n"
            );
            town.put("desk.toml", &(installation + &section));
            let file = town.path("desk.toml");
            let mut process = Process::up(&file, "desk", town.path("desk.log"), &[]);
            wait_for("the desk is ready", || {
                assert!(process.is_running(), "the desk ended:\n{}", process.tail());
                get(&format!("http://{internal}/readyz")).0 == 200
            });
            Self { town, address, _process: process }
        })
    }

    /// What is answered, head and body.
    fn ask(&self, request: &str, headers: &[(&str, &str)], body: &str) -> String {
        let mut stream = TcpStream::connect(self.address).expect("the desk listens");
        let is_named = headers.iter().any(|(name, _)| *name == "Host");
        let host = if is_named { String::new() } else { format!("Host: {}\r\n", self.address) };
        let lines = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let headers = lines.collect::<Vec<_>>().concat();
        let length = body.len();
        let sent = write!(
            stream,
            "{request} HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        sent.expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer in UTF-8");
        answer
    }

    fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes a key for `subject` and logs in with it.
    fn log_in(&self, subject: &str) -> Session {
        let words = ["access", "key", "add", "--subject", subject, "--role", "auditor"];
        let printed = self.town.command(&[&words[..], &["--config", "chopmark.toml"]].concat());
        let is_of_key = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let keys = printed.split(|c| !is_of_key(c)).filter(|word| word.starts_with("chm_"));
        let key = keys.max_by_key(|word| word.len()).expect("a key");
        let headers = [("Origin", &*self.origin()), ("Content-Type", FORM)];
        let entered = self.ask("POST /login/key", &headers, &format!("key={key}&to=%2F"));
        assert!(entered.starts_with("HTTP/1.1 303"), "{entered}");
        let cookie = between(&entered, "set-cookie: ", ";").to_owned();
        let home = self.ask("GET /", &[("Cookie", &cookie)], "");
        let csrf = between(&home, "name=\"csrf\" value=\"", "\"").to_owned();
        // `chm_` and the eight letters behind it.
        Session { cookie, csrf, prefix: key[..12].to_owned() }
    }

    /// Keeps a search: something that changes the database.
    fn keep(&self, cookie: &str, token: &str, more: &[(&str, &str)]) -> String {
        let headers = [&[("Cookie", cookie), ("Content-Type", FORM)], more].concat();
        self.ask("POST /searches", &headers, &format!("csrf={token}&name=forged&search=lot%3AL1"))
    }

    /// Whether somebody is let in.
    fn lets_in(&self, cookie: &str) -> bool {
        self.ask("GET /", &[("Cookie", cookie)], "").starts_with("HTTP/1.1 200")
    }

    /// Kept searches of a name that only forgeries have.
    fn forged(&self) -> String {
        self.town.psql("select count(*) from saved_searches where name = 'forged'")
    }
}

/// What stands between two texts.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("`{before}` is not in:\n{text}")).1;
    rest.split_once(after).expect("it ends").0
}

#[test]
fn a_page_of_another_site_changes_nothing_in_the_name_of_whoever_opens_it() {
    let desk = Desk::shared();
    let (victim, attacker) = (desk.log_in("inspector/csrf"), desk.log_in("attacker/csrf"));
    let (own, before) = (desk.origin(), desk.forged());
    let elsewhere = "http://127.0.0.1:1";
    for (token, more) in [
        (&*victim.csrf, &[("Origin", "https://evil.example")][..]),
        (&victim.csrf, &[("Origin", "null")]),
        (&victim.csrf, &[("Origin", elsewhere)]),
        (&victim.csrf, &[]),
        (&victim.csrf, &[("Origin", &own), ("Origin", "https://evil.example")]),
        (&attacker.csrf, &[("Origin", &own)]),
        ("", &[("Origin", &own)]),
    ] {
        let answer = desk.keep(&victim.cookie, token, more);
        assert!(answer.starts_with("HTTP/1.1 403"), "{more:?}: {answer}");
    }
    assert_eq!(desk.forged(), before, "nothing was kept");
    // The form itself, from a page of the desk, is taken.
    let answer = desk.keep(&victim.cookie, &victim.csrf, &[("Origin", &own)]);
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    assert_ne!(desk.forged(), before);
}

#[test]
fn a_token_of_a_session_opens_no_other_and_what_is_stored_of_one_opens_none() {
    let desk = Desk::shared();
    let (victim, attacker) = (desk.log_in("inspector/token"), desk.log_in("attacker/token"));
    let name = victim.cookie.split_once('=').expect("a pair").0;
    let stored = desk.town.psql(
        "select encode(secret_sha256, 'hex') || ' ' || translate(encode(secret_sha256, 'base64'), '+/=', '-_') from sessions \
         where subject = 'inspector/token'",
    );
    let stored = stored.split_whitespace().map(str::to_owned);
    let own = attacker.cookie.split_once('=').expect("a pair").1;
    let guesses =
        stored.chain([victim.csrf.clone(), format!("{}{}", &own[..own.len() / 2], &victim.csrf)]);
    for guess in guesses {
        assert!(!desk.lets_in(&format!("{name}={guess}")), "{guess}");
    }
    let both = format!("{}; {}", attacker.cookie, victim.cookie);
    assert!(!desk.lets_in(&both), "a cookie that was tossed beside another");
    let answer = desk.keep(&attacker.cookie, &victim.csrf, &[("Origin", &desk.origin())]);
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(desk.lets_in(&victim.cookie) && desk.lets_in(&attacker.cookie));
}

#[test]
fn a_cookie_that_is_over_opens_nothing() {
    let desk = Desk::shared();
    let out = desk.log_in("inspector/out");
    let headers = [("Cookie", &*out.cookie), ("Origin", &desk.origin()), ("Content-Type", FORM)];
    let gone = desk.ask("POST /logout", &headers, &format!("csrf={}", out.csrf));
    assert!(gone.starts_with("HTTP/1.1 303"), "{gone}");
    assert!(!desk.lets_in(&out.cookie), "logged out");

    let revoked = desk.log_in("inspector/revoked");
    desk.town.command(&["access", "key", "revoke", &revoked.prefix, "--config", "chopmark.toml"]);
    assert!(!desk.lets_in(&revoked.cookie), "the key was revoked");

    for (subject, change) in [
        (
            "inspector/idle",
            "used_at = used_at - interval '31 minutes', secret_made_at = secret_made_at - interval '31 minutes', began_at = began_at - interval '31 minutes'",
        ),
        ("inspector/long", "began_at = began_at - interval '12 hours'"),
    ] {
        let session = desk.log_in(subject);
        assert!(desk.lets_in(&session.cookie), "{subject}");
        desk.town.psql(&format!("update sessions set {change} where subject = '{subject}'"));
        assert!(!desk.lets_in(&session.cookie), "{subject}");
        let answer = desk.keep(&session.cookie, &session.csrf, &[("Origin", &desk.origin())]);
        assert!(answer.starts_with("HTTP/1.1 401"), "{subject}: {answer}");
    }
}

#[test]
fn a_name_of_somebody_else_that_leads_to_this_machine_is_answered_nothing() {
    let desk = Desk::shared();
    let session = desk.log_in("inspector/host");
    let port = desk.address.port();
    for host in ["evil.example", &format!("evil.example:{port}"), &format!("localhost:{port}"), ""]
    {
        let answer = desk.ask("GET /", &[("Host", host), ("Cookie", &session.cookie)], "");
        assert!(!answer.starts_with("HTTP/1.1 200"), "{host}: {answer}");
        assert!(!answer.contains("inspector/host"), "{host}: {answer}");
    }
}
