//! LLRP, the protocol of fixed readers by Impinj, Zebra and others: TCP, port 5084.
//!
//! The way through: the reader sends the first message, which reports whether it accepts the connection. Then [`Llrp`]
//! asks for its capabilities, configures it, and starts one ROSpec; from then on tag reports arrive by themselves. A
//! keepalive every five seconds is answered; an Impinj reader disconnects after unanswered keepalives.
//!
//! What holds: one command at a time; a refused one is reported with the reader's own message and the next one follows,
//! unless nothing can be read without it: then the ROSpec is started again until the reader accepts it; that is
//! reported once, and so is its end. ROSpecs and AccessSpecs of other clients are deleted. After a corrupt message
//! nothing more can be decoded until the connection is opened again, because LLRP has no start mark. Findings of
//! [`Dialect::poll`] are given with the next [`Dialect::feed`], even one without bytes.
//!
//! Not here: the connection, and opening it again after [`code::HELD`].
//!
//! Source: LLRP 1.0.1 and 1.1 (`EPCglobal`); Impinj Octane LLRP.

pub mod capabilities;
pub mod commands;
pub mod definitions;
pub mod impinj;
pub mod message;
pub mod parameter;
pub mod queue;
pub mod report;
pub mod tag_report;
pub mod words;

#[cfg(test)]
mod bodies_tests;
#[cfg(test)]
mod codec_tests;
#[cfg(test)]
mod report_tests;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use reads::{Finding, code};

use self::capabilities::Capabilities;
use self::commands::{ACCESS_SPEC, Plan, RO_SPEC};
use self::definitions as d;
use self::message::{Body, Framed, Framer, Message, Undecoded};
use self::parameter::Node;
use self::queue::{Answered, Command, Queue, Refusal};
use self::tag_report::TagReport;
use crate::reader::dialect::{Dialect, FrameData, Setting};

/// Time that a reader has to say whether it takes the connection; with that for its first answer less than the ten
/// seconds after which a silent line is opened anew.
const GREETING: Duration = Duration::from_secs(4);
/// Least time between two starts, should the reader end by itself again and again.
const BETWEEN_STARTS: Duration = Duration::from_secs(1);
/// Least time between two beginnings of a job that the reader does not take: it may just have booted.
const BETWEEN_TRIES: Duration = Duration::from_secs(5);
/// Most signs of life that wait for their answer; more between two polls are a flood.
const MOST_ACKS: usize = 16;

/// What is asked of a reader.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Transmit power in dBm. The reader's nearest level below is taken.
    pub power_dbm: f64,
    /// Ports to read, numbered from 1; empty for all.
    pub antennas: Vec<u16>,
    /// Session of the inventory, 0 to 3; of a larger number the last two bits count.
    pub session: u8,
    /// Whether each tag's TID is read along, 96 bits of it. That takes a read of every tag, on Impinj's readers from
    /// the first tag on whose chip does not give it with its EPC.
    pub read_tid: bool,
    /// Inputs that are active when their voltage is low: light barriers that break a closed contact.
    pub active_low: Vec<u16>,
}

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The reader has not spoken.
    Silent,
    /// Taken; its capabilities are asked for.
    Asking,
    /// Commands are under way or done.
    Working,
    /// Refused, broken or stopped.
    Over,
}

/// Where our job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Job {
    /// The reader has not answered all of it.
    Begun,
    /// The reader took its start.
    Started,
    /// It ended by itself.
    Ended,
    /// The reader did not take it; it is begun anew.
    Refused,
}

/// What is told once a connection, and was.
#[derive(Debug, Default)]
struct Reported {
    /// A message with wrong content.
    wrong: bool,
    /// A tag that refuses the read of its TID.
    refused_tid: bool,
    /// That the job is not taken; told again once it was.
    failure: bool,
}

/// The driver.
#[derive(Debug)]
pub struct Llrp {
    settings: Settings,
    framer: Framer,
    queue: Queue,
    stage: Stage,
    plan: Plan,
    acks: Vec<u32>,
    last: report::Latest,
    findings: Vec<Finding>,
    reported: Reported,
    /// Whether TIDs are read by an operation of ours.
    reads_tid: bool,
    job: Job,
    /// When it was begun or started last.
    started: Duration,
}

