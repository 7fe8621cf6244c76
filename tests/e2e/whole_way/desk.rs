//! The desk as a process of its own: somebody logs in with a key that the command made, sees who they are, and logs out.
//!
//! Not here: providers of identities, and what attackers try (`desk/src/tests.rs`, `desk/src/pages/login/tests.rs`).

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use sql::Access;
use tests::stage::{Process, Stage, get};
use tests::waiting::{free_address, wait_for};

/// What the desk answers to a request, head and body.
pub fn ask(desk: SocketAddr, request: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(desk).expect("the desk listens");
    let length = body.len();
    let sent = write!(
        stream,
        "{request} HTTP/1.1\r\nHost: {desk}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    sent.expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer in UTF-8");
    answer
}

/// What stands between two texts.
pub fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("`{before}` is not in:\n{text}")).1;
    rest.split_once(after).expect("it ends").0
}

/// A desk that runs, and the key of an inspector.
pub struct OpenDesk {
    /// Its address.
    pub address: SocketAddr,
    internal: SocketAddr,
    /// The key.
    pub key: String,
    /// The process.
    pub process: Process,
}

/// Opens a desk on a database of its own.
pub fn open_desk(stage: &Stage) -> OpenDesk {
    let (desk, internal) = (free_address(), free_address());
    let write = |name: &str, text: &str| {
        fs::write(stage.folder.path().join(name), text).expect("the folder is ours");
    };
    write("owner.toml", &format!("[database]\nurl = \"{}\"\n", stage.cluster.url()));
    write(
        "desk.toml",
        &format!(
            "[database]\ndesk_url = \"{}\"\n[desk]\nlisten = \"{desk}\"\ninternal_listen = \"{internal}\"\n\
             public_url = \"http://{desk}\"\n",
            stage.cluster.url_for(Access::Desk)
        ),
    );
    let (status, text) = stage.chopmark(&["migrate", "--config", "owner.toml"]);
    assert_eq!(status, Some(0), "{text}");
    let key = "access key add --subject food-authority/lee --role regulator --product 9521141 --config owner.toml";
    let (status, text) = stage.chopmark(&key.split(' ').collect::<Vec<_>>());
    assert_eq!(status, Some(0), "{text}");
    let key = text.split_whitespace().find(|word| word.starts_with("chm_") && word.len() > 40);
    let key = key.unwrap_or_else(|| panic!("no key in:\n{text}"));

    let mut process = stage.start("desk.toml", "desk", None);
    wait_for("the desk is ready", || {
        assert!(process.is_running(), "the desk ended:\n{}", process.tail());
        get(&format!("http://{internal}/readyz")).0 == 200
    });
    OpenDesk { address: desk, internal, key: key.to_owned(), process }
}

#[test]
fn somebody_logs_in_at_the_desk_with_a_key_and_the_desk_has_no_other_rights() {
    let stage = Stage::new(None);
    let OpenDesk { address: desk, internal, key, mut process } = open_desk(&stage);
    let (status, text) = stage.chopmark(&["health", "--config", "desk.toml"]);
    assert_eq!(status, Some(0), "{text}");

    let stranger = ask(desk, "GET /", "", "");
    assert!(stranger.starts_with("HTTP/1.1 401"), "{stranger}");
    let (origin, form) =
        (format!("Origin: http://{desk}\r\n"), "application/x-www-form-urlencoded");
    let headers = format!("{origin}Content-Type: {form}\r\n");
    let entered = ask(desk, "POST /login/key", &headers, &format!("key={key}&to=%2F"));
    assert!(entered.starts_with("HTTP/1.1 303"), "{entered}");
    let cookie = between(&entered, "set-cookie: ", "\r\n");
    assert!(cookie.starts_with("chopmark-session=") && !cookie.contains("Secure"), "{cookie}");
    let cookie = format!("Cookie: {}\r\n", cookie.split(';').next().expect("a pair"));
    let home = ask(desk, "GET /", &cookie, "");
    assert!(home.contains("food-authority/lee") && home.contains("9521141"), "{home}");
    assert!(!home.contains("strict-transport-security"), "there is no TLS: {home}");

    let csrf = between(&home, "name=\"csrf\" value=\"", "\"");
    let gone = ask(desk, "POST /logout", &format!("{headers}{cookie}"), &format!("csrf={csrf}"));
    assert!(gone.starts_with("HTTP/1.1 303"), "{gone}");
    assert!(ask(desk, "GET /", &cookie, "").starts_with("HTTP/1.1 401"));
    let (_, metrics) = get(&format!("http://{internal}/metrics"));
    let counted = "desk_logins_total{means=\"key\",outcome=\"done\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    assert!(ask(desk, "GET /metrics", "", "").starts_with("HTTP/1.1 404"));
    assert!(process.stop().success(), "{}", process.tail());
    assert!(!process.tail().contains(&key), "the key is in the log: {}", process.tail());
}
