//! The R200, YRM100, `MagicRF` M100 and QM100 family: serial, 115200 baud.
//!
//! The way through: stop, version, region, power, query, select, multi-poll, each waiting for its answer;
//! then inventory notices. If nothing arrives for `ASK_AGAIN`, everything starts over: either the polling has
//! ended, or the reader lost its power and with it its settings. A notice has as parameters: RSSI (signed, dBm),
//! protocol control word (two bytes), the EPC bank, the tag's own CRC (two bytes); the upper five bits of the control
//! word are the length of the EPC in words and must fit.
//!
//! If TIDs are configured, a tag that was not asked within `TID_AGAIN` is selected by its EPC and its TID
//! bank read between two polls; the next read of that EPC carries it. Two tags with the same EPC then answer
//! in turn, which is why a TID is kept for one read at most, and for `TID_FRESH` at most.
//!
//! What holds: the reader gives no time and no antenna; a setting is written only if the reader has another value, and
//! lasts until the reader loses its power: the bridge never sends command 09, which would save it. Findings without
//! incoming bytes are given with the next feed, which may be one without bytes.
//!
//! Source: `M5Stack`'s documentation of the UHF unit (JRD-4035), command tables of the YRM100 development kit;
//! the maker's development kit for the command 09.

pub mod frame;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use reads::{Bank, Finding, Read, code};

use self::frame::{Frame, Frames, Received, command};
use super::cutter::{Cutter, GapTimer};
use super::repeat_filter::RepeatFilter;
use super::script::{Script, Step};
use crate::reader::dialect::{Dialect, FrameData, Setting, strength};

/// Silence after which the reader is set up again. Multi-poll ends by itself after 10,000 rounds, and a reader
/// whose power failed for a moment has lost the command, its region and its power.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// Time after which the same EPC's TID is asked for again.
const TID_AGAIN: Duration = Duration::from_secs(10);
/// How long a TID waits for the next read of its EPC: a tag in the field answers several times a second, and a clone
/// that appears later must not get the TID of the original tag.
const TID_FRESH: Duration = Duration::from_secs(1);
/// Words of the TID bank that are read: 96 bits hold class, maker, model and a serial.
const TID_WORDS: u8 = 6;
/// Most EPCs whose TID waits or was asked for; no more are asked for until some expire.
const MAX_ASKED: usize = 4096;
/// Bytes without a single frame after which the device is not of this family.
const FOREIGN_BYTES: u64 = 512;

/// Where the reader may transmit, as the region command counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Region {
    /// China, 920 to 925 MHz.
    China900,
    /// United States, 902 to 928 MHz.
    Us,
    /// Europe, 865 to 868 MHz.
    Europe,
    /// China, 840 to 845 MHz.
    China800,
    /// Korea, 917 to 923 MHz.
    Korea,
}

impl Region {
    fn byte(self) -> u8 {
        match self {
            Self::China900 => 1,
            Self::Us => 2,
            Self::Europe => 3,
            Self::China800 => 4,
            Self::Korea => 6,
        }
    }
}

/// Settings of the reader.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Transmit power, hundredths of a dBm.
    pub power_cdbm: u16,
    /// Region; none keeps the reader's own.
    pub region: Option<Region>,
    /// Gen2 session, 0 to 3; none keeps the reader's own.
    pub session: Option<u8>,
    /// Reads only tags whose EPC begins with this; empty for all.
    pub only: Vec<u8>,
    /// Whether TIDs are read as well.
    pub read_tid: bool,
}