impl Llrp {
    /// A driver with these settings.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            framer: Framer::default(),
            queue: Queue::default(),
            stage: Stage::Silent,
            plan: Plan::default(),
            acks: Vec::new(),
            last: report::Latest::default(),
            findings: Vec::new(),
            reported: Reported::default(),
            reads_tid: false,
            job: Job::Begun,
            started: Duration::ZERO,
        }
    }

    fn find(&mut self, code: &'static str, text: impl Into<String>) {
        self.findings.push(Finding { code, text: text.into() });
    }

    fn ask(&mut self) {
        self.stage = Stage::Asking;
        self.queue.push(Command::must(commands::get_capabilities(), 11));
    }

    /// Takes a message; one that has tag reports only, and these only of what readers write with each tag, as it is.
    fn undecoded(&mut self, message: Undecoded<'_>, at: Timestamp, fed: &mut FrameData) {
        let is_report = message.number == d::RO_ACCESS_REPORT.number;
        if is_report && tag_report::for_each_in(message.body, |tag| self.report(tag, at, fed)) {
            fed.frames += 1;
            return;
        }
        match message.decode() {
            Framed::Message(message) => {
                fed.frames += 1;
                self.message(&message, at, fed);
            }
            Framed::Wrong { number, length, error } => {
                fed.bad_frames += 1;
                let name = d::message(number).map_or("message", |definition| definition.name);
                self.wrong(format!(
                    "{name} ({number}) of {length} bytes could not be decoded and is lost: {error}"
                ));
            }
            Framed::Broken(_) => {}
        }
    }

    fn message(&mut self, message: &Message, at: Timestamp, fed: &mut FrameData) {
        let Body::Known(node) = &message.body else { return };
        match node.definition.name {
            "RO_ACCESS_REPORT" => {
                for tag in node.all(&d::TAG_REPORT_DATA) {
                    self.report(&TagReport::of_node(tag), at, fed);
                }
            }
            "KEEPALIVE" if self.acks.len() < MOST_ACKS => self.acks.push(message.id),
            "READER_EVENT_NOTIFICATION" => {
                if let Some(data) = node.child(&d::READER_EVENT_NOTIFICATION_DATA) {
                    if self.stage == Stage::Silent {
                        // What it kept for us comes before it can be asked for its clock.
                        let has_clock = data.child(&d::UTC_TIMESTAMP).is_some();
                        self.plan.capabilities.has_clock = has_clock;
                    }
                    let has_clock = self.plan.capabilities.has_clock;
                    fed.edges.extend(report::edge(data, at, has_clock, &self.settings.active_low));
                    fed.antennas.extend(words::antenna(data));
                    self.event(data);
                }
            }
            "ERROR_MESSAGE" => self.error(message.id, node),
            "CUSTOM_MESSAGE" => {
                if let Some(status) = impinj::enable_status(node) {
                    self.answer(node, Some(&status), fed);
                }
            }
            _ => {
                if let Some(status) = node.child(&d::LLRP_STATUS) {
                    self.answer(node, Some(status), fed);
                }
            }
        }
    }

    fn report(&mut self, tag: &TagReport<'_>, at: Timestamp, fed: &mut FrameData) {
        match report::read(tag, at, self.plan.capabilities.has_clock, &mut self.last) {
            Ok(read) => {
                if self.plan.with_tid && read.tid.is_none() {
                    self.missed_tid(tag, &read.epc);
                }
                fed.reads.push(read);
            }
            Err(error) => {
                fed.bad_frames += 1;
                self.wrong(error);
            }
        }
    }

    /// A tag was read without its TID.
    fn missed_tid(&mut self, tag: &TagReport<'_>, epc: &[u8]) {
        if self.job == Job::Started && !self.reads_tid {
            self.reads_tid = true;
            self.read_tid();
        }
        if tag.has_refused_tid && !std::mem::replace(&mut self.reported.refused_tid, true) {
            let text = format!(
                "tag {} refused to have its TID read, as chips with a TID of less than 96 bits do; such tags are read without TID, so use other tags where the TID matters",
                hex::encode_upper(epc)
            );
            self.find(code::GAP, text);
        }
    }

    fn read_tid(&mut self) {
        self.queue.push(Command::must(commands::add_access_spec(), 50));
        let enable = commands::with_id(&d::ENABLE_ACCESSSPEC, ACCESS_SPEC);
        self.queue.push(Command::must(enable, 52));
    }

    /// Told once a connection: a reader that writes one thing wrong writes it wrong always.
    fn wrong(&mut self, text: impl Into<String>) {
        if !std::mem::replace(&mut self.reported.wrong, true) {
            self.find(code::GAP, text);
        }
    }

    fn event(&mut self, data: &Node) {
        if let Some(attempt) = data.child(&d::CONNECTION_ATTEMPT_EVENT) {
            self.attempt(attempt.short("Status"));
        }
        if let Some(event) = data.child(&d::RO_SPEC_EVENT) {
            let is_ours = event.number("ROSpecID") == Some(RO_SPEC.into());
            let has_begun = event.number("EventType") == Some(0);
            // Before, it is what our last connection left, and its number is the same.
            let was_started = self.job == Job::Started && self.stage == Stage::Working;
            if is_ours && !has_begun && was_started {
                self.job = Job::Ended;
                self.find(
                    code::REFUSED,
                    "the reader stopped reading by itself; the bridge starts it again; if this repeats, check which other system manages it",
                );
            }
        }
        self.findings.extend(words::events(data, &self.settings.antennas));
    }

    fn attempt(&mut self, status: Option<u16>) {
        match status {
            Some(0) if self.stage == Stage::Silent => self.ask(),
            // A second success on one connection says nothing new.
            Some(0) => {}
            Some(1) => self.held("the reader has opened a connection to another host"),
            Some(2) => self.held("another client is connected to the reader"),
            Some(4) => self.find(
                code::REFUSED,
                "the reader refused another client while this bridge is connected; it accepts only one, so stop the other",
            ),
            other => {
                self.stage = Stage::Over;
                let status = other.map_or_else(|| "none".into(), |status| status.to_string());
                let text =
                    format!("the reader refused the connection (status {status}); restart it");
                self.find(code::REFUSED, text);
            }
        }
    }

    fn held(&mut self, who: &str) {
        self.stage = Stage::Over;
        let text = format!(
            "{who}, and it accepts only one; stop the other client, or, if it is this bridge's own lost connection, wait until the reader notices, which takes up to several minutes"
        );
        self.find(code::HELD, text);
    }

    fn error(&mut self, id: u32, message: &Node) {
        let about = self.queue.failed(id);
        if self.stage == Stage::Over {
            return;
        }
        let what = about.map_or("a message", |about| about.name);
        let why = message.child(&d::LLRP_STATUS).and_then(words::refusal).unwrap_or_default();
        self.refused(about, format!("the reader answered {what} with an error: {why}"));
    }

    fn refused(&mut self, about: Option<Answered>, text: String) {
        let refusal = about.map_or(Refusal::Reported, |about| about.refusal);
        if refusal != Refusal::Harmless {
            self.failed(refusal, Finding { code: code::REFUSED, text });
        }
    }

    /// Tells why a command failed; one without which nothing is read is told once, until reading begins.
    fn failed(&mut self, refusal: Refusal, mut why: Finding) {
        if refusal == Refusal::Retried {
            self.queue.give_up();
            self.job = Job::Refused;
            if std::mem::replace(&mut self.reported.failure, true) {
                return;
            }
            let every = BETWEEN_TRIES.as_secs();
            let text = why.text;
            why.text = format!(
                "{text}; the bridge tries to start reading every {every} s until it succeeds"
            );
        }
        self.findings.push(why);
    }

    /// A response arrived: told if refused, else taken for what it says.
    fn answer(&mut self, response: &Node, status: Option<&Node>, fed: &mut FrameData) {
        let number = response.definition.number;
        let answered = self.queue.answered(number);
        if self.stage == Stage::Over {
            return;
        }
        if let Some(why) = status.and_then(words::refusal) {
            let what = answered.map_or(response.definition.name, |answered| answered.name);
            self.refused(answered, format!("the reader refused {what}: {why}"));
            return;
        }
        match response.definition.name {
            "GET_READER_CAPABILITIES_RESPONSE" => {
                self.plan.capabilities = Capabilities::of(response);
                let Capabilities { vendor, model, firmware, .. } = &self.plan.capabilities;
                let mut say = |name, value| fed.settings.push(Setting { name, value });
                say("vendor", vendor.to_string());
                say("model", model.to_string());
                say("version", firmware.clone());
            }
            "GET_READER_CONFIG_RESPONSE" => {
                self.findings.extend(words::antennas(response, &self.plan.antennas));
            }
            "ADD_ROSPEC_RESPONSE" => {
                let mut say = |name, value| fed.settings.push(Setting { name, value });
                if let Some(power) = self.plan.power {
                    say("power_cdbm", power.cdbm.to_string());
                }
                let ports: Vec<String> = self.plan.antennas.iter().map(u16::to_string).collect();
                say("antennas", if ports.is_empty() { "all".into() } else { ports.join(",") });
                say("session", self.plan.session.to_string());
            }
            // One that comes when it was given up is of a job that is deleted since.
            "START_ROSPEC_RESPONSE" if answered.is_some() => {
                self.job = Job::Started;
                if std::mem::take(&mut self.reported.failure) {
                    self.find(code::BACK, "the reader accepts its commands again and reads");
                }
            }
            _ => {}
        }
    }

    /// Capabilities are known, or will not be: everything else is queued.
    fn work(&mut self, now: Duration) {
        self.stage = Stage::Working;
        let can_read = self.choose();
        let plan = &self.plan;
        if plan.is_impinj {
            self.queue.push(Command::must(impinj::enable_extensions(), 1023));
        }
        let keepalive = Command::must(commands::set_keepalive(), 13);
        self.queue.push(keepalive.named("SET_READER_CONFIG for keepalives"));
        if plan.is_impinj {
            self.queue.push(Command::may(impinj::watch_link(), Some(13)));
        }
        let reports = Command::must(commands::set_reports(&plan.capabilities), 13);
        self.queue.push(reports.named("SET_READER_CONFIG for reports"));
        let events = Command::must(commands::set_events(&plan.capabilities), 13);
        self.queue.push(events.named("SET_READER_CONFIG for events"));
        if plan.capabilities.inputs > 0 {
            let inputs = Command::must(commands::set_inputs(plan.capabilities.inputs), 13);
            self.queue.push(inputs.named("SET_READER_CONFIG for its inputs"));
        }
        self.queue.push(Command::must(commands::get_antennas(), 12));
        self.begin(now, can_read);
        if self.plan.capabilities.can_hold {
            // A reader that was told to hold reports by an earlier client lets go of them now.
            let release = commands::empty(&d::ENABLE_EVENTS_AND_REPORTS);
            self.queue.push(Command::may(release, None));
        }
    }

    /// What the reader was told to read is deleted, and, where it can read, our job begins.
    fn begin(&mut self, now: Duration, can_read: bool) {
        self.started = now;
        self.job = Job::Begun;
        let with_id = commands::with_id;
        self.queue.push(Command::may(with_id(&d::DELETE_ACCESSSPEC, 0), Some(51)));
        self.queue.push(Command::may(with_id(&d::DELETE_ROSPEC, 0), Some(31)));
        if !can_read {
            return;
        }
        self.queue.push(Command::job(commands::add_ro_spec(&self.plan), 30));
        self.reads_tid |= self.plan.with_tid && !self.plan.is_impinj;
        if self.reads_tid {
            self.read_tid();
        }
        self.queue.push(Command::job(with_id(&d::ENABLE_ROSPEC, RO_SPEC), 34));
        self.start();
    }

    fn start(&mut self) {
        let start = commands::with_id(&d::START_ROSPEC, RO_SPEC);
        self.queue.push(Command::job(start, 32));
    }

    /// Fits the settings to what the reader can do; false if nothing is left to read with.
    fn choose(&mut self) -> bool {
        let Settings { power_dbm, antennas, session, read_tid, .. } = self.settings.clone();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the cast saturates, and no number is 0"
        )]
        let wanted = (power_dbm * 100.0).round() as i32;
        self.plan.is_impinj = self.plan.capabilities.vendor == impinj::VENDOR;
        self.plan.with_tid = read_tid;
        self.plan.session = session & 3;
        self.plan.power = self.plan.capabilities.power(wanted);
        if let Some(power) = self.plan.power
            && i32::from(power.cdbm) > wanted
        {
            let text = format!(
                "{power_dbm} dBm is below the reader's lowest power; it reads with {:.2} dBm",
                f64::from(power.cdbm) / 100.0
            );
            self.find(code::HARDWARE, text);
        }
        let most = self.plan.capabilities.antennas;
        let is_there = |port: &u16| *port > 0 && (most == 0 || *port <= most);
        let (there, missing): (Vec<u16>, Vec<u16>) =
            antennas.iter().partition(|port| is_there(port));
        for port in missing {
            let text = format!(
                "antenna port {port} is configured, but the reader has ports 1 to {most}; remove it from the configuration"
            );
            self.find(code::NO_ANTENNA, text);
        }
        self.plan.antennas = there;
        antennas.is_empty() || !self.plan.antennas.is_empty()
    }

    /// The next command's bytes; what was given up before it is heeded.
    fn next(&mut self, now: Duration) -> Option<Vec<u8>> {
        let mut written = self.queue.poll(now);
        for (about, why) in self.queue.given_up() {
            self.failed(about.refusal, why);
            written = written.or_else(|| self.queue.poll(now));
        }
        written
    }

    fn acks(&mut self) -> Vec<u8> {
        let acks = std::mem::take(&mut self.acks).into_iter();
        acks.flat_map(|id| write(id, commands::empty(&d::KEEPALIVE_ACK))).collect()
    }
}

