//! Readers that speak the Mercury protocol of `ThingMagic` and JADAK (M6E Nano and others), and Silion's
//! modules, which use the same frames.
//!
//! The way through: stop a reading that may still run; ask for the version and for the part of the firmware that runs;
//! set region, protocol, ports and power; start continuous reading. A reader in its bootloader is commanded once to
//! start its firmware. A reader without continuous reading, like Silion's, is started with Silion's command. The reader
//! sends a keepalive once a second; if nothing arrives for five seconds, everything starts over.
//!
//! What holds: a reader that did not accept its region is not started, so it never transmits on a band that is not
//! configured; reads that arrive after a stop are kept; a read's time is computed from the keepalive before it
//! (`base`), since the reader has no time of its own. Findings without incoming bytes are given with the next feed,
//! which may be one without bytes.
//!
//! Not here: frames (`frame`), tags (`tag`), status codes (`status`), Silion's command (`silion`).
//!
//! Source: `ThingMagic` Mercury serial protocol as `SparkFun`'s communication logs of the M6E Nano show it;
//! Silion's communication protocol.

mod base;
mod frame;
mod region;
mod silion;
mod status;
mod tag;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use reads::{Finding, Read, code};

use self::base::Base;
use self::frame::{Frame, Messages};
pub use self::region::Region;
use self::tag::{Notice, Tag};
use super::cutter::{Cutter, GapTimer};
use super::repeat_filter::{Noise, RepeatFilter};
use super::script::{Script, Step};
use crate::reader::dialect::{Dialect, FrameData, Setting};

/// Get version.
const VERSION: u8 = 0x03;
/// Start the firmware, out of the bootloader.
const BOOT: u8 = 0x04;
/// Get the part of the firmware that runs.
const PHASE: u8 = 0x0C;
/// Tag, keep-alive or error while reading.
const NOTICE: u8 = 0x22;
/// Start or stop continuous reading.
const READING: u8 = 0x2F;
const ANTENNAS: u8 = 0x91;
const POWER: u8 = 0x92;
const PROTOCOL: u8 = 0x93;
const REGION: u8 = 0x97;
/// What the script waits for when reading is to start.
const STARTED: u16 = 0x2F01;

/// Silence after which the reader is set up again: five keep-alives.
const SILENCE: Duration = Duration::from_secs(5);
/// Rest before a reader that refused to read is set up again. It says nothing while it rests, so this is shorter
/// than the silence after which its line would count as lost.
const REST: Duration = Duration::from_secs(5);

/// How the reader is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Transmit power when reading, hundredths of a dBm, 0 to 3300 depending on the model.
    pub power_cdbm: u16,
    /// The region whose band it may use.
    pub region: Region,
    /// Ports that are to read, 1 to 15. Others are left out; none left means port 1.
    pub antennas: Vec<u8>,
}

/// The driver.
#[derive(Debug)]
pub struct Mercury {
    settings: Settings,
    cutter: Cutter<Messages>,
    script: Script,
    /// Time of the last poll.
    clock: Duration,
    quiet: GapTimer,
    state: State,
    base: Base,
    /// The reader took the region.
    has_region: bool,
    /// The firmware was told to start on this line.
    is_booted: bool,
    silion: Silions,
    /// What came to light outside a feed.
    late: FrameData,
    repeats: RepeatFilter,
    noise: Noise,
}

/// Whether the reader reads Silion's own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Silions {
    /// Not as far as is known.
    No,
    /// It does.
    Yes,
    /// It did, and was told to stop.
    Stopped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The script runs.
    SettingUp,
    /// The reader reads; last whole message then.
    Reading(Duration),
    /// It refused; it is set up again then.
    Resting(Duration),
    /// It was told to stop.
    Stopped,
}

impl Mercury {
    /// A driver; nothing is written before [`Dialect::open`].
    #[must_use]
    pub fn new(mut settings: Settings) -> Self {
        settings.antennas.retain(|port| (1..=15).contains(port));
        if settings.antennas.is_empty() {
            settings.antennas = vec![1];
        }
        Self {
            settings,
            cutter: Cutter::default(),
            script: Script::default(),
            clock: Duration::ZERO,
            quiet: GapTimer::default(),
            state: State::Stopped,
            base: Base::default(),
            has_region: false,
            is_booted: false,
            silion: Silions::No,
            late: FrameData::default(),
            repeats: RepeatFilter::default(),
            noise: Noise::default(),
        }
    }

    fn stop_command() -> Vec<u8> {
        frame::command(READING, &[0x00, 0x00, 0x02])
    }

    /// The commands that bring the reader to its region.
    fn first_steps(&self) -> [Step; 3] {
        [
            step("get version", VERSION, &[]),
            step("get run phase", PHASE, &[]),
            step("set region", REGION, &[self.settings.region.number()]),
        ]
    }

