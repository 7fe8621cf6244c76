//! `chopmark reader detect`: what is connected to this machine, to a host or to a broker.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use devices::reader::chafon::Layout;
use firmware_bridge::broker::{self, Broker};
use firmware_bridge::config::resolve_broker;
use firmware_bridge::{detect, port};
use process::Clock;
use process::config::broker::{BrokerLogin, BrokerSection};

use crate::terminal::out;

/// Options of `chopmark reader detect`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Connects to this LLRP reader; may be given several times
    #[arg(long, value_name = "HOST[:PORT]")]
    llrp: Vec<String>,
    /// Shows the topics of this broker
    #[arg(long, value_name = "HOST:PORT")]
    mqtt: Option<String>,
    /// User name at the broker
    #[arg(long, requires = "mqtt_password_file")]
    mqtt_user: Option<String>,
    /// File with the password
    #[arg(long, value_name = "FILE", requires = "mqtt_user")]
    mqtt_password_file: Option<PathBuf>,
    /// Listens to this serial port without writing; may be given several times
    #[arg(long, value_name = "PATH")]
    listen: Vec<String>,
    /// Queries this serial port: writes the version query of each family in turn; may be given several times
    #[arg(long, value_name = "PATH")]
    ask: Vec<String>,
    /// Seconds to listen, to a port or a broker
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
}

/// Looks and prints; status 0 if everything that was named was found.
///
/// # Errors
///
/// If the system does not list its ports.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let clock = Clock::system();
    let mut all_found = true;
    let only_ports = arguments.llrp.is_empty() && arguments.mqtt.is_none();
    if only_ports && arguments.listen.is_empty() && arguments.ask.is_empty() {
        list_ports()?;
    }
    let time = Duration::from_secs(arguments.seconds);
    for path in &arguments.listen {
        out!("listening to {path} for {} s, writing nothing …", arguments.seconds);
        all_found &= print_device(path, detect::listen(path, time / 2, &clock));
    }
    for path in &arguments.ask {
        out!("querying {path}: mercury, r200, chafon, xy-md02 …");
        all_found &= print_device(path, detect::ask(path, &clock));
    }
    for host in &arguments.llrp {
        match detect::greet(host, &clock) {
            Ok(_) => {
                out!("{host}: an LLRP reader that accepts connections");
                out!("  device.llrp = {{ address = \"{}\" }}", with_port(host));
            }
            Err(reason) => {
                out!("{host}: {reason}");
                all_found = false;
            }
        }
    }
    if let Some(address) = &arguments.mqtt {
        all_found &= topics(address, arguments, time, &clock)?;
    }
    Ok(if all_found { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn with_port(host: &str) -> String {
    if host.contains(':') { host.to_owned() } else { format!("{host}:5084") }
}

fn list_ports() -> anyhow::Result<()> {
    let found = port::list().map_err(|reason| anyhow::anyhow!(reason))?;
    if found.is_empty() {
        out!("no serial port on this machine; a USB reader appears here once it is plugged in");
    }
    for port in &found {
        out!("{}", port.path.display());
        if port.path != port.device {
            let how_long = match port.by_socket {
                None => "stays the same after replugging".to_owned(),
                Some(why) => {
                    format!("stays the same as long as it is plugged into the same socket: {why}")
                }
            };
            out!("  is {} now; the name above {how_long}", port.device.display());
        } else if let Some(why) = port.by_socket {
            out!("  this name may be another device's after replugging: {why}");
        }
        if let Some(about) = &port.about {
            out!("  {about}");
        }
    }
    if let Some(port) = found.first() {
        out!();
        out!("next: chopmark reader detect --listen {}   (writes nothing)", port.path.display());
        out!(
            "      chopmark reader detect --ask {}      (queries its version)",
            port.path.display()
        );
    }
    out!("also: chopmark reader detect --llrp HOST, --mqtt HOST:PORT");
    Ok(())
}

fn print_device(path: &str, found: Result<Option<detect::DetectedDevice>, String>) -> bool {
    match found {
        Ok(Some(known)) => {
            out!("{path}: {} at {} baud ({})", known.family, known.baud, known.about);
            let more = match known.family {
                "chafon" if known.layout == Some(Layout::Reader18) => ", layout = \"reader18\"",
                "chafon" => ", layout = \"reader288\"",
                "mercury" => ", region = \"europe\"",
                "xy-md02" => ", sensor = \"urn:epc:id:giai:…\"",
                _ => "",
            };
            out!("  device.{} = {{ port = \"{path}\"{more} }}", known.family);
            out!(
                "next: chopmark reader test --device '{} = {{ port = \"{path}\"{more} }}'",
                known.family
            );
            true
        }
        Ok(None) => {
            out!(
                "{path}: nothing that can be decoded; it may be silent until it is queried (--ask), without power, or of another family"
            );
            false
        }
        Err(reason) => {
            out!("{path}: {reason}");
            false
        }
    }
}

fn topics(
    address: &str,
    arguments: &Arguments,
    time: Duration,
    clock: &Clock,
) -> anyhow::Result<bool> {
    let at = match (&arguments.mqtt_user, &arguments.mqtt_password_file) {
        (Some(user), Some(password_file)) => BrokerSection::Login(Box::new(BrokerLogin {
            user: Some(user.clone()),
            password_file: Some(password_file.clone()),
            ..BrokerLogin::from(address.to_owned())
        })),
        _ => BrokerSection::Address(address.to_owned()),
    };
    let session = format!("chopmark-detect-{}", std::process::id());
    let broker = Broker { is_lasting: false, ..resolve_broker(&at, &PathBuf::from("."), session)? };
    out!("listening to every topic of {address} for {} s …", time.as_secs());
    let topics = match broker::listen(&broker, "#", time) {
        Ok(topics) => topics,
        Err(reason) => {
            out!("{address}: {reason}");
            return Ok(false);
        }
    };
    if topics.is_empty() {
        out!("{address}: no message on any topic; a reader publishes when tags are in its field");
        return Ok(false);
    }
    for (topic, payload, count) in topics {
        let (family, why) = detect::guess_topic(&topic, &payload, clock.now());
        let family = if family.is_empty() { "-" } else { family };
        out!("{count:>7} × {topic}");
        out!("          {family}: {why}");
    }
    Ok(true)
}
