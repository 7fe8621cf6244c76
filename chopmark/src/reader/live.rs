//! `chopmark reader test`: live reads of one reader, or readings of one sensor, in this terminal.
//!
//! The way through: the same driver as in the bridge on the same line, its results into a table instead of the
//! spool.
//!
//! What holds: nothing is kept and nothing is delivered; a broker is joined under another name, so that a
//! running bridge misses nothing; a port that the bridge holds is refused with words that say so.

use std::collections::{BTreeMap, HashMap};
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use devices::message::DeviceData;
use firmware_bridge::config::Device;
use firmware_bridge::config::device::Reached;
use firmware_bridge::metrics::Metrics;
use firmware_bridge::sink::Sink;
use process::Clock;
use process::config::Installation;
use process::config::device::DeviceSection;
use reads::{Read, code};

use super::screen::{Screen, shorten};
use super::words::{Lang, LangAt};

/// Which reader or sensor.
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
    /// Ends after so many seconds. Default: until Ctrl-C
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Rows of the table, if the terminal is high enough
    #[arg(long, default_value_t = 15)]
    rows: usize,
    #[command(flatten)]
    lang: LangAt,
}

/// What was read of one tag.
struct Tag {
    hex: String,
    link: Option<String>,
    count: u64,
    antennas: BTreeMap<u16, u64>,
    last_cdbm: i32,
    best_cdbm: i32,
    tid: Option<String>,
    seen: Instant,
}

/// All that was seen.
struct Seen {
    lang: Lang,
    tags: HashMap<Vec<u8>, Tag>,
    readings: BTreeMap<(String, String), (String, String)>,
    reads: u64,
    /// Reads since the last second, and the rate then.
    fresh: (u64, Instant, f64),
    notes: Vec<String>,
    /// Whether the device said anything that was understood.
    has_spoken: bool,
    /// What was found last that is wrong and not over.
    wrong: Option<String>,
}

/// Where reads are to come from.
enum Source {
    /// A line of its own, by its name.
    Line(String),
    /// A broker, by its address, and what was subscribed to.
    Broker(String, Vec<String>),
}

/// Notes that stay on the screen.
const NOTES: usize = 6;
/// Columns below which a part of a row says nothing.
const LEAST_PART: usize = 12;