    /// The commands after that, which bring it to reading.
    fn last_steps(&self) -> [Step; 4] {
        // The search list: option 2, then transmitting and receiving port in pairs.
        let mut ports = vec![0x02];
        ports.extend(self.settings.antennas.iter().flat_map(|port| [*port, *port]));
        [
            step("set protocol", PROTOCOL, &[0x00, 0x05]),
            step("set antennas", ANTENNAS, &ports),
            step("set read power", POWER, &self.settings.power_cdbm.to_be_bytes()),
            Step {
                name: "start reading",
                // No timeout, option 1: continuous. Within it for Gen2 the command 22: option 10 for numbers
                // about the read, search flags 001B (port list, stream), 1000 ms, all numbers (01FF).
                bytes: frame::command(
                    READING,
                    &[0, 0, 1, 0x22, 0, 0, 5, 7, 0x22, 0x10, 0, 0x1B, 0x03, 0xE8, 0x01, 0xFF],
                ),
                answer: Some(STARTED),
            },
        ]
    }

    fn set_up(&mut self) {
        let stop = Step { name: "stop reading", bytes: self.stop_now(), answer: None };
        self.script = Script::new(std::iter::once(stop).chain(self.first_steps()));
        self.has_region = false;
        self.base.clear();
        self.state = State::SettingUp;
    }

    /// A stop has an answer, but a reader that does not read owes none, so it is not waited for: the version
    /// that is asked for next comes behind whatever the reader still had to say.
    fn stop_now(&mut self) -> Vec<u8> {
        let mut bytes = Self::stop_command();
        if self.silion == Silions::Yes {
            self.silion = Silions::Stopped;
            bytes.extend(silion::stop());
        }
        bytes
    }

    fn take(&mut self, frame: &Frame<'_>, at: Timestamp, fed: &mut FrameData) {
        if let State::Reading(last) = &mut self.state {
            *last = self.clock;
        }
        match frame.command {
            NOTICE => self.take_notice(frame, at, fed),
            READING => self.take_reading(frame, at, fed),
            silion::COMMAND => self.take_silion(frame, at, fed),
            PHASE => self.take_phase(frame, at, fed),
            command => self.take_answer(command, frame, at, fed),
        }
    }

    fn take_notice(&mut self, frame: &Frame<'_>, at: Timestamp, fed: &mut FrameData) {
        match frame.status {
            status::NO_TAG => self.base.set(at),
            0 => match Tag::in_stream(frame.data) {
                Some(Notice::Tag(tag)) => fed.reads.push(self.read(tag, at)),
                Some(Notice::Status) => {}
                None => fed.bad_frames += 1,
            },
            status => self.report_status("read", status, at, fed),
        }
    }

    fn take_reading(&mut self, frame: &Frame<'_>, at: Timestamp, fed: &mut FrameData) {
        let is_stop = frame.data.first() == Some(&2);
        if is_stop && frame.status == 0 {
            // Somebody else stopped it, or the answer to the first stop was late.
            if matches!(self.state, State::Reading(_)) {
                self.set_up();
            }
            return;
        }
        if matches!(self.state, State::Reading(_)) && frame.status != 0 {
            if frame.status != status::NO_TAG {
                self.report_status("read", frame.status, at, fed);
            }
            return;
        }
        if !self.script.answered(STARTED) {
            return;
        }
        if frame.status == 0 {
            self.begin(at);
        } else if status::is_unknown_command(frame.status) {
            self.script.push(Step {
                name: "start reading (Silion)",
                bytes: silion::start(),
                answer: Some(silion::START),
            });
        } else {
            self.report_status("start reading", frame.status, at, fed);
            self.rest();
        }
    }

    fn take_silion(&mut self, frame: &Frame<'_>, at: Timestamp, fed: &mut FrameData) {
        match (frame.status, silion::Message::parse(frame.data)) {
            (0, Some(silion::Message::Answer(number))) => {
                if number == silion::START && self.script.answered(number) {
                    self.silion = Silions::Yes;
                    self.begin(at);
                }
            }
            (0, Some(silion::Message::Tag(tag))) => {
                fed.reads.push(self.read(tag, at));
                self.stop_silion();
            }
            (0, Some(silion::Message::Heartbeat)) => self.stop_silion(),
            (0, None) => fed.bad_frames += 1,
            (status::NO_TAG, _) => {}
            (status, _) => {
                if self.script.answered(silion::START) {
                    self.report_status("start reading (Silion)", status, at, fed);
                    self.rest();
                } else if matches!(self.state, State::Reading(_)) {
                    self.report_status("read", status, at, fed);
                }
            }
        }
    }

    /// A module that reads Silion's way without having been told so on this line still does from an earlier
    /// one. It hears nothing but its own stop, so all begins again with that.
    fn stop_silion(&mut self) {
        if self.silion == Silions::No && self.state == State::SettingUp {
            self.silion = Silions::Yes;
            self.set_up();
        }
    }

