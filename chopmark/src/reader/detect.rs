//! `chopmark reader detect`: what is connected to this machine, to a host or to a broker.
//!
//! What holds: what is printed about a device is TOML, with everything else in comments, so that it can be appended to
//! the bridge's configuration as it is.

mod json;

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

use self::json::DetectedJson;
use super::block::{AtBroker, Blocks, MEMBERS, OnLine, quoted};
use super::words::{self, Lang, LangAt};
use crate::terminal::{self, out};

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
    /// Prints what was found as JSON: `ports` (list of `path`, `device`, `about`, `by_socket`), `devices` (list of `place`, `how`,
    /// `found`, `family`, `baud`, `about`, `problem`), `topics` (list of `topic`, `messages`, `family`, `device`,
    /// `application`, `about`), `configuration` (the blocks to paste, TOML). What is not known is null
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    lang: LangAt,
}

/// What is said while looking: lines for people, or one JSON value at the end.
struct Output {
    is_json: bool,
    found: DetectedJson,
}

impl Output {
    /// A comment for people.
    fn comment(&self, text: &str) {
        if !self.is_json {
            out!("# {text}");
        }
    }

    /// Blocks of configuration.
    fn blocks(&mut self, lines: &[String]) {
        if self.is_json {
            self.found.configuration.extend(lines.iter().map(|line| line.clone() + "\n"));
        } else {
            for line in lines {
                out!("{line}");
            }
        }
    }
}

/// Looks and prints; status 0 if everything that was named was found.
///
/// # Errors
///
/// If the system does not list its ports.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (clock, lang) = (Clock::system(), arguments.lang.get());
    let mut blocks = Blocks::new(lang);
    let mut output = Output { is_json: arguments.json, found: DetectedJson::default() };
    let mut all_found = true;
    let only_ports = arguments.llrp.is_empty() && arguments.mqtt.is_none();
    if only_ports && arguments.listen.is_empty() && arguments.ask.is_empty() {
        let ports = port::list().map_err(|reason| anyhow::anyhow!(reason))?;
        output.found.ports = ports.iter().map(json::port).collect();
        if !arguments.json {
            print_ports(&ports, lang);
        }
    }
    let time = Duration::from_secs(arguments.seconds);
    for path in &arguments.listen {
        output.comment(&words::listening(path, arguments.seconds, lang));
        let found = detect::listen(path, time / 2, &clock);
        output.found.devices.push(json::device(path, "listen", &found));
        all_found &= show_device(path, found, &mut blocks, lang, &mut output);
    }
    for path in &arguments.ask {
        output.comment(&words::querying(path, lang));
        let found = detect::ask(path, &clock);
        output.found.devices.push(json::device(path, "ask", &found));
        all_found &= show_device(path, found, &mut blocks, lang, &mut output);
    }
    for host in &arguments.llrp {
        let found = detect::greet(host, &clock).map(Some);
        output.found.devices.push(json::device(host, "llrp", &found));
        match found {
            Ok(_) => {
                output.comment(&format!("{host}: {}", lang.of(words::LLRP_FOUND)));
                let device = OnLine { key: "address", place: &with_port(host), more: vec![] };
                output.blocks(&blocks.on_line("llrp", &device));
            }
            Err(reason) => {
                output.comment(&format!("{host}: {reason}"));
                all_found = false;
            }
        }
    }
    if let Some(address) = &arguments.mqtt {
        all_found &= topics(address, arguments, time, &mut blocks, &mut output)?;
    }
    if arguments.json {
        terminal::json(&output.found.to_json().to_string());
    }
    Ok(if all_found { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn with_port(host: &str) -> String {
    if host.contains(':') { host.to_owned() } else { format!("{host}:5084") }
}

fn print_ports(found: &[port::Found], lang: Lang) {
    if found.is_empty() {
        out!("# {}", lang.of(words::NO_PORT));
    }
    for port in found {
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
}

fn show_device(
    path: &str,
    found: Result<Option<detect::DetectedDevice>, String>,
    blocks: &mut Blocks,
    lang: Lang,
    output: &mut Output,
) -> bool {
    match found {
        Ok(Some(known)) => {
            let about = words::recognised(known.family, known.baud, &known.about, lang);
            output.comment(&format!("{path}: {about}"));
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
            output
                .blocks(&blocks.on_line(known.family, &OnLine { key: "port", place: path, more }));
            true
        }
        Ok(None) => {
            output.comment(&format!("{path}: {}", lang.of(words::NOTHING_DECODED)));
            false
        }
        Err(reason) => {
            output.comment(&format!("{path}: {reason}"));
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
    output: &mut Output,
) -> anyhow::Result<bool> {
    let (clock, lang) = (Clock::system(), arguments.lang.get());
    let (at, text) = broker_section(address, arguments);
    let session = format!("chopmark-detect-{}", std::process::id());
    let broker = Broker { is_lasting: false, ..resolve_broker(&at, &PathBuf::from("."), session)? };
    output.comment(&words::listening_to_broker(address, time.as_secs(), lang));
    let topics = match broker::listen(&broker, "#", time) {
        Ok(topics) => topics,
        Err(reason) => {
            output.comment(&format!("{address}: {reason}"));
            output.found.devices.push(json::no_broker(address, &reason));
            return Ok(false);
        }
    };
    if topics.is_empty() {
        output.comment(&format!("{address}: {}", lang.of(words::NO_TOPIC)));
        return Ok(false);
    }
    let mut found: BTreeMap<(&'static str, Option<String>, Option<String>), AtBroker> =
        BTreeMap::new();
    for (topic, payload, count) in topics {
        let guess = detect::guess_topic(&topic, &payload, clock.now());
        let family = if guess.family.is_empty() { "-" } else { guess.family };
        output.comment(&format!("{count:>7} × {topic}"));
        let about = words::about(&guess.about, lang);
        output.comment(&format!("          {family}: {about}"));
        output.found.topics.push(json::topic(&topic, count, &guess, &about));
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
        output.blocks(&blocks.at_broker(family, &text, at));
    }
    Ok(true)
}
