//! Chafon readers, with the layouts of `UHFReader18` and `UHFReader288`, over serial.
//!
//! The way through: ask for reader information, set the power if it differs, then ask for inventory repeatedly. The
//! next inventory is sent when the answer that ends a round has arrived, or after two seconds without one; after three
//! of those the reader is asked for its information again. With several antennas (288 only) each gets a round in turn.
//!
//! What holds: until its information is known, nothing but inventory is written to a reader; a bad frame loses only
//! itself; the reader gives no time, so reads have the time of arrival. A reader that is set to read by itself (288
//! only) is decoded too. Findings without incoming bytes are given with the next feed, which may be one without bytes.
//!
//! Not here: frames (`frame`), tags (`tag`), reader information (`information`), layouts (`layout`).
//!
//! Source: `UHFReader18` user's manual V2.0; `UHFReader288MP` user's manual V1.14, sections 4, 5, 8.2.1, 8.4.1
//! and 8.4.6.

mod frame;
mod information;
mod layout;
mod tag;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use reads::{Finding, Read, code};

pub use self::frame::BROADCAST;
use self::frame::{Answers, Frame};
use self::information::Information;
pub use self::layout::Layout;
use super::cutter::{Cutter, GapTimer};
use super::repeat_filter::{Noise, RepeatFilter};
use super::script::{Script, Step};
use crate::reader::dialect::{Dialect, FrameData, Setting};

/// Time that an inventory may be silent at least. A 288 round takes at most [`SCAN_TIME`], then the answer
/// comes; an 18 round as long as the reader is set to, so a second is added to that.
const PATIENCE: Duration = Duration::from_secs(2);
/// Rounds without an answer after which that is reported.
const MISSED: u32 = 3;
/// Rest after a round that failed on every antenna, so that a broken line is not asked hundreds of times.
const REST: Duration = Duration::from_millis(500);
/// First guess at the tags in the field, as a power of two; the reader corrects it while it reads.
const Q: u8 = 6;
/// Longest round, in tenths of a second.
const SCAN_TIME: u8 = 10;

/// Settings of the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Layout of its answers.
    pub layout: Layout,
    /// Transmit power, dBm, 0 to 33 depending on the model.
    pub power_dbm: u8,
    /// Address on the line, 0 to 254; [`BROADCAST`] for whichever answers.
    pub address: u8,
    /// Ports that are to read, 1 to 4; with the 18 layout it is not used. Others are left out; none left means
    /// port 1.
    pub antennas: Vec<u8>,
}

/// The driver.
#[derive(Debug)]
pub struct Chafon {
    settings: Settings,
    cutter: Cutter<Answers>,
    script: Script,
    /// Time of the last poll.
    clock: Duration,
    quiet: GapTimer,
    round: Round,
    patience: Duration,
    /// Place of the next antenna.
    turn: usize,
    /// Rounds in a row without an answer.
    missed: u32,
    /// Rounds in a row that failed.
    failed: usize,
    /// What came to light outside a feed.
    late: FrameData,
    repeats: RepeatFilter,
    noise: Noise,
}

/// Where the present round of inventory stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    /// None runs; the next may begin then.
    Between(Duration),
    /// One runs on this port; last sign of it then.
    Running { port: u8, sign: Duration },
    /// The reader was told to stop.
    Stopped,
}

impl Chafon {
    /// A driver; nothing is written before [`Dialect::open`].
    #[must_use]
    pub fn new(mut settings: Settings) -> Self {
        settings.antennas.retain(|port| (1..=4).contains(port));
        if settings.antennas.is_empty() || settings.layout == Layout::Reader18 {
            settings.antennas = vec![1];
        }
        Self {
            cutter: Cutter::new(Answers(settings.address)),
            settings,
            script: Script::default(),
            clock: Duration::ZERO,
            quiet: GapTimer::default(),
            round: Round::Stopped,
            patience: PATIENCE,
            turn: 0,
            missed: 0,
            failed: 0,
            late: FrameData::default(),
            repeats: RepeatFilter::default(),
            noise: Noise::default(),
        }
    }

    fn command(&self, command: u8, data: &[u8]) -> Vec<u8> {
        frame::command(self.settings.address, command, data)
    }

    fn ask_information(&mut self) {
        self.script = Script::new([Step {
            name: "get reader information",
            bytes: self.command(frame::INFORMATION, &[]),
            answer: Some(frame::INFORMATION.into()),
        }]);
    }

    fn inventory(&self, port: u8) -> Vec<u8> {
        match self.settings.layout {
            Layout::Reader18 => self.command(frame::INVENTORY, &[]),
            // Session 0, so that a tag answers in every round; no mask; target A.
            Layout::Reader288 => self.command(
                frame::INVENTORY,
                &[Q, 0, 0, 0, 0, 0, 0, 0x80 | port.saturating_sub(1), SCAN_TIME],
            ),
        }
    }

