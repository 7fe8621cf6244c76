//! A service in this process that answers well, badly, late or never, and what becomes of the tag.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use tag_auth::block::Key;
use tag_auth::tam::{Exchange, LocalKey, Refusal, TagAuthenticator as _};
use tag_service::{FORMAT, HttpAuthenticator, MOST_BYTES, TIMEOUT};

const CHALLENGE: [u8; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0xab];
const TOKEN: &str = "the-token-of-the-service";

fn exchange(key: u8) -> Exchange {
    let block = [&[0x96, 0xc5, 1, 2, 3, 4][..], &CHALLENGE].concat();
    let response = Key::new([key; 16]).cipher().encrypt(block.try_into().expect("16 bytes"));
    Exchange { key_id: 3, challenge: CHALLENGE, response: response.to_vec(), tid: vec![0xe2; 12] }
}

/// A question as it came in: head and body.
fn question(connection: &mut TcpStream) -> (String, String) {
    let mut text = Vec::new();
    loop {
        let mut part = [0; 4096];
        let length = connection.read(&mut part).expect("a question");
        text.extend_from_slice(&part[..length]);
        let whole = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = whole.split_once("\r\n\r\n") {
            let lower = head.to_ascii_lowercase();
            let expected = lower.split_once("content-length: ").expect("a length").1;
            let expected: usize = expected.lines().next().expect("a line").parse().expect("digits");
            if body.len() >= expected {
                return (head.to_owned(), body.to_owned());
            }
        }
        assert!(length > 0, "the question ends: {whole}");
    }
}

/// A server for one connection, which sends what `answer` makes of head and body.
fn server(
    answer: impl Fn(&str, &str) -> Vec<u8> + Send + 'static,
) -> (SocketAddr, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let (asked, questions) = channel();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.expect("a connection");
            let (head, body) = question(&mut connection);
            let bytes = answer(&head, &body);
            asked.send((head, body)).ok();
            // Whoever has read enough goes.
            connection.write_all(&bytes).ok();
        }
    });
    (address, questions)
}

fn json(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

fn said(result: &str) -> String {
    let challenge = hex::encode(CHALLENGE);
    format!("{{\"format\":\"{FORMAT}\",\"challenge\":\"{challenge}\",\"result\":\"{result}\"}}")
}

fn service(address: SocketAddr, token: &str) -> HttpAuthenticator {
    HttpAuthenticator::new(&format!("http://{address}/check"), token, "04012345111118", &[])
}

fn not_checked(found: Result<(), Refusal>) -> String {
    let Err(Refusal::NotChecked(why)) = found else { panic!("not checked expected: {found:?}") };
    why
}

/// A key server as the format describes it: with the key, and only for whoever has the token.
fn key_server(head: &str, body: &str) -> Vec<u8> {
    if !head.to_ascii_lowercase().contains(&format!("authorization: bearer {TOKEN}")) {
        return b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".to_vec();
    }
    let value = |name: &str| {
        let begin = format!("\"{name}\":\"");
        let rest = body.split_once(&begin).unwrap_or_else(|| panic!("no {name}: {body}")).1;
        hex::decode(rest.split_once('"').expect("an end").0).expect("hexadecimal digits")
    };
    let challenge = value("challenge").try_into().expect("10 bytes");
    let sent = Exchange { key_id: 3, challenge, response: value("response"), tid: value("tid") };
    let checked = LocalKey { key_id: 3, key: Key::new([7; 16]) }.check(&sent);
    json(&said(if checked.is_ok() { "passed" } else { "wrong" }))
}

#[test]
fn a_service_says_whether_a_response_fits_and_is_told_the_product_and_not_the_item() {
    let (address, questions) = server(key_server);
    let service = service(address, TOKEN);
    assert_eq!(service.check(&exchange(7)), Ok(()));
    let (head, body) = questions.recv().expect("asked");
    assert!(head.starts_with("POST /check HTTP/1.1"), "{head}");
    assert!(
        body.contains("\"gtin\":\"04012345111118\"") && body.contains("\"key_id\":3"),
        "{body}"
    );
    assert!(body.contains("\"format\":\"chopmark.org/tag-check@v1\""), "{body}");
    assert_eq!(service.check(&exchange(8)), Err(Refusal::Wrong));
    assert!(!format!("{service:?}").contains(TOKEN));
}

#[test]
fn a_service_that_does_not_answer_as_agreed_makes_no_tag_pass_or_fail() {
    let elsewhere =
        "HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    let huge = json(&format!("{}{}", said("passed"), " ".repeat(MOST_BYTES)));
    let endless = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n", 1 << 30);
    let endless = [endless.into_bytes(), vec![b' '; 1 << 20]].concat();
    let other = said("wrong").replace(&hex::encode(CHALLENGE), &"00".repeat(10));
    for (bytes, why) in [
        (elsewhere.as_bytes().to_vec(), "got the status 307, expected 200"),
        (b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n".to_vec(), "got the status 500"),
        (huge, "limit"),
        (endless, "limit"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{".to_vec(), ""),
        (b"nothing of HTTP\r\n\r\n".to_vec(), ""),
        (json("{"), ""),
        (json("{}"), "as format"),
        (json(&said("passed").replace("@v1", "@v2")), "as format"),
        (json(&other), "as challenge, expected the one of the question"),
        (json(&said("PASSED")), "as result"),
        (json(&said("passed").replace("\"passed\"", "true")), "as result"),
    ] {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
        let (address, _questions) = server(move |_, _| bytes.clone());
        let found = not_checked(service(address, TOKEN).check(&exchange(7)));
        assert!(found.contains(why), "{shown}: {found}");
        assert!(!found.contains(TOKEN), "{found}");
    }
    let (address, _questions) = server(move |_, _| json(&said("unknown_key")));
    assert_eq!(service(address, TOKEN).check(&exchange(7)), Err(Refusal::UnknownKey(3)));
}

#[test]
fn a_wrong_token_a_dead_service_and_a_slow_one_are_not_checked() {
    let (address, _questions) = server(key_server);
    let refused = not_checked(service(address, "another-token").check(&exchange(7)));
    assert_eq!(refused, "got the status 401, expected 200");
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address");
    not_checked(service(free, TOKEN).check(&exchange(7)));
    // It takes the question and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("its address");
    let begun = Instant::now();
    let why = not_checked(service(address, TOKEN).check(&exchange(7)));
    assert!(begun.elapsed() >= TIMEOUT && begun.elapsed() < 5 * TIMEOUT, "{why}");
}