/// The driver.
#[derive(Debug, Default)]
pub struct R200 {
    settings: Settings,
    cutter: Cutter<Frames>,
    script: Script,
    /// Time of the last poll.
    now: Duration,
    quiet: GapTimer,
    /// When the last frame arrived, or the reader was set up.
    last_sign: Duration,
    /// Whether the handshake is over: the reader polls, except while a TID is read.
    is_set_up: bool,
    /// Bytes and frames since the line was opened, to detect a device of another family.
    heard: (u64, u64),
    is_foreign_reported: bool,
    /// EPCs whose TID was asked for, and when.
    asked: HashMap<Bank, Duration>,
    waiting: VecDeque<Bank>,
    /// The tag that is selected for the current TID read.
    selected: Option<Bank>,
    /// TIDs that wait for the next read of their EPC, and since when.
    tids: HashMap<Bank, (Bank, Duration)>,
    /// Data and findings from outside a feed.
    late: FrameData,
    repeats: RepeatFilter,
}

/// The tag in an inventory notice; none if its length does not fit its control word.
fn tag(parameters: &[u8]) -> Option<(i32, Bank)> {
    let [rssi, pc_high, _, rest @ ..] = parameters else { return None };
    let epc = rest.get(..rest.len().checked_sub(2)?)?;
    let words = usize::from(pc_high >> 3);
    #[expect(clippy::cast_possible_wrap, reason = "the byte is a signed number")]
    let rssi = i32::from(*rssi as i8);
    (epc.len() == words * 2).then(|| (strength(rssi * 100), Bank::from(epc)))
}

/// EPC and TID in the answer to a read: length of control word and EPC, both, then the data.
fn tid(parameters: &[u8]) -> Option<(Bank, Bank)> {
    let (length, rest) = parameters.split_first()?;
    let (head, data) = rest.split_at_checked(usize::from(*length))?;
    let epc = head.get(2..)?;
    (!data.is_empty() && data.len() <= 62).then(|| (Bank::from(epc), Bank::from(data)))
}

fn step(name: &'static str, frame: &Frame) -> Step {
    Step { name, bytes: frame.to_bytes(), answer: Some(u16::from(frame.command)) }
}

/// A step without an answer to wait for: the notices are the answer.
fn poll_step() -> Step {
    Step { name: "multi-poll", bytes: Frame::multi_poll().to_bytes(), answer: None }
}

