//! `chopmark doctor`: checks this machine and names what is missing and how to get it.
//!
//! What holds: nothing is changed and nothing is sent anywhere; each failed check names its remedy.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use process::config::Installation;
use process::config::keys::plain_files;

use crate::terminal::out;

/// Options of `chopmark doctor`.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  chopmark doctor --data /srv/chopmark
  chopmark doctor --config chopmark.toml

Exit status: 0 everything that the processes need is available, 1 something is missing.")]
pub struct Arguments {
    /// Folder that is to hold the data
    #[arg(long, default_value = "./var")]
    data: PathBuf,
    /// Configuration file whose key files are to be checked
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// The outcome of one check.
struct Check {
    what: &'static str,
    /// What was found, or what is missing and how to get it.
    outcome: Result<String, String>,
    /// Whether the processes cannot run without it.
    needed: bool,
}

/// Prints every check; exit status 1 if something needed is missing.
///
/// # Errors
///
/// None: what cannot be checked is reported as missing.
#[expect(clippy::unnecessary_wraps, reason = "all subcommands have one shape")]
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut checks = vec![
        Check { what: "PostgreSQL", outcome: postgres(), needed: true },
        Check { what: "chain for development (anvil)", outcome: anvil(), needed: false },
        Check { what: "browser for tests", outcome: browser(), needed: false },
        Check { what: "data folder", outcome: writable(&arguments.data), needed: true },
        Check { what: "free space", outcome: space(&arguments.data), needed: true },
        Check { what: "a free port", outcome: port(), needed: true },
        Check { what: "random numbers", outcome: random(), needed: true },
        Check { what: "serial ports", outcome: Ok(serial_ports()), needed: false },
    ];
    if let Some(config) = &arguments.config {
        checks.push(Check { what: "encrypted key files", outcome: keys(config), needed: false });
    }
    let mut is_well = true;
    for check in &checks {
        let (mark, text) = match &check.outcome {
            Ok(text) => ("ok     ", text),
            Err(text) if check.needed => ("MISSING", text),
            Err(text) => ("absent ", text),
        };
        is_well &= check.outcome.is_ok() || !check.needed;
        out!("{mark}  {:<30} {text}", check.what);
    }
    out!();
    out!(
        "{}",
        if is_well {
            "Everything that the processes need is available. In the source tree, `make demo` plays the whole way."
        } else {
            "Something needed is missing; the lines above say how to get it."
        }
    );
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn postgres() -> Result<String, String> {
    sql::cluster::find_binaries()
        .map(|found| format!("{} ({})", found.version, found.bin.display()))
        .map_err(|error| {
            format!("{error}; `make setup` installs it (Debian package postgresql-15)")
        })
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

fn writable(folder: &Path) -> Result<String, String> {
    let probe = folder.join(".doctor");
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&probe, b"probe"))
        .and_then(|()| std::fs::remove_file(&probe))
        .map(|()| folder.display().to_string())
        .map_err(|error| format!("{} cannot be written: {error}", folder.display()))
}

fn space(folder: &Path) -> Result<String, String> {
    const NEEDED_GIB: u64 = 2;
    let free = nix::sys::statvfs::statvfs(folder)
        .map(|stat| stat.blocks_available() * stat.fragment_size() / (1 << 30))
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    if free < NEEDED_GIB {
        return Err(format!("got {free} GiB free, expected at least {NEEDED_GIB} GiB"));
    }
    Ok(format!("{free} GiB"))
}

fn port() -> Result<String, String> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| format!("can listen on {address}"))
        .map_err(|error| format!("cannot listen on 127.0.0.1: {error}"))
}

fn random() -> Result<String, String> {
    crate::keys::new_token().map(|_| "available".to_owned()).map_err(|error| error.to_string())
}

fn keys(config: &Path) -> Result<String, String> {
    let installation = Installation::read(config).map_err(|problems| problems.to_string())?;
    let plain: Vec<String> = plain_files(&installation)
        .iter()
        .map(|(section, file)| format!("{section} {} is not encrypted", file.display()))
        .collect();
    if plain.is_empty() {
        return Ok("no plain key file that this user can read".to_owned());
    }
    Err(format!("{}; `chopmark keys encrypt FILE` encrypts it", plain.join(", ")))
}

fn serial_ports() -> String {
    let folder = Path::new("/dev/serial/by-id");
    let names: Vec<String> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path().display().to_string()).collect())
        .unwrap_or_default();
    if names.is_empty() { "none attached".to_owned() } else { names.join(", ") }
}
