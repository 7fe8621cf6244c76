//! What one device sent so far, as a table in the terminal.
//!
//! The way through: [`Readout::add`] takes what the driver made of the device's bytes; [`Readout::paint`] shows it.
//!
//! What holds: nothing is kept beyond this process; the newest notes replace the oldest.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use devices::message::DeviceData;
use firmware_bridge::metrics::Metrics;
use process::Clock;
use reads::{Bank, Read, code};

use super::screen::{Screen, shorten};
use super::words::{self, Lang, Totals};

/// Notes that stay on the screen.
const NOTES: usize = 6;
/// Narrowest part of a row that is shown, in columns.
const LEAST_PART: usize = 12;

/// What was read of one tag.
struct TagRow {
    hex: String,
    link: Option<String>,
    count: u64,
    antennas: BTreeMap<u16, u64>,
    last_cdbm: i32,
    best_cdbm: i32,
    tid: Option<String>,
    last_read_at: Instant,
}

/// What one device sent so far.
pub struct Readout {
    lang: Lang,
    clock: Clock,
    tags: HashMap<Bank, TagRow>,
    readings: BTreeMap<(String, String), (String, String)>,
    reads: u64,
    /// Reads since the last second, its beginning, and the rate before it.
    rate: (u64, Instant, f64),
    notes: Vec<String>,
    /// Whether the device sent anything that could be decoded.
    has_answered: bool,
    /// The last problem that is not over.
    problem: Option<String>,
}

impl Readout {
    /// Nothing was sent yet.
    pub fn new(lang: Lang, clock: Clock) -> Self {
        let now = clock.instant();
        Self {
            lang,
            clock,
            tags: HashMap::new(),
            readings: BTreeMap::new(),
            reads: 0,
            rate: (0, now, 0.0),
            notes: Vec::new(),
            has_answered: false,
            problem: None,
        }
    }

    /// Whether the device sent anything that could be decoded, a read or not.
    pub fn has_answered(&self) -> bool {
        self.has_answered
    }

    /// The last problem that is not over.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Whether anything was read or measured.
    pub fn has_any(&self) -> bool {
        self.reads > 0 || !self.readings.is_empty()
    }

    /// Adds what the device sent; gives a line for each new thing.
    pub fn add(&mut self, data: &DeviceData) -> Vec<String> {
        let mut lines = Vec::new();
        self.has_answered |= !data.settings.is_empty() || !data.edges.is_empty();
        for read in &data.reads {
            lines.extend(self.add_read(read));
        }
        for reading in &data.readings {
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
        let reports = self.lang.of(words::REPORTS);
        for setting in &data.settings {
            self.note(format!("{reports}{} = {}", setting.name, setting.value), &mut lines);
        }
        for edge in &data.edges {
            let state = if edge.is_active { "active" } else { "idle" };
            self.note(format!("input {} is {state}", edge.port), &mut lines);
        }
        self.add_problems(data, &mut lines);
        lines
    }

    /// Adds a read; gives a line if the tag is new.
    fn add_read(&mut self, read: &Read) -> Option<String> {
        let now = self.clock.instant();
        self.reads += 1;
        self.rate.0 += 1;
        let is_new = !self.tags.contains_key(&read.epc);
        let tag = self.tags.entry(read.epc.clone()).or_insert_with(|| TagRow::new(read, now));
        tag.add(read, now);
        let (name, dbm) = (tag.name(), dbm(read.rssi_cdbm));
        is_new.then(|| format!("tag {name}  {dbm:.1} dBm  antenna {}", read.antenna))
    }

    /// Notes findings with their remedies, and messages that cannot be decoded.
    fn add_problems(&mut self, data: &DeviceData, lines: &mut Vec<String>) {
        for finding in &data.findings {
            let text = format!("[{}] {}", finding.code, finding.text);
            self.problem = (finding.code != code::BACK).then(|| text.clone());
            self.note(text, lines);
            if let Some(remedy) = self.lang.remedy(finding.code) {
                self.note(remedy.to_owned(), lines);
            }
        }
        for letter in &data.dead_letters {
            let text = format!("a message that cannot be decoded: {}", letter.reason);
            self.problem = Some(text.clone());
            self.note(text, lines);
        }
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
    pub fn paint(&mut self, screen: &mut Screen, rows: usize) -> anyhow::Result<()> {
        let now = self.clock.instant();
        let elapsed = now.duration_since(self.rate.1);
        if elapsed > Duration::from_secs(1) {
            #[expect(clippy::cast_precision_loss, reason = "reads of a second")]
            let rate = self.rate.0 as f64 / elapsed.as_secs_f64();
            self.rate = (0, now, rate);
        }
        let (reads, rate, count) = (self.reads, self.rate.2, self.tags.len());
        let mut lines = vec![words::reads_now(reads, rate, count, self.lang)];
        let (width, height) = screen.measure();
        // Two lines of heads and one for those that have no room.
        let others = 3 + self.readings.len() + self.notes.len();
        let rows = rows.min(height.saturating_sub(others).max(1));
        lines.extend(self.tag_lines(rows, width, now));
        for ((sensor, kind), (value, at)) in &self.readings {
            lines.push(format!("{value:>24}  {kind:<18} {sensor}  {at}"));
        }
        lines.extend(self.notes.iter().cloned());
        screen.paint(&mut std::io::stdout().lock(), &lines)?;
        Ok(())
    }

    /// The table of tags: those read most often first.
    fn tag_lines(&self, rows: usize, width: usize, now: Instant) -> Vec<String> {
        let mut tags: Vec<&TagRow> = self.tags.values().collect();
        tags.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.hex.cmp(&b.hex)));
        let mut lines = Vec::new();
        if !tags.is_empty() {
            lines.push(self.lang.of(words::TABLE_HEAD).to_owned());
        }
        lines.extend(tags.iter().take(rows).map(|tag| tag.line(width, now)));
        if tags.len() > rows {
            lines.push(words::more_rows(tags.len() - rows, self.lang));
        }
        lines
    }