impl R200 {
    /// A driver.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    fn set_up(&mut self) {
        let host = |name, command| step(name, &Frame::host(command, &[]));
        let steps = [
            // A polling reader answers no other command; one that does not poll may not answer this.
            Step { name: "stop", bytes: Frame::host(command::STOP, &[]).to_bytes(), answer: None },
            step("version", &Frame::host(command::VERSION, &[0x00])),
            host("get region", command::GET_REGION),
            host("get power", command::GET_POWER),
            host("get query", command::GET_QUERY),
        ];
        self.script = Script::new(steps);
        self.is_set_up = false;
        // Select before every round with a filter, else only before memory is read.
        let mode = if self.settings.only.is_empty() { 0x02 } else { 0x00 };
        if !self.settings.only.is_empty() {
            self.script.push(step("select", &Frame::select(&self.settings.only)));
        }
        if self.settings.read_tid || mode == 0 {
            self.script.push(step("select mode", &Frame::host(command::SELECT_MODE, &[mode])));
        }
        self.script.push(poll_step());
    }

    fn take(&mut self, frame: Received<'_>, at: Timestamp, fed: &mut FrameData) {
        self.last_sign = self.now;
        match (frame.kind, frame.command) {
            (2, command::SINGLE_POLL) => match tag(frame.parameters) {
                Some((rssi, epc)) => {
                    let read = self.notice(rssi, epc, at);
                    fed.reads.push(read);
                }
                None => fed.bad_frames += 1,
            },
            (1, _) => self.answer(frame, at, fed),
            _ => {}
        }
    }

    fn answer(&mut self, frame: Received<'_>, at: Timestamp, fed: &mut FrameData) {
        match (frame.command, frame.parameters) {
            (command::READ, parameters) => {
                if let Some((epc, tid)) = tid(parameters)
                    && self.selected.as_ref() == Some(&epc)
                {
                    let now = self.now;
                    self.tids.retain(|_, (_, since)| is_fresh(*since, now));
                    self.tids.insert(epc, (tid, now));
                }
            }
            (command::ERROR, [error, ..]) => return self.error(*error, at, fed),
            (command, parameters) => {
                if !self.setting(command, parameters, fed)
                    && let [refusal] = parameters
                    && *refusal != 0
                    && command != command::STOP
                {
                    let text = format!(
                        "the reader refused command {command:02X} with code {refusal:02X}; its value is out of range for this model"
                    );
                    self.repeats.report(Finding { code: code::REFUSED, text }, at, fed);
                }
            }
        }
        self.script.answered(u16::from(frame.command));
    }

    /// Handles an answer about a setting, and queues a command if the reader has another value than configured. False
    /// if the answer is about something else or is a refusal.
    fn setting(&mut self, command: u8, parameters: &[u8], fed: &mut FrameData) -> bool {
        let (name, value) = match (command, parameters) {
            (command::VERSION, [_, text @ ..]) => {
                ("version", String::from_utf8_lossy(text).into_owned())
            }
            (command::GET_POWER, [high, low]) => {
                let power = u16::from_be_bytes([*high, *low]);
                if power != self.settings.power_cdbm {
                    let bytes = self.settings.power_cdbm.to_be_bytes();
                    let frame = Frame::host(command::SET_POWER, &bytes);
                    self.before_polling(step("set power", &frame));
                }
                ("power_cdbm", power.to_string())
            }
            (command::SET_POWER, [0]) => ("power_cdbm", self.settings.power_cdbm.to_string()),
            (command::GET_REGION, [region]) => {
                if let Some(wanted) = self.settings.region.filter(|r| r.byte() != *region) {
                    let frame = Frame::host(command::SET_REGION, &[wanted.byte()]);
                    self.before_polling(step("set region", &frame));
                }
                ("region", region_name(*region))
            }
            (command::SET_REGION, [0]) => {
                ("region", region_name(self.settings.region.map_or(0, Region::byte)))
            }
            (command::GET_QUERY, [high, low]) => {
                let query = u16::from_be_bytes([*high, *low]);
                let session = (query >> 8 & 3) as u8;
                if let Some(wanted) = self.settings.session.filter(|wanted| *wanted != session) {
                    let query = query & !(3 << 8) | u16::from(wanted & 3) << 8;
                    let frame = Frame::host(command::SET_QUERY, &query.to_be_bytes());
                    self.before_polling(step("set query", &frame));
                }
                ("session", session.to_string())
            }
            (command::SET_QUERY, [0]) => {
                ("session", self.settings.session.unwrap_or(0).to_string())
            }
            _ => return false,
        };
        fed.settings.push(Setting { name, value });
        true
    }

    fn error(&mut self, error: u8, at: Timestamp, fed: &mut FrameData) {
        match error {
            // No tag in a round: normal, and frequent.
            0x15 => {}
            // A tag that left before its TID was read.
            0x09 | 0x16 => {
                self.script.answered(u16::from(command::READ));
            }
            0x20 => {
                let text = "the reader found no free channel; every channel of its region is in use, or its region is wrong for its location: set `region`".to_owned();
                self.repeats.report(Finding { code: code::REGION, text }, at, fed);
            }
            _ => {
                // A model that does not know a command still reads.
                let what = self.script.refused().unwrap_or("a command");
                let text = format!(
                    "the reader answered `{what}` with error {error:02X}; it does not know the command or its value"
                );
                self.repeats.report(Finding { code: code::REFUSED, text }, at, fed);
            }
        }
    }

    /// Stores the time, and gives up a frame whose rest does not arrive.
    fn tick(&mut self, now: Duration) {
        self.now = now;
        if let Some(at) = self.quiet.is_gap(now)
            && self.cutter.is_waiting()
        {
            let mut late = std::mem::take(&mut self.late);
            let mut cutter = std::mem::take(&mut self.cutter);
            cutter.give_up(&mut late, |frame, late| self.take(frame, at, late));
            self.cutter = cutter;
            self.late = late;
        }
    }

    /// Inserts a step before the one that starts polling, so that it is sent while the reader still accepts commands.
    fn before_polling(&mut self, step: Step) {
        self.script.push_before_last(step);
    }

    /// Begins to read the TID of a waiting tag, unless a command is in progress.
    fn ask_tid(&mut self) {
        if !self.script.is_over() {
            return;
        }
        let Some(epc) = self.waiting.pop_front() else { return };
        self.script.push(step("stop", &Frame::host(command::STOP, &[])));
        self.script.push(step("select a tag", &Frame::select(&epc)));
        self.script.push(step("read TID", &Frame::read_tid(TID_WORDS)));
        if !self.settings.only.is_empty() {
            self.script.push(step("select", &Frame::select(&self.settings.only)));
        }
        self.script.push(poll_step());
        self.selected = Some(epc);
    }

    fn notice(&mut self, rssi_cdbm: i32, epc: Bank, at: Timestamp) -> Read {
        let waiting = if self.tids.is_empty() { None } else { self.tids.remove(&epc) };
        let tid = waiting.filter(|(_, since)| is_fresh(*since, self.now));
        let tid = tid.map(|(tid, _)| tid);
        if self.settings.read_tid && tid.is_none() {
            let is_due =
                self.asked.get(&epc).is_none_or(|at| self.now.saturating_sub(*at) > TID_AGAIN);
            if self.asked.len() >= MAX_ASKED {
                let now = self.now;
                self.asked.retain(|_, at| now.saturating_sub(*at) <= TID_AGAIN);
            }
            if is_due && self.asked.len() < MAX_ASKED {
                self.asked.insert(epc.clone(), self.now);
                self.waiting.push_back(epc.clone());
            }
        }
        Read { epc, tid, antenna: 0, rssi_cdbm, at, reader_time: None, direction: None }
    }
}

