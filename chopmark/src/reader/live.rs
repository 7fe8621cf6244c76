//! `chopmark reader test`: live reads of one reader, or readings of one sensor, in this terminal.
//!
//! The way through: the same driver as in the bridge on the same line, its results into a table instead of the
//! spool.
//!
//! What holds: nothing is kept and nothing is delivered; a broker is joined under another name, so that a
//! running bridge misses nothing; a port that the bridge holds is refused with words that say so.

use std::collections::{BTreeMap, HashMap};
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use firmware_bridge::config::Device;
use firmware_bridge::config::device::Reached;
use firmware_bridge::line::Sink;
use firmware_bridge::message::Taken;
use firmware_bridge::metrics::Metrics;
use reads::Read;

/// Which reader or sensor.
#[derive(clap::Args)]
pub struct Arguments {
    /// A device as the configuration writes it: r200 = { port = "/dev/ttyUSB0" }
    #[arg(long, value_name = "TOML", conflicts_with_all = ["config", "reader"], required_unless_present = "reader")]
    device: Option<String>,
    /// The bridge's configuration file
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
    config: PathBuf,
    /// Name of a reader in it
    #[arg(long, value_name = "NAME")]
    reader: Option<String>,
    /// Ends after so many seconds. Default: until Ctrl-C
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Rows of the table
    #[arg(long, default_value_t = 15)]
    rows: usize,
}

/// What was read of one tag.
struct Tag {
    name: String,
    count: u64,
    antennas: BTreeMap<u16, u64>,
    last_cdbm: i32,
    best_cdbm: i32,
    tid: Option<String>,
    seen: Instant,
}

/// All that was seen.
struct Seen {
    tags: HashMap<Vec<u8>, Tag>,
    readings: BTreeMap<(String, String), (String, String)>,
    reads: u64,
    /// Reads since the last second, and the rate then.
    fresh: (u64, Instant, f64),
    notes: Vec<String>,
}

/// Notes that stay on the screen.
const NOTES: usize = 6;