    fn take(&mut self, frame: &Frame<'_>, at: Timestamp, fed: &mut FrameData) {
        match frame.command {
            frame::INFORMATION => self.take_information(frame, at, fed),
            frame::POWER => self.take_power(frame, at, fed),
            frame::INVENTORY => self.take_inventory(frame, at, fed),
            frame::BY_ITSELF => Self::take_by_itself(frame, at, fed),
            _ => {
                // The reader does not say which command it does not know: it can only be the one at hand.
                let _ = self.script.answered(frame::INFORMATION.into())
                    || self.script.answered(frame::POWER.into());
                self.refuse("a command", frame.status, at, fed);
            }
        }
    }

    fn take_information(&mut self, frame: &Frame<'_>, at: Timestamp, fed: &mut FrameData) {
        match (frame.status, Information::parse(frame.data)) {
            (0, Some(information)) => {
                fed.settings.extend(information.settings());
                let power = self.settings.power_dbm;
                if self.settings.layout == Layout::Reader18 {
                    self.patience = PATIENCE.max(information.scan_time + Duration::from_secs(1));
                }
                let is_asked = self.script.answered(frame::INFORMATION.into());
                if is_asked && information.power_dbm != power {
                    self.script.push(Step {
                        name: "set power",
                        bytes: self.command(frame::POWER, &[power]),
                        answer: Some(frame::POWER.into()),
                    });
                }
            }
            (0, None) => fed.bad_frames += 1,
            (status, _) => {
                self.script.answered(frame::INFORMATION.into());
                self.refuse("get reader information", status, at, fed);
            }
        }
    }

    fn take_power(&mut self, frame: &Frame<'_>, at: Timestamp, fed: &mut FrameData) {
        self.script.answered(frame::POWER.into());
        if frame.status == 0 {
            let value = (u32::from(self.settings.power_dbm) * 100).to_string();
            fed.settings.push(Setting { name: "power_cdbm", value });
        } else {
            let text = format!(
                "the reader refused {} dBm of power with status {:02X}; set a power within its range, mostly 0 to 30 dBm",
                self.settings.power_dbm, frame.status
            );
            self.repeats.report(Finding { code: code::REFUSED, text }, at, fed);
        }
    }

    fn take_inventory(&mut self, frame: &Frame<'_>, at: Timestamp, fed: &mut FrameData) {
        self.missed = 0;
        if let Round::Running { sign, .. } = &mut self.round {
            *sign = self.clock;
        }
        match frame.status {
            // More follows; all others end the round.
            0x03 => self.take_tags(frame, at, fed),
            // End; time over; the reader's memory is full and the rest comes with the next round.
            0x01 | 0x02 | 0x04 => {
                self.take_tags(frame, at, fed);
                self.end_round(false);
            }
            // Numbers about the round, if the reader was set to give them; no tag; a tag answered badly.
            0x26 | 0xFA | 0xFB => self.end_round(false),
            0xF8 => {
                self.antenna_fails(frame, at, fed);
                self.end_round(true);
            }
            status => {
                self.refuse("inventory", status, at, fed);
                self.end_round(true);
            }
        }
    }

    fn take_tags(&mut self, frame: &Frame<'_>, at: Timestamp, fed: &mut FrameData) {
        let before = fed.reads.len();
        let taken =
            tag::tags(self.settings.layout, frame.data, |tag| fed.reads.push(read(tag, at)));
        if taken.is_some() {
            return;
        }
        fed.reads.truncate(before);
        fed.bad_frames += 1;
        let other = match self.settings.layout {
            Layout::Reader18 => Layout::Reader288,
            Layout::Reader288 => Layout::Reader18,
        };
        if tag::tags(other, frame.data, drop).is_some() {
            let name = |layout| match layout {
                Layout::Reader18 => "18",
                Layout::Reader288 => "288",
            };
            let text = format!(
                "the reader's answer has layout {}, expected {}; set `layout` to {}",
                name(other),
                name(self.settings.layout),
                name(other)
            );
            self.repeats.report(Finding { code: code::NOT_THIS_DEVICE, text }, at, fed);
        }
    }

    fn take_by_itself(frame: &Frame<'_>, at: Timestamp, fed: &mut FrameData) {
        // Status 28 is a sign of life without a tag.
        if frame.status == 0 {
            match tag::tag_by_itself(frame.data) {
                Some(tag) => fed.reads.push(read(tag, at)),
                None => fed.bad_frames += 1,
            }
        }
    }