    /// One line for the end.
    pub fn summary(&self, time: Duration, metrics: &Metrics, reader: &str) -> String {
        let totals = Totals {
            reads: self.reads,
            tags: self.tags.len(),
            values: self.readings.len(),
            bad_frames: metrics.bad_frames.with_label_values(&[reader]).get(),
            stray_bytes: metrics.garbage_bytes.with_label_values(&[reader]).get(),
        };
        words::summary(totals, time, self.lang)
    }
}

fn dbm(cdbm: i32) -> f64 {
    f64::from(cdbm) / 100.0
}

impl TagRow {
    fn new(read: &Read, now: Instant) -> Self {
        Self {
            hex: hex::encode_upper(&read.epc),
            link: epc::Tag::decode(&read.epc).ok().and_then(|tag| tag.to_digital_link()),
            count: 0,
            antennas: BTreeMap::new(),
            last_cdbm: read.rssi_cdbm,
            best_cdbm: read.rssi_cdbm,
            tid: None,
            last_read_at: now,
        }
    }

    fn add(&mut self, read: &Read, now: Instant) {
        self.count += 1;
        *self.antennas.entry(read.antenna).or_default() += 1;
        self.last_cdbm = read.rssi_cdbm;
        self.best_cdbm = self.best_cdbm.max(read.rssi_cdbm);
        self.last_read_at = now;
        if let Some(tid) = &read.tid {
            self.tid = Some(hex::encode_upper(tid));
        }
    }

    /// Its EPC and its Digital Link.
    fn name(&self) -> String {
        match &self.link {
            Some(link) => format!("{}  {link}", self.hex),
            None => self.hex.clone(),
        }
    }

    /// A line of at most `width` columns. What is too long is shortened in its middle, because serials are at the end.
    fn line(&self, width: usize, now: Instant) -> String {
        let antennas: Vec<String> = self.antennas.keys().map(u16::to_string).collect();
        let mut row = format!(
            "{:>7} {:>7.1} {:>7.1}  {:<9} {:>5.1}s",
            self.count,
            dbm(self.last_cdbm),
            dbm(self.best_cdbm),
            antennas.join(","),
            now.duration_since(self.last_read_at).as_secs_f64(),
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