/// Shows what comes until it is over: status 0 if anything was read, 1 if not.
///
/// # Errors
///
/// If the device is not described rightly.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (name, device, base) = describe(arguments)?;
    let session = format!("chopmark-test-{}", std::process::id());
    let reached = match device.reach(&base, &session)? {
        Reached::Broker(mut broker, format) => {
            broker.is_lasting = false;
            Reached::Broker(broker, format)
        }
        line @ Reached::Line(..) => line,
    };
    let (inputs, taken) = sync_channel(1000);
    let stop = Arc::new(AtomicBool::new(false));
    let metrics = Metrics::new();
    let sink = Sink { source: 0, reader: name.clone(), inputs, metrics: metrics.clone() };
    let line = firmware_bridge::start_line(reached, sink, &stop);
    let interrupted = Arc::new(AtomicBool::new(false));
    watch_for_interrupt(&interrupted)?;
    let begun = Instant::now();
    let is_screen = std::io::stdout().is_terminal();
    let mut seen = Seen::new();
    let mut drawn = 0;
    let mut painted = Instant::now();
    println!("{name}: waiting for the first read; Ctrl-C ends");
    loop {
        let is_over = interrupted.load(Ordering::Relaxed)
            || arguments.seconds.is_some_and(|seconds| begun.elapsed().as_secs() >= seconds);
        if is_over {
            break;
        }
        match taken.recv_timeout(Duration::from_millis(100)) {
            Ok(input) => {
                let lines = seen.take(&input.taken);
                if let Some(acknowledge) = input.acknowledge {
                    acknowledge();
                }
                if !is_screen {
                    for line in lines {
                        println!("{line}");
                    }
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if is_screen && painted.elapsed() > Duration::from_millis(400) {
            painted = Instant::now();
            drawn = seen.paint(drawn, arguments.rows)?;
        }
    }
    stop.store(true, Ordering::Relaxed);
    drop(taken);
    line.join().ok();
    if is_screen {
        seen.paint(drawn, arguments.rows)?;
    }
    println!("{}", seen.summary(begun.elapsed(), &metrics, &name));
    let has_any = seen.reads > 0 || !seen.readings.is_empty();
    Ok(if has_any { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Name, device and folder that relative paths start from.
fn describe(arguments: &Arguments) -> anyhow::Result<(String, Device, PathBuf)> {
    if let Some(text) = &arguments.device {
        let device = toml::from_str(text).with_context(|| {
            format!("`{text}` describes no device; `r200 = {{ port = \"/dev/ttyUSB0\" }}` would")
        })?;
        return Ok(("test".into(), device, PathBuf::from(".")));
    }
    let wanted = arguments.reader.as_deref().unwrap_or_default();
    let file = firmware_bridge::config::File::load(&arguments.config)?;
    let found = file.readers().iter().find(|reader| reader.id == wanted).with_context(|| {
        let names: Vec<&str> = file.readers().iter().map(|reader| reader.id.as_str()).collect();
        format!(
            "no reader `{wanted}` in {}; there are: {}",
            arguments.config.display(),
            names.join(", ")
        )
    })?;
    let base = arguments.config.parent().unwrap_or(Path::new(".")).to_owned();
    Ok((found.id.clone(), found.device.clone(), base))
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

impl Seen {
    fn new() -> Self {
        Self {
            tags: HashMap::new(),
            readings: BTreeMap::new(),
            reads: 0,
            fresh: (0, Instant::now(), 0.0),
            notes: Vec::new(),
        }
    }

    /// Takes what came, and gives a line for each new thing.
    fn take(&mut self, taken: &Taken) -> Vec<String> {
        let mut lines = Vec::new();
        for read in &taken.reads {
            self.reads += 1;
            self.fresh.0 += 1;
            let is_new = !self.tags.contains_key(&read.epc);
            let tag = self.tags.entry(read.epc.clone()).or_insert_with(|| Tag::new(read));
            tag.add(read);
            if is_new {
                lines.push(format!(
                    "tag {}  {:.1} dBm  antenna {}",
                    tag.name,
                    dbm(read.rssi_cdbm),
                    read.antenna
                ));
            }
        }
        for reading in &taken.readings {
            let mark = match (reading.stale, reading.timeless) {
                (true, _) => " (stale)",
                (false, true) => " (no time of its own)",
                _ => "",
            };
            let value = format!("{} {}{mark}", reading.value, reading.unit);
            lines.push(format!("{} {}: {value}", reading.sensor, reading.kind.measurement()));
            let key = (reading.sensor.clone(), reading.kind.measurement().to_owned());
            self.readings.insert(key, (value, reading.at.to_string()));
        }
        for setting in &taken.settings {
            self.note(format!("the device says: {} = {}", setting.name, setting.value), &mut lines);
        }
        for edge in &taken.edges {
            let state = if edge.is_active { "active" } else { "idle" };
            self.note(format!("input {} is {state}", edge.port), &mut lines);
        }
        for finding in &taken.findings {
            self.note(format!("[{}] {}", finding.code, finding.text), &mut lines);
        }
        for letter in &taken.dead_letters {
            self.note(format!("a message that cannot be used: {}", letter.reason), &mut lines);
        }
        lines
    }

    fn note(&mut self, text: String, lines: &mut Vec<String>) {
        lines.push(text.clone());
        if self.notes.last() != Some(&text) {
            self.notes.push(text);
        }
        if self.notes.len() > NOTES {
            self.notes.remove(0);
        }
    }

    /// Paints the table over the last one; gives how many lines it has.
    fn paint(&mut self, drawn: usize, rows: usize) -> anyhow::Result<usize> {
        let elapsed = self.fresh.1.elapsed();
        if elapsed > Duration::from_secs(1) {
            #[expect(clippy::cast_precision_loss, reason = "reads of a second")]
            let rate = self.fresh.0 as f64 / elapsed.as_secs_f64();
            self.fresh = (0, Instant::now(), rate);
        }
        let mut lines = vec![format!(
            "{} reads, {:.0} a second, {} tags",
            self.reads,
            self.fresh.2,
            self.tags.len()
        )];
        let mut tags: Vec<&Tag> = self.tags.values().collect();
        tags.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
        if !tags.is_empty() {
            lines.push(format!(
                "{:>7} {:>7} {:>7}  {:<9} {:>6}  tag",
                "reads", "last", "best", "antennas", "age"
            ));
        }
        for tag in tags.iter().take(rows) {
            lines.push(tag.row());
        }
        if tags.len() > rows {
            lines.push(format!("        … and {} more", tags.len() - rows));
        }
        for ((sensor, kind), (value, at)) in &self.readings {
            lines.push(format!("{value:>24}  {kind:<18} {sensor}  {at}"));
        }
        lines.extend(self.notes.iter().cloned());
        let mut out = std::io::stdout().lock();
        if drawn > 0 {
            write!(out, "\x1b[{drawn}A")?;
        }
        let width = 118;
        for line in &lines {
            let cut: String = line.chars().take(width).collect();
            writeln!(out, "\x1b[2K{cut}")?;
        }
        // A table that became shorter leaves nothing of the old one.
        for _ in lines.len()..drawn {
            writeln!(out, "\x1b[2K")?;
        }
        out.flush()?;
        Ok(lines.len().max(drawn))
    }

    fn summary(&self, time: Duration, metrics: &Metrics, reader: &str) -> String {
        let bad = metrics.bad_frames.with_label_values(&[reader]).get();
        let garbage = metrics.garbage_bytes.with_label_values(&[reader]).get();
        let reads = format!(
            "{} reads of {} tags, {} sensor values in {:.1} s; {bad} bad frames, {garbage} stray bytes",
            self.reads,
            self.tags.len(),
            self.readings.len(),
            time.as_secs_f64()
        );
        if self.reads > 0 || !self.readings.is_empty() {
            return reads;
        }
        let last = self.notes.last().map_or_else(
            || {
                "the device was reached and said nothing: is a tag in its field, is its antenna on?"
                    .to_owned()
            },
            Clone::clone,
        );
        format!("{reads}\nnothing was read: {last}")
    }
}

fn dbm(cdbm: i32) -> f64 {
    f64::from(cdbm) / 100.0
}

impl Tag {
    fn new(read: &Read) -> Self {
        let name = epc::Tag::decode(&read.epc).ok().and_then(|tag| tag.to_digital_link());
        let hex = hex::encode_upper(&read.epc);
        Self {
            name: name.map_or_else(|| hex.clone(), |link| format!("{hex}  {link}")),
            count: 0,
            antennas: BTreeMap::new(),
            last_cdbm: read.rssi_cdbm,
            best_cdbm: read.rssi_cdbm,
            tid: None,
            seen: Instant::now(),
        }
    }

    fn add(&mut self, read: &Read) {
        self.count += 1;
        *self.antennas.entry(read.antenna).or_default() += 1;
        self.last_cdbm = read.rssi_cdbm;
        self.best_cdbm = self.best_cdbm.max(read.rssi_cdbm);
        self.seen = Instant::now();
        if let Some(tid) = &read.tid {
            self.tid = Some(hex::encode_upper(tid));
        }
    }

    fn row(&self) -> String {
        let antennas: Vec<String> = self.antennas.keys().map(u16::to_string).collect();
        let tid = self.tid.as_ref().map_or_else(String::new, |tid| format!("  TID {tid}"));
        format!(
            "{:>7} {:>7.1} {:>7.1}  {:<9} {:>5.1}s  {}{tid}",
            self.count,
            dbm(self.last_cdbm),
            dbm(self.best_cdbm),
            antennas.join(","),
            self.seen.elapsed().as_secs_f64(),
            self.name
        )
    }
}