/// Shows what comes until it is over: status 0 if anything was read, 1 if not.
///
/// # Errors
///
/// If the device is not described rightly.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (name, device, base) = describe(arguments)?;
    let session = format!("chopmark-test-{}", std::process::id());
    let mut reached = device.reach(&base, &session)?;
    let source = match &mut reached {
        Reached::Broker(broker, format) => {
            broker.is_lasting = false;
            Source::Broker(format!("{}:{}", broker.host, broker.port), format.topics())
        }
        Reached::Line(opener, _) => Source::Line(opener.name().to_owned()),
        Reached::Modbus(port, ..) => Source::Line(port.path.clone()),
    };
    let (inputs, taken) = sync_channel(1000);
    let stop = Arc::new(AtomicBool::new(false));
    let metrics = Metrics::new();
    let sink = Sink {
        source: 0,
        reader: name.clone(),
        inputs,
        metrics: metrics.clone(),
        clock: Clock::system(),
    };
    let lines = firmware_bridge::start_lines(vec![(reached, sink)], &stop);
    let interrupted = Arc::new(AtomicBool::new(false));
    watch_for_interrupt(&interrupted)?;
    let begun = Instant::now();
    let is_screen = std::io::stdout().is_terminal();
    let lang = arguments.lang.get();
    let mut seen = Seen::new(lang);
    let mut screen = Screen::new();
    let mut painted = Instant::now();
    let waiting =
        lang.say("waiting for the first read; Ctrl-C ends", "等待第一次读取；按 Ctrl-C 结束");
    println!("{name}: {waiting}");
    loop {
        let is_over = interrupted.load(Ordering::Relaxed)
            || arguments.seconds.is_some_and(|seconds| begun.elapsed().as_secs() >= seconds);
        if is_over {
            break;
        }
        match taken.recv_timeout(Duration::from_millis(100)) {
            Ok(input) => {
                let lines = seen.take(&input.data);
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
            seen.paint(&mut screen, arguments.rows)?;
        }
    }
    let is_connected = metrics.connected.with_label_values(&[&name]).get() == 1;
    stop.store(true, Ordering::Relaxed);
    drop(taken);
    for line in lines {
        line.join().ok();
    }
    if is_screen {
        seen.paint(&mut screen, arguments.rows)?;
    }
    println!("{}", seen.summary(begun.elapsed(), &metrics, &name));
    if seen.has_any() {
        return Ok(ExitCode::SUCCESS);
    }
    let nothing = lang.say("nothing was read: ", "没有读到任何数据：");
    println!("{nothing}{}", seen.why_nothing(&source, is_connected));
    Ok(ExitCode::FAILURE)
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
    let readers = &super::bridge_section(&installation)?.readers[..];
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

impl Seen {
    fn new(lang: Lang) -> Self {
        Self {
            lang,
            tags: HashMap::new(),
            readings: BTreeMap::new(),
            reads: 0,
            fresh: (0, Instant::now(), 0.0),
            notes: Vec::new(),
            has_spoken: false,
            wrong: None,
        }
    }

    fn has_any(&self) -> bool {
        self.reads > 0 || !self.readings.is_empty()
    }

    /// Takes what came, and gives a line for each new thing.
    fn take(&mut self, taken: &DeviceData) -> Vec<String> {
        let mut lines = Vec::new();
        self.has_spoken |= !taken.settings.is_empty() || !taken.edges.is_empty();
        for read in &taken.reads {
            self.reads += 1;
            self.fresh.0 += 1;
            let is_new = !self.tags.contains_key(&read.epc);
            let tag = self.tags.entry(read.epc.clone()).or_insert_with(|| Tag::new(read));
            tag.add(read);
            if is_new {
                lines.push(format!(
                    "tag {}  {:.1} dBm  antenna {}",
                    tag.name(),
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
        let says = self.lang.say("the device says: ", "设备报告：");
        for setting in &taken.settings {
            self.note(format!("{}{} = {}", says, setting.name, setting.value), &mut lines);
        }
        for edge in &taken.edges {
            let state = if edge.is_active { "active" } else { "idle" };
            self.note(format!("input {} is {state}", edge.port), &mut lines);
        }
        for finding in &taken.findings {
            let text = format!("[{}] {}", finding.code, finding.text);
            self.wrong = (finding.code != code::BACK).then(|| text.clone());
            self.note(text, &mut lines);
            if let Some(mend) = self.lang.mend(finding.code) {
                self.note(mend.to_owned(), &mut lines);
            }
        }
        for letter in &taken.dead_letters {
            let text = format!("a message that cannot be used: {}", letter.reason);
            self.wrong = Some(text.clone());
            self.note(text, &mut lines);
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

    /// Paints the table over the last one.
    fn paint(&mut self, screen: &mut Screen, rows: usize) -> anyhow::Result<()> {
        let elapsed = self.fresh.1.elapsed();
        if elapsed > Duration::from_secs(1) {
            #[expect(clippy::cast_precision_loss, reason = "reads of a second")]
            let rate = self.fresh.0 as f64 / elapsed.as_secs_f64();
            self.fresh = (0, Instant::now(), rate);
        }
        let (reads, rate, count) = (self.reads, self.fresh.2, self.tags.len());
        let mut lines = vec![match self.lang {
            Lang::En => format!("{reads} reads, {rate:.0} a second, {count} tags"),
            Lang::Zh => format!("读取 {reads} 次，每秒 {rate:.0} 次，标签 {count} 个"),
        }];
        let mut tags: Vec<&Tag> = self.tags.values().collect();
        tags.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.hex.cmp(&b.hex)));
        let (width, height) = screen.measure();
        // Two lines of heads and one for those that have no room.
        let others = 3 + self.readings.len() + self.notes.len();
        let rows = rows.min(height.saturating_sub(others).max(1));
        if !tags.is_empty() {
            // Padded by hand: a Chinese character takes two columns.
            let head = self.lang.say(
                "  reads    last    best  antennas     age  tag",
                "   次数    最近    最强  天线        时隔  标签",
            );
            lines.push(head.to_owned());
        }
        for tag in tags.iter().take(rows) {
            lines.push(tag.row(width));
        }
        if tags.len() > rows {
            let more = tags.len() - rows;
            lines.push(match self.lang {
                Lang::En => format!("        … and {more} more"),
                Lang::Zh => format!("        … 另有 {more} 个"),
            });
        }
        for ((sensor, kind), (value, at)) in &self.readings {
            lines.push(format!("{value:>24}  {kind:<18} {sensor}  {at}"));
        }
        lines.extend(self.notes.iter().cloned());
        screen.paint(&mut std::io::stdout().lock(), &lines)?;
        Ok(())
    }

    fn summary(&self, time: Duration, metrics: &Metrics, reader: &str) -> String {
        let bad = metrics.bad_frames.with_label_values(&[reader]).get();
        let garbage = metrics.garbage_bytes.with_label_values(&[reader]).get();
        let (reads, tags, values) = (self.reads, self.tags.len(), self.readings.len());
        let seconds = time.as_secs_f64();
        match self.lang {
            Lang::En => format!(
                "{reads} reads of {tags} tags, {values} sensor values in {seconds:.1} s; {bad} bad frames, {garbage} stray bytes"
            ),
            Lang::Zh => format!(
                "{seconds:.1} 秒内读取 {reads} 次，标签 {tags} 个，传感器数值 {values} 个；错误帧 {bad}，多余字节 {garbage}"
            ),
        }
    }

    /// The most probable reason that nothing was read.
    fn why_nothing(&self, source: &Source, is_connected: bool) -> String {
        if let Some(wrong) = &self.wrong {
            return wrong.clone();
        }
        match (source, self.lang) {
            (Source::Broker(address, topics), Lang::En) if is_connected => format!(
                "the broker was reached; nothing came on topic `{}`; `chopmark reader detect --mqtt {address}` lists the topics that there are",
                topics.join("`, `")
            ),
            (Source::Broker(address, topics), Lang::Zh) if is_connected => format!(
                "已连上服务器，但主题 `{}` 上没有消息；`chopmark reader detect --mqtt {address}` 可列出现有主题",
                topics.join("`, `")
            ),
            (Source::Broker(address, _), Lang::En) => format!(
                "no broker at {address} has answered yet; look at the address and the network between"
            ),
            (Source::Broker(address, _), Lang::Zh) => {
                format!("{address} 处的服务器尚未应答；检查地址和网络")
            }
            (Source::Line(_), lang) if self.has_spoken => lang
                .say(
                    "the device was reached and read nothing: is a tag in its field, is its antenna on?",
                    "设备已连通，但没有读到标签：场内有标签吗？天线接好了吗？",
                )
                .to_owned(),
            (Source::Line(name), Lang::En) => format!(
                "nothing that is understood has come from {name} yet; look at power, cable and address, the baud rate, and whether the device is of this family"
            ),
            (Source::Line(name), Lang::Zh) => {
                format!("{name} 尚未传来可识别的数据；检查电源、电缆、地址、波特率和设备型号")
            }
        }
    }
}

fn dbm(cdbm: i32) -> f64 {
    f64::from(cdbm) / 100.0
}

impl Tag {
    fn new(read: &Read) -> Self {
        Self {
            hex: hex::encode_upper(&read.epc),
            link: epc::Tag::decode(&read.epc).ok().and_then(|tag| tag.to_digital_link()),
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

    /// Its EPC and what it stands for.
    fn name(&self) -> String {
        match &self.link {
            Some(link) => format!("{}  {link}", self.hex),
            None => self.hex.clone(),
        }
    }

    /// A row of at most `width` columns. What has no room is shortened in its middle: serials stand at the end.
    fn row(&self, width: usize) -> String {
        let antennas: Vec<String> = self.antennas.keys().map(u16::to_string).collect();
        let mut row = format!(
            "{:>7} {:>7.1} {:>7.1}  {:<9} {:>5.1}s",
            self.count,
            dbm(self.last_cdbm),
            dbm(self.best_cdbm),
            antennas.join(","),
            self.seen.elapsed().as_secs_f64(),
        );
        let tid = self.tid.as_ref().map(|tid| format!("TID {tid}"));
        for part in [Some(&self.hex), tid.as_ref(), self.link.as_ref()].into_iter().flatten() {
            let room = width.saturating_sub(row.len() + 2);
            if room < LEAST_PART {
                break;
            }
            row.push_str("  ");
            row.push_str(&shorten(part, room));
        }
        row
    }
}