fn is_fresh(since: Duration, now: Duration) -> bool {
    now.saturating_sub(since) <= TID_FRESH
}

fn region_name(byte: u8) -> String {
    let name = match byte {
        1 => "china900",
        2 => "us",
        3 => "europe",
        4 => "china800",
        6 => "korea",
        other => return format!("code {other}"),
    };
    name.to_owned()
}

impl Dialect for R200 {
    fn open(&mut self) {
        *self = Self::new(std::mem::take(&mut self.settings));
        self.set_up();
    }

    fn poll(&mut self, now: Duration) -> Option<Vec<u8>> {
        self.tick(now);
        if self.is_set_up {
            if now.saturating_sub(self.last_sign) >= ASK_AGAIN {
                self.set_up();
            } else {
                self.ask_tid();
            }
        }
        let bytes = self.script.poll(now);
        self.late.findings.extend(self.script.findings());
        if !self.is_set_up && self.script.is_over() {
            self.is_set_up = true;
            self.last_sign = now;
        }
        bytes
    }

    fn feed(&mut self, bytes: &[u8], at: Timestamp, fed: &mut FrameData) {
        let late = std::mem::take(&mut self.late);
        self.repeats.merge(late, at, fed);
        if bytes.is_empty() {
            return;
        }
        self.quiet.heard(at);
        let frames_before = fed.frames;
        let mut cutter = std::mem::take(&mut self.cutter);
        cutter.feed(bytes, fed, |frame, fed| self.take(frame, at, fed));
        self.cutter = cutter;
        self.heard.0 += bytes.len() as u64;
        self.heard.1 += fed.frames - frames_before;
        if self.heard.1 == 0 && self.heard.0 > FOREIGN_BYTES && !self.is_foreign_reported {
            self.is_foreign_reported = true;
            let text = format!(
                "{FOREIGN_BYTES} bytes arrived without a frame of this family; check the baud rate, mostly 115200, and that the device is of this family"
            );
            fed.findings.push(Finding { code: code::NOT_THIS_DEVICE, text });
        }
    }

    fn stop(&mut self) -> Vec<u8> {
        Frame::host(command::STOP, &[]).to_bytes()
    }
}

#[cfg(test)]
mod tests;