/// A message of our own that always fits: those here have at most one number.
fn write(id: u32, node: Node) -> Vec<u8> {
    Message::new(id, node).to_bytes().unwrap_or_default()
}

impl Dialect for Llrp {
    fn open(&mut self) {
        *self = Self::new(self.settings.clone());
    }

    fn poll(&mut self, now: Duration) -> Option<Vec<u8>> {
        if self.stage == Stage::Over {
            return None;
        }
        if !self.acks.is_empty() {
            return Some(self.acks());
        }
        if self.stage == Stage::Silent && now >= GREETING {
            let text = format!(
                "the reader did not report within {} s whether it accepts the connection; the bridge sends its commands anyway; if the reader stays silent, another client may be connected to it",
                GREETING.as_secs()
            );
            self.find(code::NO_ANSWER, text);
            self.ask();
        }
        let written = self.next(now);
        if written.is_some() || !self.queue.is_idle() {
            return written;
        }
        let since = now.saturating_sub(self.started);
        match self.stage {
            Stage::Asking => self.work(now),
            Stage::Working if self.job == Job::Refused && since >= BETWEEN_TRIES => {
                self.begin(now, true);
            }
            Stage::Working if self.job == Job::Ended && since >= BETWEEN_STARTS => {
                self.job = Job::Begun;
                self.started = now;
                self.start();
            }
            _ => return None,
        }
        self.next(now)
    }

