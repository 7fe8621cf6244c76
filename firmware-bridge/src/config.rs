//! What a bridge works with: its key, its spool, ingest, its readers and sensors.
//!
//! The way through: [`resolve`] takes `[firmware_bridge]` from the installation's configuration, loads the key, checks
//! every reader (`reader`, [`device`], [`settle`]) and gives a [`Config`].
//!
//! What holds: every problem is reported, not only the first; nothing is opened on a device or a broker.

mod broker;
pub mod device;
pub(crate) mod error;
mod reader;
pub mod settle;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ledger::keys::SourceKey;
use ledger::note::is_key_name;
use process::config::bridge::{FirmwareBridgeSection, ReaderSection};
use process::config::keys::KeyFile;
use process::config::{Installation, Problem, Problems};

pub use self::broker::resolve as resolve_broker;
pub use self::device::Device;
pub use self::error::ConfigError;
pub use self::reader::Reader;

/// What `chopmark reader detect` prints in place of a value that only a person knows; refused here.
pub const FILL_IN: &str = "FILL-IN";

/// Hours that windows may be kept: ten years.
const MOST_KEPT_H: u32 = 87_600;

/// Everything a bridge needs, loaded and checked.
#[derive(Debug)]
pub struct Config {
    /// Its name.
    pub id: String,
    /// Its signing key.
    pub key: SourceKey,
    /// File of its spool.
    pub spool: PathBuf,
    /// Base address of ingest.
    pub ingest_url: String,
    /// Origin of the ledger that it delivers to.
    pub ledger: String,
    /// Certificates that may sign that of ingest, DER; none for the usual public ones.
    pub ingest_ca: Option<Vec<Vec<u8>>>,
    /// Where liveness, readiness and metrics are served.
    pub listen: SocketAddr,
    /// Hours that raw windows are kept.
    pub keep_windows_h: u32,
    /// Bytes beyond which raw reads are dropped.
    pub max_spool_bytes: u64,
    /// Readers and sensors.
    pub readers: Vec<Reader>,
    /// Folder that relative paths start from.
    pub base: PathBuf,
}

/// Loads the key and checks the readers.
///
/// # Errors
///
/// Everything that is wrong, with reader, key and value.
pub fn resolve(installation: &Installation) -> Result<Config, Problems> {
    let Some(section) = &installation.firmware_bridge else {
        return Err(Problem::missing("[firmware_bridge]", "the bridge").into());
    };
    let mut problems = Problems::default();
    let key = problems.keep(load_key(installation, section));
    problems.keep(check_section(section));
    let ingest_ca = problems.keep(load_ca(installation, section)).flatten();
    for (place, reader) in section.readers.iter().enumerate() {
        if section.readers[..place].iter().any(|other| other.id == reader.id) {
            let expected = "a name of its own for each reader";
            problems.push(Problem::value(name(reader), "id", "it a second time", expected));
        }
        problems.keep(check_reader(installation, section, reader));
    }
    problems.keep(check_ports(&section.readers));
    problems.unless_any(key.map(|key| Config {
        id: section.id.clone(),
        key,
        spool: spool(installation, section),
        ingest_url: section.ingest_url.clone(),
        ledger: section.ledger.clone(),
        ingest_ca,
        listen: section.listen,
        keep_windows_h: section.keep_windows_h,
        max_spool_bytes: section.max_spool_bytes,
        readers: section.readers.iter().map(Reader::from).collect(),
        base: installation.data_dir.clone(),
    }))
}

/// File of the bridge's spool.
#[must_use]
pub fn spool(installation: &Installation, section: &FirmwareBridgeSection) -> PathBuf {
    installation.at(&section.spool)
}

/// A reader's section as messages name it.
fn name(reader: &ReaderSection) -> String {
    format!("[[firmware_bridge.reader]] `{}`", reader.id)
}

/// What a problem says about [`FILL_IN`].
fn unfilled() -> String {
    format!("`{FILL_IN}`, which `chopmark reader detect` prints for you to fill in")
}

fn load_key(
    installation: &Installation,
    section: &FirmwareBridgeSection,
) -> Result<SourceKey, Problem> {
    let path = installation.at(&section.key);
    let file = KeyFile {
        section: "[firmware_bridge]",
        key: "key",
        path: &section.key,
        passphrase_file: section.key_passphrase_file.as_deref(),
        credential: section.key_passphrase_credential.as_deref(),
        made_by: "chopmark keys bridge",
    };
    let text = file.open(installation)?;
    SourceKey::from_pem(&text).map_err(|error| {
        let got = format!("{} ({error})", path.display());
        let expected = "a file that `chopmark keys bridge` wrote";
        Problem::value("[firmware_bridge]", "key", got, expected)
    })
}

/// Checks what no type can.
fn check_section(section: &FirmwareBridgeSection) -> Result<(), Problems> {
    let mut problems = Problems::default();
    problems.keep(check_name("[firmware_bridge]", "id", &section.id));
    problems.keep(check_url(section));
    if !is_key_name(&section.ledger) {
        let expected = "the origin of a ledger, such as `factory.example/line-1`";
        let got = format!("`{}`", section.ledger);
        problems.push(Problem::value("[firmware_bridge]", "ledger", got, expected));
    }
    if section.keep_windows_h > MOST_KEPT_H {
        let (got, expected) = (section.keep_windows_h, format!("at most {MOST_KEPT_H}"));
        problems.push(Problem::value("[firmware_bridge]", "keep_windows_h", got, expected));
    }
    problems.unless_any(Some(()))
}