    fn antenna_fails(&mut self, frame: &Frame<'_>, at: Timestamp, fed: &mut FrameData) {
        let said = frame.data.first().map_or(0, |mask| tag::port(*mask));
        let port = match self.round {
            Round::Running { port, .. } if said == 0 => u16::from(port),
            _ => said,
        };
        let text = format!(
            "no antenna is connected to port {port}; connect one, or remove port {port} from `antennas`"
        );
        self.repeats.report(Finding { code: code::NO_ANTENNA, text }, at, fed);
    }

    fn refuse(&mut self, what: &str, status: u8, at: Timestamp, fed: &mut FrameData) {
        let why = match status {
            0xF9 => "it could not execute it",
            0xFD => "it expects a different length",
            0xFE => "the command is unknown or not possible now",
            0xFF => "a parameter is out of range",
            _ => "see its manual",
        };
        let text = format!("the reader refused {what} with status {status:02X}: {why}");
        self.repeats.report(Finding { code: code::REFUSED, text }, at, fed);
    }

    fn end_round(&mut self, has_failed: bool) {
        if self.round == Round::Stopped {
            return;
        }
        self.failed = if has_failed { self.failed + 1 } else { 0 };
        let has_all_failed = self.failed >= self.settings.antennas.len();
        let rest = if has_all_failed { REST } else { Duration::ZERO };
        self.round = Round::Between(self.clock.saturating_add(rest));
    }

    /// Notes the time, and gives up a frame whose rest does not come.
    fn tick(&mut self, now: Duration) {
        self.clock = now;
        if let Some(at) = self.quiet.is_gap(now)
            && self.cutter.is_waiting()
        {
            let mut late = std::mem::take(&mut self.late);
            let mut cutter = std::mem::take(&mut self.cutter);
            cutter.give_up(&mut late, |frame, late| self.take(&frame, at, late));
            self.cutter = cutter;
            self.late = late;
        }
    }

    fn next_inventory(&mut self, now: Duration) -> Option<Vec<u8>> {
        match self.round {
            Round::Stopped => return None,
            Round::Between(then) if now < then => return None,
            Round::Running { sign, .. } if now.saturating_sub(sign) < self.patience => return None,
            Round::Running { .. } => {
                self.round = Round::Between(now);
                self.miss();
                if !self.script.is_over() {
                    return self.script.poll(now);
                }
            }
            Round::Between(_) => {}
        }
        let port = self.settings.antennas.get(self.turn).copied().unwrap_or(1);
        self.turn = (self.turn + 1) % self.settings.antennas.len().max(1);
        self.round = Round::Running { port, sign: now };
        Some(self.inventory(port))
    }

    /// A reader that misses several rounds may have lost its power or been replaced by another one, so it is
    /// asked anew what it is.
    fn miss(&mut self) {
        self.missed += 1;
        if self.missed < MISSED {
            return;
        }
        self.missed = 0;
        let text = format!(
            "the reader did not answer inventory {MISSED} times; check its power, the line, the baud rate and the address {:02X}",
            self.settings.address
        );
        self.late.findings.push(Finding { code: code::NO_ANSWER, text });
        self.ask_information();
    }
}

fn read(tag: tag::Tag, at: Timestamp) -> Read {
    Read {
        epc: tag.epc,
        tid: tag.tid,
        antenna: tag.antenna,
        rssi_cdbm: tag.rssi_cdbm,
        at,
        reader_time: None,
        direction: None,
    }
}

impl Dialect for Chafon {
    fn open(&mut self) {
        *self = Self::new(self.settings.clone());
        self.round = Round::Between(Duration::ZERO);
        self.ask_information();
    }

    fn poll(&mut self, now: Duration) -> Option<Vec<u8>> {
        self.tick(now);
        if self.round == Round::Stopped {
            return None;
        }
        let step = self.script.poll(now);
        self.late.findings.extend(self.script.findings());
        if step.is_some() || !self.script.is_over() {
            return step;
        }
        self.next_inventory(now)
    }

    fn feed(&mut self, bytes: &[u8], at: Timestamp, fed: &mut FrameData) {
        let late = std::mem::take(&mut self.late);
        self.repeats.merge(late, at, fed);
        if bytes.is_empty() {
            return;
        }
        self.quiet.heard(at);
        let before = (fed.frames, fed.garbage_bytes);
        let mut cutter = std::mem::take(&mut self.cutter);
        cutter.feed(bytes, fed, |frame, fed| self.take(&frame, at, fed));
        self.cutter = cutter;
        fed.findings.extend(self.noise.add(before, fed, "a Chafon reader"));
    }

    /// Nothing: a round ends by itself within a second and no further one is asked for.
    fn stop(&mut self) -> Vec<u8> {
        self.round = Round::Stopped;
        Vec::new()
    }
}