    fn feed(&mut self, bytes: &[u8], at: Timestamp, fed: &mut FrameData) {
        let mut framer = std::mem::take(&mut self.framer);
        framer.cut(bytes, |cut| match cut {
            Ok(message) => self.undecoded(message, at, fed),
            Err(error) => {
                fed.bad_frames += 1;
                self.stage = Stage::Over;
                self.find(
                    code::NOT_THIS_DEVICE,
                    format!(
                        "the received bytes are not LLRP: {error}; nothing more can be decoded until the connection is opened again; check that address and port (5084, without TLS) are the reader's"
                    ),
                );
            }
        });
        self.framer = framer;
        fed.garbage_bytes += self.framer.garbage();
        fed.findings.append(&mut self.findings);
    }

    fn stop(&mut self) -> Vec<u8> {
        let is_connected = matches!(self.stage, Stage::Asking | Stage::Working);
        self.stage = Stage::Over;
        self.queue.clear();
        if !is_connected {
            return Vec::new();
        }
        let mut nodes = vec![
            commands::with_id(&d::STOP_ROSPEC, RO_SPEC),
            commands::with_id(&d::DELETE_ROSPEC, RO_SPEC),
        ];
        if self.reads_tid {
            nodes.push(commands::with_id(&d::DELETE_ACCESSSPEC, ACCESS_SPEC));
        }
        nodes.push(commands::empty(&d::CLOSE_CONNECTION));
        let mut out = Vec::new();
        for node in nodes {
            out.extend(write(self.queue.next_id(), node));
        }
        out
    }
}
