//! `chopmark reader test`: live reads of one reader, or readings of one sensor, in this terminal.
//!
//! The way through: the same driver as in the bridge on the same line; what it decodes goes into a table
//! ([`Readout`]) instead of the spool.
//!
//! What holds: nothing is stored or delivered; at a broker it uses a session of its own, so that a running bridge misses
//! nothing, and a Sparkplug host name of its own, so that no node takes the bridge for offline when the test ends; a
//! port that the bridge has open is refused with an error that names the cause.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use anyhow::Context as _;
use firmware_bridge::config::Device;
use firmware_bridge::config::device::Reached;
use firmware_bridge::metrics::Metrics;
use firmware_bridge::sink::{Input, Sink};
use process::Clock;
use process::config::Installation;
use process::config::device::DeviceSection;

use super::readout::Readout;
use super::screen::Screen;
use super::spool_at::bridge_section;
use super::words::{self, Lang, LangAt};
use crate::terminal::out;

/// Options of `chopmark reader test`.
#[derive(clap::Args)]
pub struct Arguments {
    /// A device as the configuration writes it: r200 = { port = "/dev/ttyUSB0" }
    #[arg(long, value_name = "TOML", conflicts_with_all = ["config", "reader"])]
    device: Option<String>,
    /// The bridge's configuration file
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
    config: PathBuf,
    /// Name of a reader in it. Default: its only one
    #[arg(long, value_name = "NAME")]
    reader: Option<String>,
    /// Ends after this many seconds. Default: until Ctrl-C
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Most rows of the table; fewer if the terminal is not high enough
    #[arg(long, default_value_t = 15)]
    rows: usize,
    #[command(flatten)]
    lang: LangAt,
}

/// How a device is reached, for the explanation of why nothing was read.
enum Source {
    /// A line of its own, by its name.
    Line(String),
    /// A broker, by its address, and the topics that were subscribed to.
    Broker(String, Vec<String>),
}

/// Time between two pictures on the screen.
const FRAME: Duration = Duration::from_millis(400);
/// Inputs that wait for the table.
const QUEUE: usize = 1000;

/// Shows what the device sends until Ctrl-C or the time is over: status 0 if anything was read, 1 if not.
///
/// # Errors
///
/// If the device is not described as expected.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let clock = Clock::system();
    let (name, device, base) = describe(arguments)?;
    let session = format!("chopmark-test-{}", std::process::id());
    let mut reached = device.for_test(std::process::id()).reach(&base, &session)?;
    let source = Source::of(&mut reached);
    let (inputs, queue) = sync_channel(QUEUE);
    let stop = Arc::new(AtomicBool::new(false));
    let metrics = Metrics::new();
    let sink = Sink {
        source: 0,
        reader: name.clone(),
        inputs,
        metrics: metrics.clone(),
        clock: clock.clone(),
    };
    let lines = firmware_bridge::start_lines(vec![(reached, sink)], &stop);
    let begun = clock.instant();
    let lang = arguments.lang.get();
    let mut readout = Readout::new(lang, clock.clone());
    out!("{name}: {}", lang.of(words::WAITING));
    show(arguments, &queue, &mut readout, &clock)?;
    let is_connected = metrics.connected.with_label_values(&[&name]).get() == 1;
    stop.store(true, Ordering::Relaxed);
    drop(queue);
    for line in lines {
        line.join().ok();
    }
    out!("{}", readout.summary(clock.instant() - begun, &metrics, &name));
    if readout.has_any() {
        return Ok(ExitCode::SUCCESS);
    }
    let nothing = lang.of(words::NOTHING_READ);
    out!("{nothing}{}", source.explain(&readout, lang, is_connected));
    Ok(ExitCode::FAILURE)
}

