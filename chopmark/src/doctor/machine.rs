//! The machine: programs, ports, randomness, a folder for data; what the package put there.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use process::config::Installation;

use super::check::{Check, State};
use super::disk;

/// Where the Debian package keeps things (docs/packages.md).
pub struct Packaged {
    /// A folder for each role.
    pub data: PathBuf,
    /// Configuration files of the roles.
    pub configuration: PathBuf,
}

impl Default for Packaged {
    fn default() -> Self {
        Self { data: "/var/lib/chopmark".into(), configuration: "/etc/chopmark".into() }
    }
}

impl Packaged {
    /// The folders of the roles, as far as we may see them.
    fn folders(&self) -> Vec<PathBuf> {
        let mut found = entries(&self.data);
        found.retain(|path| path.is_dir());
        found
    }

    fn data_folder(&self) -> Check {
        let shown = self.data.display();
        let names: Vec<String> = self
            .folders()
            .iter()
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect();
        Check::ok("data folder", format!("{shown}, a folder for each role: {}", names.join(", ")))
    }

    fn configured(&self) -> Check {
        let mut files = entries(&self.configuration);
        files.retain(|path| path.extension().is_some_and(|end| end == "toml"));
        let of_init = self.folders().into_iter().map(|folder| folder.join("chopmark.toml"));
        files.extend(of_init.filter(|file| file.exists()));
        let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        let (found, remedy) = if names.is_empty() {
            (
                "no role has one, as far as this user may see".to_owned(),
                "chopmark init, or a file for each role: docs/packages.md",
            )
        } else {
            (
                names.join(", "),
                "chopmark doctor --config FILE, as the user of the role, looks at what it describes",
            )
        };
        Check { remedy: Some(remedy.to_owned()), ..Check::ok("configuration", found) }
    }
}

/// What a folder has, in the order of the names; nothing if we may not see it.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    found.sort();
    found
}

/// Before there is an installation: what one would need.
///
/// - `data`: the folder for its data, if somebody named one.
pub fn before(data: Option<&Path>, packaged: &Packaged) -> Vec<Check> {
    if data.is_none() && packaged.data.is_dir() {
        return vec![
            postgres(),
            packaged.data_folder(),
            disk::space("free space", &packaged.data),
            packaged.configured(),
            port(),
            random(),
            serial_ports(),
        ];
    }
    let data = data.unwrap_or(Path::new("."));
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn found<'c>(checks: &'c [Check], what: &str) -> &'c str {
        let check = checks.iter().find(|check| check.what == what);
        check.map_or("", |check| check.found.as_str())
    }

    #[test]
    fn on_a_machine_with_the_package_its_folders_and_files_are_named() {
        let place = tempfile::tempdir().unwrap();
        let packaged =
            Packaged { data: place.path().join("lib"), configuration: place.path().join("etc") };
        assert_eq!(found(&before(None, &packaged), "data folder"), ". can be written");
        for folder in ["lib/all", "lib/ingest", "etc"] {
            fs::create_dir_all(place.path().join(folder)).unwrap();
        }
        let checks = before(None, &packaged);
        let data = format!("{}, a folder for each role: all, ingest", packaged.data.display());
        assert_eq!(found(&checks, "data folder"), data);
        assert_eq!(found(&checks, "browser for tests"), "", "nobody tests there");
        assert!(found(&checks, "configuration").starts_with("no role has one"));
        for file in ["lib/all/chopmark.toml", "etc/bridge.toml", "etc/notes.txt"] {
            fs::write(place.path().join(file), "").unwrap();
        }
        let both = format!(
            "{}, {}",
            packaged.configuration.join("bridge.toml").display(),
            packaged.data.join("all/chopmark.toml").display()
        );
        assert_eq!(found(&before(None, &packaged), "configuration"), both);
        let named = before(Some(place.path()), &packaged);
        assert!(found(&named, "data folder").ends_with(" can be written"), "what was named counts");
    }
}
