//! `chopmark health`: asks the processes of a configuration file, on this machine, whether they are ready.
//!
//! The way through: the file says at which address each role serves `/readyz` ([`address`]); [`ask`] sends one request
//! there and reads the status.
//!
//! What holds:
//!
//! - nothing but the processes' own answers decides; a process that does not answer within five seconds is not ready;
//! - the file is not checked further: a process that runs is asked even if the file was changed since it started.
//!
//! Not here: what this machine lacks ([`crate::doctor`]), and how ready is decided (`process::health`).
//!
//! Source: RFC 9112 section 4 (status line), RFC 8446 section 5.1 (the first byte of an alert).

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum as _;
use process::config::Installation;
use process::health::{LIVENESS, READINESS};

use crate::one_address;
use crate::role::{Role, Selected};
use crate::terminal::out;

/// Longest time for a connection, and for each part of an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most bytes of an answer that are read.
const ANSWER_BYTES: u64 = 16 * 1024;
/// First byte of a TLS alert: what a TLS server says to a request without TLS.
const TLS_ALERT: u8 = 0x15;

/// Whom to ask.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  chopmark health --config /etc/chopmark/ingest.toml --role ingest     as the health check of a container
  chopmark health                                                     every role of ./chopmark.toml
  chopmark health --live                                              whether they run, ready or not

A role that serves TLS is only asked whether it answers: its certificate is not for this machine's own address.

Exit status: 0 every role is ready, 1 one is not, 2 the file cannot be read.")]
pub struct Arguments {
    #[command(flatten)]
    selected: Selected,
    /// Asks only whether it runs, not whether it can do its work
    #[arg(long)]
    live: bool,
}

/// What a process answered.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// Status 200.
    Well,
    /// It speaks TLS, so it runs.
    Tls,
    /// Another status, another protocol or nothing, in words.
    Unwell(String),
}

/// Asks and prints a line for each role.
///
/// # Errors
///
/// If the file cannot be read or has no such role.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Selected { config, role } = &arguments.selected;
    let installation = Installation::read(config)?;
    let configured = Role::configured(&installation);
    let roles = if role.is_empty() { &configured } else { role };
    anyhow::ensure!(
        !roles.is_empty(),
        "{}: got none of [firmware_bridge], [ingest], [anchor], [trace_api], [desk], expected at least one",
        config.display()
    );
    let path = if arguments.live { LIVENESS } else { READINESS };
    let mut all_well = true;
    for role in roles {
        let value = role.to_possible_value();
        let name = value.as_ref().map_or("", clap::builder::PossibleValue::get_name);
        let Some(listen) = address(*role, &installation) else {
            anyhow::bail!(
                "{}: got no section for the role `{name}`, expected one",
                config.display()
            );
        };
        let address = reachable(listen);
        match ask(address, &below(*role, &installation, path)) {
            Answer::Well if arguments.live => out!("{name}: runs ({address})"),
            Answer::Well => out!("{name}: ready ({address})"),
            Answer::Tls => out!("{name}: answers with TLS ({address}); more was not asked"),
            Answer::Unwell(why) => {
                all_well = false;
                out!("{name}: NOT READY ({address}): {why}");
            }
        }
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where a role serves liveness and readiness.
fn address(role: Role, installation: &Installation) -> Option<SocketAddr> {
    match role {
        Role::Bridge => installation.firmware_bridge.as_ref().map(|section| section.listen),
        Role::Ingest => {
            let own = installation.ingest.as_ref()?.listen;
            let trace =
                installation.trace_api.as_ref().filter(|_| one_address::of(installation).is_some());
            Some(trace.map_or(own, |section| section.internal_listen))
        }
        Role::Anchor => installation.anchor.as_ref().map(|section| section.listen),
        Role::TraceApi => installation.trace_api.as_ref().map(|section| section.internal_listen),
        Role::Desk => installation.desk.as_ref().map(|section| section.internal_listen),
    }
}

/// The path there: ingest's is below `/ingest` where it is asked at trace-api's address for the operator.
fn below(role: Role, installation: &Installation, path: &str) -> String {
    let is_guest = role == Role::Ingest && one_address::of(installation).is_some();
    if is_guest { format!("/ingest{path}") } else { path.to_owned() }
}

/// The address at which this machine reaches what listens on `listen`: the loopback interface for "every address".
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn ask(address: SocketAddr, path: &str) -> Answer {
    let mut bytes = Vec::new();
    let outcome = TcpStream::connect_timeout(&address, PATIENCE).and_then(|mut stream| {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        stream.take(ANSWER_BYTES).read_to_end(&mut bytes)
    });
    // A server may close the connection in a hard way after it has answered.
    match outcome {
        Err(error) if bytes.is_empty() => Answer::Unwell(format!("no answer: {error}")),
        _ => understood(&bytes),
    }
}

fn understood(bytes: &[u8]) -> Answer {
    if bytes.first() == Some(&TLS_ALERT) {
        return Answer::Tls;
    }
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().next().unwrap_or_default();
    let mut words = line.split(' ');
    match (words.next(), words.next()) {
        (Some("HTTP/1.1" | "HTTP/1.0"), Some("200")) => Answer::Well,
        (Some("HTTP/1.1" | "HTTP/1.0"), Some(status)) => {
            let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            Answer::Unwell(format!("status {status}: {}", body.trim()))
        }
        _ => Answer::Unwell(format!("got {} bytes, expected an answer in HTTP/1.1", bytes.len())),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// What is said of a server that answers `bytes` to one request.
    fn asked_of(bytes: &'static [u8]) -> Answer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1000];
            let read = stream.read(&mut request).unwrap();
            assert!(request[..read].starts_with(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:"));
            stream.write_all(bytes).unwrap();
        });
        let answer = ask(address, READINESS);
        server.join().unwrap();
        answer
    }

    #[test]
    fn only_status_200_is_well_and_every_other_answer_is_said() {
        assert_eq!(asked_of(b"HTTP/1.1 200 OK\r\n\r\nready\n"), Answer::Well);
        let unwell = |words: &str| Answer::Unwell(words.to_owned());
        assert_eq!(
            asked_of(b"HTTP/1.1 503 Service Unavailable\r\n\r\nthe database is away\n"),
            unwell("status 503: the database is away")
        );
        assert_eq!(asked_of(b""), unwell("got 0 bytes, expected an answer in HTTP/1.1"));
        assert_eq!(
            asked_of(b"220 mail.example\r"),
            unwell("got 17 bytes, expected an answer in HTTP/1.1")
        );
        // Alert, TLS 1.2, two bytes: fatal, unexpected message.
        assert_eq!(asked_of(&[0x15, 3, 3, 0, 2, 2, 10]), Answer::Tls);
    }

    #[test]
    fn a_port_where_nothing_listens_is_not_well() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let Answer::Unwell(why) = ask(address, READINESS) else { panic!("nobody listens") };
        assert!(why.starts_with("no answer: "), "{why}");
    }

    #[test]
    fn what_listens_on_every_address_is_asked_on_the_loopback_interface() {
        for (listen, asked) in [
            ("0.0.0.0:8081", "127.0.0.1:8081"),
            ("[::]:8081", "[::1]:8081"),
            ("10.1.2.3:8081", "10.1.2.3:8081"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