/// Refuses an address that is none, and one without TLS to another machine unless that is allowed.
fn check_url(section: &FirmwareBridgeSection) -> Result<(), Problem> {
    let url = &section.ingest_url;
    let wrong = |expected: &str| {
        Err(Problem::value("[firmware_bridge]", "ingest_url", format!("`{url}`"), expected))
    };
    if url.starts_with("https://") {
        return Ok(());
    }
    let Some(rest) = url.strip_prefix("http://") else {
        return wrong("the address of ingest, such as `http://127.0.0.1:8081`");
    };
    if section.ingest_ca.is_some() {
        return wrong("`https://…` with `ingest_ca`");
    }
    if section.ingest_allow_http || is_own_machine(rest) {
        return Ok(());
    }
    wrong(
        "`https://…` to another machine; with `ingest_allow_http = true` anybody in between can read the deliveries",
    )
}

/// Whether the authority at the beginning of `rest` is this machine.
fn is_own_machine(rest: &str) -> bool {
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    // What stands before an `@` is a user's name.
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(inside) => inside.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn load_ca(
    installation: &Installation,
    section: &FirmwareBridgeSection,
) -> Result<Option<Vec<Vec<u8>>>, Problem> {
    let Some(path) = &section.ingest_ca else { return Ok(None) };
    let found = crate::tls::certificates(&installation.at(path))
        .map_err(|error| Problem::content("[firmware_bridge]", "ingest_ca", &error))?;
    Ok(Some(found.iter().map(|certificate| certificate.to_vec()).collect()))
}

/// Checks what no type can; every problem names the reader.
fn check_reader(
    installation: &Installation,
    section: &FirmwareBridgeSection,
    reader: &ReaderSection,
) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let name = name(reader);
    problems.keep(check_name("[[firmware_bridge.reader]]", "id", &reader.id));
    for sensor in reader.device.sensors() {
        if sensor == FILL_IN {
            let expected = "the identifier of the sensor, such as `urn:epc:id:giai:9521142.PROBE7`";
            problems.push(Problem::value(name.as_str(), "sensor", unfilled(), expected));
        }
        problems.keep(check_name(&name, "sensor", &sensor));
    }
    for place in reader.antenna_read_points.values().chain([&reader.read_point]) {
        if place == FILL_IN {
            let expected = "the location where it reads, such as `urn:epc:id:sgln:9521142.00001.3`";
            problems.push(Problem::value(name.as_str(), "read_point", unfilled(), expected));
            continue;
        }
        let is_place = epc::Epc::from_uri(place).is_ok_and(|e| e.scheme() == epc::Scheme::Sgln);
        if !is_place {
            let (got, expected) = (format!("`{place}`"), "a location, `urn:epc:id:sgln:…`");
            problems.push(Problem::value(name.as_str(), "read_point", got, expected));
        }
    }
    if reader.silent_after_s == Some(0) {
        problems.push(Problem::value(name.as_str(), "silent_after_s", 0, "at least 1"));
    }
    let content = |key: &str, cause: String| Problem::Content {
        section: name.clone(),
        key: key.into(),
        cause,
    };
    let settings = settle::settings(&reader.settle);
    problems.keep(settings.check().map_err(|cause| content("settle", cause)));
    for neighbour in &reader.settle.neighbours {
        let is_other = |other: &ReaderSection| other.id == *neighbour && other.id != reader.id;
        if !section.readers.iter().any(is_other) {
            let got = format!("`{neighbour}`");
            let expected = "another reader of this bridge";
            problems.push(Problem::value(name.as_str(), "neighbours", got, expected));
        }
    }
    let reached = Device::from(reader.device.clone()).reach(&installation.data_dir, "");
    problems.keep(reached.map_err(|error| Problem::content(name.as_str(), "device", &error)));
    problems.unless_any(Some(()))
}

/// Checks a name against what ingest accepts: a delivery with another is refused, with everything in it.
fn check_name(section: &str, key: &str, name: &str) -> Result<(), Problem> {
    if reads::is_name(name) {
        return Ok(());
    }
    let expected = "1 to 256 visible ASCII characters without spaces, such as `door-3`";
    Err(Problem::value(section, key, format!("`{name}`"), expected))
}

/// Refuses two readers on one serial port, unless both are Modbus sensors that one line can hold.
fn check_ports(readers: &[ReaderSection]) -> Result<(), Problems> {
    let mut problems = Problems::default();
    for (place, reader) in readers.iter().enumerate() {
        let Some(port) = reader.device.port() else { continue };
        for other in &readers[..place] {
            if other.device.port() != Some(port) {
                continue;
            }
            let expected = match (other.device.modbus(), reader.device.modbus()) {
                (Some((one, _)), Some((two, _))) if one != two => {
                    format!("the same `baud` of all sensors on one line, not {one} and {two}")
                }
                (Some((_, one)), Some((_, two))) if one == two => {
                    format!("an address of its own for each sensor on one line, not {one} twice")
                }
                (Some(_), Some(_)) => continue,
                _ => "an adapter of its own; only Modbus sensors can share one".to_owned(),
            };
            let got = format!("`{port}`, which reader `{}` has as well", other.id);
            problems.push(Problem::value(name(reader), "device port", got, expected));
        }
    }
    problems.unless_any(Some(()))
}

#[cfg(test)]
mod tests;