/// Fills the readout and shows it: as a table on a terminal, otherwise a line for each new thing.
fn show(
    arguments: &Arguments,
    queue: &Receiver<Input>,
    readout: &mut Readout,
    clock: &Clock,
) -> anyhow::Result<()> {
    let interrupted = Arc::new(AtomicBool::new(false));
    watch_for_interrupt(&interrupted)?;
    let is_screen = std::io::stdout().is_terminal();
    let mut screen = Screen::new();
    let begun = clock.instant();
    let mut painted = begun;
    loop {
        let elapsed = clock.instant() - begun;
        let is_over = arguments.seconds.is_some_and(|seconds| elapsed.as_secs() >= seconds);
        if is_over || interrupted.load(Ordering::Relaxed) {
            break;
        }
        match queue.recv_timeout(Duration::from_millis(100)) {
            Ok(input) => {
                let lines = readout.add(&input.data);
                if let Some(acknowledge) = input.acknowledge {
                    acknowledge();
                }
                if !is_screen {
                    for line in lines {
                        out!("{line}");
                    }
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if is_screen && clock.instant() - painted > FRAME {
            painted = clock.instant();
            readout.paint(&mut screen, arguments.rows)?;
        }
    }
    if is_screen {
        readout.paint(&mut screen, arguments.rows)?;
    }
    Ok(())
}

/// Name, device and folder that relative paths start from.
fn describe(arguments: &Arguments) -> anyhow::Result<(String, Device, PathBuf)> {
    if let Some(text) = &arguments.device {
        let device: DeviceSection = toml::from_str(text).with_context(|| {
            format!(
                "got device `{text}`, expected one such as `r200 = {{ port = \"/dev/ttyUSB0\" }}`"
            )
        })?;
        return Ok(("test".into(), device.into(), PathBuf::from(".")));
    }
    let path = arguments.config.display();
    let installation = Installation::read(&arguments.config).with_context(|| {
        format!("--device describes a device; without it, {path} and --reader name one")
    })?;
    let readers = &bridge_section(&installation)?.readers[..];
    let names: Vec<&str> = readers.iter().map(|reader| reader.id.as_str()).collect();
    let found = match (&arguments.reader, readers) {
        (Some(wanted), all) => {
            all.iter().find(|reader| reader.id == *wanted).with_context(|| {
                format!("got --reader {wanted}, expected one of {path}: {}", names.join(", "))
            })?
        }
        (None, [only]) => only,
        (None, []) => {
            anyhow::bail!("{path}: got no [[firmware_bridge.reader]], expected at least one")
        }
        (None, _) => anyhow::bail!(
            "{path} has several readers; expected --reader with one of: {}",
            names.join(", ")
        ),
    };
    Ok((found.id.clone(), found.device.clone().into(), installation.data_dir.clone()))
}

fn watch_for_interrupt(interrupted: &Arc<AtomicBool>) -> anyhow::Result<()> {
    let flag = Arc::clone(interrupted);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            tokio::signal::ctrl_c().await.ok();
        });
        flag.store(true, Ordering::Relaxed);
    });
    Ok(())
}

impl Source {
    /// Where `reached` reads from; at a broker its session ends with this process.
    fn of(reached: &mut Reached) -> Self {
        match reached {
            Reached::Broker(broker, format) => {
                broker.is_lasting = false;
                Self::Broker(format!("{}:{}", broker.host, broker.port), format.topics())
            }
            Reached::Line(opener, _) => Self::Line(opener.name().to_owned()),
            Reached::Modbus(port, ..) => Self::Line(port.path.clone()),
        }
    }

    /// The most probable reason why nothing was read.
    fn explain(&self, readout: &Readout, lang: Lang, is_connected: bool) -> String {
        if let Some(problem) = readout.problem() {
            return problem.to_owned();
        }
        match self {
            Self::Broker(address, topics) if is_connected => {
                words::silent_topics(&topics.join("`, `"), address, lang)
            }
            Self::Broker(address, _) => words::no_broker(address, lang),
            Self::Line(_) if readout.has_answered() => lang.of(words::NO_TAG).to_owned(),
            Self::Line(name) => words::not_understood(name, lang),
        }
    }
}
