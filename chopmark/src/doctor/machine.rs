//! The machine: programs, ports, randomness, a folder for data.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use process::config::Installation;

use super::check::{Check, State};
use super::disk;

/// Before there is an installation: what one would need.
pub fn before(data: &Path) -> Vec<Check> {
    vec![
        postgres(),
        optional("chain for development (anvil)", anvil()),
        optional("browser for tests", browser()),
        disk::writable("data folder", data),
        disk::space("free space", data),
        port(),
        random(),
        serial_ports(),
    ]
}

/// What the machine must have for an installation.
pub fn needed(installation: &Installation) -> Vec<Check> {
    let mut checks = Vec::new();
    let database = installation.database.as_ref();
    if database.is_some_and(|section| section.embedded && section.url.is_none()) {
        checks.push(postgres());
    }
    if installation.firmware_bridge.is_some() {
        checks.push(serial_ports());
    }
    checks
}

fn postgres() -> Check {
    match sql::cluster::find_binaries() {
        Ok(found) => {
            Check::ok("PostgreSQL", format!("{} ({})", found.version, found.bin.display()))
        }
        Err(error) => Check::failed(
            "PostgreSQL",
            error.to_string(),
            "install Debian's package postgresql (15 or newer), or give `[database] url`; in the source tree `make setup` does it",
        ),
    }
}

fn optional(what: &str, outcome: Result<String, String>) -> Check {
    match outcome {
        Ok(found) => Check::ok(what, found),
        Err(found) => Check { state: State::Absent, ..Check::absent(what, found) },
    }
}

fn anvil() -> Result<String, String> {
    anchor::anvil::find().map(|path| path.display().to_string()).map_err(|error| {
        format!("{error}; `make setup` installs it (only the demo and tests need it)")
    })
}

fn browser() -> Result<String, String> {
    let name = std::env::var("CHOPMARK_CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
    let found = Command::new(&name).arg("--version").stderr(Stdio::null()).output();
    match found {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        _ => Err(format!("`{name}` does not run; `make setup` installs it (only tests need it)")),
    }
}

fn port() -> Check {
    let bound = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    match bound {
        Ok(address) => Check::ok("a free port", format!("can listen on {address}")),
        Err(error) => Check::failed(
            "a free port",
            format!("cannot listen on 127.0.0.1: {error}"),
            "allow the program to listen on the loopback interface",
        ),
    }
}

fn random() -> Check {
    match crate::keys::new_token() {
        Ok(_) => Check::ok("random numbers", "available"),
        Err(error) => {
            Check::failed("random numbers", error.to_string(), "look at the operating system's log")
        }
    }
}

fn serial_ports() -> Check {
    let names: Vec<String> = std::fs::read_dir("/dev/serial/by-id")
        .map(|entries| entries.flatten().map(|entry| entry.path().display().to_string()).collect())
        .unwrap_or_default();
    let found = if names.is_empty() { "none attached".to_owned() } else { names.join(", ") };
    Check::ok("serial ports", found)
}