    fn take_phase(&mut self, frame: &Frame<'_>, at: Timestamp, fed: &mut FrameData) {
        if !self.script.answered(u16::from(PHASE) << 8) || frame.status != 0 {
            return;
        }
        // The two lower bits: 1 for the bootloader, 2 for the firmware; the upper ones differ between makers.
        if frame.data.first().is_none_or(|phase| phase & 3 != 1) {
            return;
        }
        if self.is_booted {
            let text = "the reader stays in its bootloader although it was commanded to start its firmware; load the firmware again with the maker's tool".to_owned();
            self.repeats.report(Finding { code: code::HARDWARE, text }, at, fed);
            self.rest();
            return;
        }
        self.is_booted = true;
        let boot = step("start firmware", BOOT, &[]);
        self.script = Script::new(std::iter::once(boot).chain(self.first_steps()));
    }

    fn take_answer(&mut self, command: u8, frame: &Frame<'_>, at: Timestamp, fed: &mut FrameData) {
        if !self.script.answered(u16::from(command) << 8) {
            return;
        }
        let name = match command {
            VERSION => "get version",
            BOOT => "start firmware",
            REGION => "set region",
            PROTOCOL => "set protocol",
            ANTENNAS => "set antennas",
            _ => "set read power",
        };
        if frame.status != 0 {
            // Some answer a start of firmware that already runs with "unknown command".
            if command != BOOT || !status::is_unknown_command(frame.status) {
                self.report_status(name, frame.status, at, fed);
            }
            if command == REGION || status::is_region(frame.status) {
                self.rest();
            }
            return;
        }
        let mut setting = |name, value| fed.settings.push(Setting { name, value });
        match command {
            VERSION => {
                if let Some(version) = version(frame.data) {
                    setting("version", version);
                }
            }
            REGION => {
                setting("region", self.settings.region.to_string());
                self.has_region = true;
                for step in self.last_steps() {
                    self.script.push(step);
                }
            }
            POWER => setting("power_cdbm", self.settings.power_cdbm.to_string()),
            _ => {}
        }
    }

    fn read(&mut self, tag: Tag, at: Timestamp) -> Read {
        Read {
            epc: tag.epc,
            tid: tag.tid,
            antenna: tag.antenna,
            rssi_cdbm: tag.rssi_cdbm,
            at: self.base.when(tag.millis, at),
            reader_time: None,
            direction: None,
        }
    }

    fn report_status(&mut self, what: &str, status: u16, at: Timestamp, fed: &mut FrameData) {
        let mut finding = status::finding(what, status);
        if finding.code == code::REGION {
            finding.text = format!("{} (configured: {})", finding.text, self.settings.region);
        }
        self.repeats.report(finding, at, fed);
    }

    fn begin(&mut self, at: Timestamp) {
        self.base.set(at);
        self.state = State::Reading(self.clock);
    }

    fn rest(&mut self) {
        self.script = Script::default();
        if self.state != State::Stopped {
            self.state = State::Resting(self.clock.saturating_add(REST));
        }
    }

    /// Notes the time, and gives up a message whose rest does not come.
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

    fn watch(&mut self, now: Duration) {
        match self.state {
            State::Resting(until) if now >= until => self.set_up(),
            State::Reading(last) if now.saturating_sub(last) >= SILENCE => {
                let text = format!(
                    "the reader sent no keepalive for {} seconds; the bridge configures it again; if this repeats, check its power supply and line",
                    SILENCE.as_secs()
                );
                self.late.findings.push(Finding { code: code::NO_ANSWER, text });
                self.set_up();
            }
            _ => {}
        }
    }
}

fn step(name: &'static str, command: u8, data: &[u8]) -> Step {
    Step { name, bytes: frame::command(command, data), answer: Some(u16::from(command) << 8) }
}

/// Firmware and hardware out of the answer: four bytes each of bootloader, hardware, date of the firmware,
/// firmware, protocols.
fn version(data: &[u8]) -> Option<String> {
    let word = |place: usize| data.get(place * 4..place * 4 + 4).map(hex::encode_upper);
    let dotted = |place: usize| {
        let bytes = data.get(place * 4..place * 4 + 4)?;
        Some(bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join("."))
    };
    Some(format!("firmware {} of {}, hardware {}", dotted(3)?, word(2)?, dotted(1)?))
}

impl Dialect for Mercury {
    fn open(&mut self) {
        *self = Self::new(self.settings.clone());
        self.set_up();
    }

    fn poll(&mut self, now: Duration) -> Option<Vec<u8>> {
        self.tick(now);
        if self.state == State::Stopped {
            return None;
        }
        self.watch(now);
        let step = self.script.poll(now);
        self.late.findings.extend(self.script.findings());
        if step.is_none() && self.script.is_over() && self.state == State::SettingUp {
            if self.has_region {
                // The start was not answered; perhaps it reads all the same.
                self.state = State::Reading(now);
            } else {
                self.rest();
            }
        }
        step
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
        fed.findings.extend(self.noise.add(before, fed, "a Mercury or Silion reader"));
    }

    fn stop(&mut self) -> Vec<u8> {
        self.state = State::Stopped;
        self.script = Script::default();
        self.stop_now()
    }
}
