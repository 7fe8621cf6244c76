//! `chopmark reader detect`: what is connected to this machine, to a host or to a broker.
//!
//! What holds: what is printed about a device is TOML, with everything else in comments, so that it can be appended to
//! the bridge's configuration as it is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use devices::reader::chafon::Layout;
use firmware_bridge::broker::{self, Broker};
use firmware_bridge::config::{FILL_IN, resolve_broker};
use firmware_bridge::{detect, port};
use process::Clock;
use process::config::broker::{BrokerLogin, BrokerSection};

use super::block::{AtBroker, Blocks, MEMBERS, OnLine, quoted};
use super::words::{self, Lang, LangAt};
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
    #[command(flatten)]
    lang: LangAt,
}

/// Looks and prints; status 0 if everything that was named was found.
///
/// # Errors
///
/// If the system does not list its ports.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (clock, lang) = (Clock::system(), arguments.lang.get());
    let mut blocks = Blocks::new(lang);
    let mut all_found = true;
    let only_ports = arguments.llrp.is_empty() && arguments.mqtt.is_none();
    if only_ports && arguments.listen.is_empty() && arguments.ask.is_empty() {
        list_ports(lang)?;
    }
    let time = Duration::from_secs(arguments.seconds);
    for path in &arguments.listen {
        out!("# {}", words::listening(path, arguments.seconds, lang));
        all_found &= print_device(path, detect::listen(path, time / 2, &clock), &mut blocks, lang);
    }
    for path in &arguments.ask {
        out!("# {}", words::querying(path, lang));
        all_found &= print_device(path, detect::ask(path, &clock), &mut blocks, lang);
    }
    for host in &arguments.llrp {
        match detect::greet(host, &clock) {
            Ok(_) => {
                out!("# {host}: {}", lang.of(words::LLRP_FOUND));
                let device = OnLine { key: "address", place: &with_port(host), more: vec![] };
                print(&blocks.on_line("llrp", &device));
            }
            Err(reason) => {
                out!("# {host}: {reason}");
                all_found = false;
            }
        }
    }
    if let Some(address) = &arguments.mqtt {
        all_found &= topics(address, arguments, time, &mut blocks)?;
    }
    Ok(if all_found { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(lines: &[String]) {
    for line in lines {
        out!("{line}");
    }
}

fn with_port(host: &str) -> String {
    if host.contains(':') { host.to_owned() } else { format!("{host}:5084") }
}

fn list_ports(lang: Lang) -> anyhow::Result<()> {
    let found = port::list().map_err(|reason| anyhow::anyhow!(reason))?;
    if found.is_empty() {
        out!("# {}", lang.of(words::NO_PORT));
    }
    for port in &found {
        out!("# {}", port.path.display());
        if port.path != port.device {
            let how_long = match port.by_socket {
                None => lang.of(words::STABLE).to_owned(),
                Some(why) => words::stable_in_socket(why, lang),
            };
            out!("#   {}", words::is_now(&port.device.display().to_string(), &how_long, lang));
        } else if let Some(why) = port.by_socket {
            out!("#   {}", words::unstable(why, lang));
        }
        if let Some(about) = &port.about {
            out!("#   {about}");
        }
    }
    if let Some(port) = found.first() {
        let (path, next) = (port.path.display(), lang.of(words::NEXT));
        out!("#");
        out!(
            "# {next}: chopmark reader detect --listen {path}   # {}",
            lang.of(words::WRITES_NOTHING)
        );
        out!(
            "# {next}: chopmark reader detect --ask {path}      # {}",
            lang.of(words::ASKS_VERSION)
        );
    }
    out!("# {}: chopmark reader detect --llrp HOST, --mqtt HOST:PORT", lang.of(words::ALSO));
    Ok(())
}

fn print_device(
    path: &str,
    found: Result<Option<detect::DetectedDevice>, String>,
    blocks: &mut Blocks,
    lang: Lang,
) -> bool {
    match found {
        Ok(Some(known)) => {
            let about = words::recognised(known.family, known.baud, &known.about, lang);
            out!("# {path}: {about}");
            let open = |key: &str| format!("{key} = {}", quoted(FILL_IN));
            let more = match known.family {
                "chafon" if known.layout == Some(Layout::Reader18) => {
                    vec![("layout = \"reader18\"".to_owned(), None)]
                }
                "chafon" => vec![("layout = \"reader288\"".to_owned(), None)],
                // On which frequencies it may transmit is a matter of law, so it is not guessed.
                "mercury" => vec![(open("region"), Some(words::REGION))],
                "xy-md02" => vec![(open("sensor"), Some(words::SENSOR))],
                _ => vec![],
            };
            print(&blocks.on_line(known.family, &OnLine { key: "port", place: path, more }));
            true
        }
        Ok(None) => {
            out!("# {path}: {}", lang.of(words::NOTHING_DECODED));
            false
        }
        Err(reason) => {
            out!("# {path}: {reason}");
            false
        }
    }
}

/// The broker as the configuration writes it.
fn broker_section(address: &str, arguments: &Arguments) -> (BrokerSection, String) {
    match (&arguments.mqtt_user, &arguments.mqtt_password_file) {
        (Some(user), Some(file)) => {
            // The configuration may lie in another folder than this one.
            let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
            let text = format!(
                "{{ address = {}, user = {}, password_file = {} }}",
                quoted(address),
                quoted(user),
                quoted(&file.display().to_string())
            );
            let login = BrokerLogin {
                user: Some(user.clone()),
                password_file: Some(file),
                ..BrokerLogin::from(address.to_owned())
            };
            (BrokerSection::Login(Box::new(login)), text)
        }
        _ => (BrokerSection::Address(address.to_owned()), quoted(address)),
    }
}

fn topics(
    address: &str,
    arguments: &Arguments,
    time: Duration,
    blocks: &mut Blocks,
) -> anyhow::Result<bool> {
    let (clock, lang) = (Clock::system(), arguments.lang.get());
    let (at, text) = broker_section(address, arguments);
    let session = format!("chopmark-detect-{}", std::process::id());
    let broker = Broker { is_lasting: false, ..resolve_broker(&at, &PathBuf::from("."), session)? };
    out!("# {}", words::listening_to_broker(address, time.as_secs(), lang));
    let topics = match broker::listen(&broker, "#", time) {
        Ok(topics) => topics,
        Err(reason) => {
            out!("# {address}: {reason}");
            return Ok(false);
        }
    };
    if topics.is_empty() {
        out!("# {address}: {}", lang.of(words::NO_TOPIC));
        return Ok(false);
    }
    let mut found: BTreeMap<(&'static str, Option<String>, Option<String>), AtBroker> =
        BTreeMap::new();
    for (topic, payload, count) in topics {
        let guess = detect::guess_topic(&topic, &payload, clock.now());
        let family = if guess.family.is_empty() { "-" } else { guess.family };
        out!("# {count:>7} × {topic}");
        out!("#           {family}: {}", words::about(&guess.about, lang));
        if guess.family.is_empty() {
            continue;
        }
        let topic = guess.device.is_none().then_some(topic);
        let place = found.entry((guess.family, guess.application.clone(), topic.clone()));
        let place = place.or_default();
        if guess.family == "mapped-json" {
            place.members = detect::members(&payload, MEMBERS);
        }
        place.needs_form |= guess.needs_form;
        (place.topic, place.application) = (topic, guess.application);
        place.devices.extend(guess.device);
    }
    for ((family, ..), at) in &found {
        print(&blocks.at_broker(family, &text, at));
    }
    Ok(true)
}
