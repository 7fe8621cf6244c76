//! One client's connection to the reader: greeting, commands, reports, keepalives.
//!
//! The way through: [`Session::run`] takes what the client sends, answers it, and in between sends what is due.
//!
//! What holds: a `ROSpec` must be added, then enabled, then started; an order that is wrong is refused.
//!
//! Source: LLRP 1.0.1, sections 10 to 14.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::bytes::{self, Message, Seen, Wanted};
use super::state::{self, Access, Chips, Event, Job, Kept, Model, State};
use crate::simulators::seeded::Seeded;

/// Longest wait for the client before looking at what is due.
const LOOK: Duration = Duration::from_millis(2);
const SUCCESS: u16 = 0;
/// The standard's status of a field that is wrong.
const WRONG_FIELD: u16 = 101;
/// The standard's status of a reader that cannot obey now.
const DEVICE_ERROR: u16 = 401;

/// Microseconds since 1970.
fn now() -> u64 {
    u64::try_from(Timestamp::now().as_microsecond()).unwrap_or(0)
}

/// Answers a client that another one is connected, and closes the connection.
pub fn refuse(mut stream: TcpStream) {
    stream.write_all(&bytes::event(1, now(), &bytes::attempt(2))).ok();
}

/// Keepalives.
#[derive(Debug)]
struct Life {
    every: Duration,
    sent: Instant,
    /// Those in a row that the client left unanswered.
    unanswered: u16,
}

/// One client.
#[derive(Debug)]
pub struct Session {
    stream: TcpStream,
    state: Arc<State>,
    numbers: Seeded,
    kept: Kept,
    pending: Vec<u8>,
    last_id: u32,
    has_extensions: bool,
    life: Option<Life>,
    /// How many keepalives a client may leave unanswered; any number if it is not watched.
    watched: Option<u16>,
    /// Which field is reported and which of its tags is next.
    place: (u64, usize),
    due: Instant,
}

impl Session {
    /// Takes the connection.
    ///
    /// # Errors
    ///
    /// If it cannot be set up.
    pub fn new(stream: TcpStream, state: Arc<State>, seed: u64) -> std::io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LOOK))?;
        stream.set_write_timeout(Some(Duration::from_secs(1)))?;
        let kept = std::mem::take(&mut *state.kept());
        Ok(Self {
            stream,
            state,
            numbers: Seeded::new(seed),
            kept,
            pending: Vec::new(),
            last_id: 0,
            has_extensions: false,
            life: None,
            watched: None,
            place: (0, 0),
            due: Instant::now(),
        })
    }

    /// Serves the client to its end; true if it said goodbye.
    pub fn run(mut self) -> bool {
        let says_goodbye = self.serve().unwrap_or(false);
        *self.state.kept() = self.kept;
        says_goodbye
    }

    fn serve(&mut self) -> std::io::Result<bool> {
        let mut is_greeted = false;
        let mut buffer = [0; 4096];
        while !self.state.field.is_ended() {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(false),
                Ok(count) => self.pending.extend_from_slice(&buffer[..count]),
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(error),
            }
            if self.state.is_silent.load(Ordering::SeqCst) {
                continue;
            }
            if !std::mem::replace(&mut is_greeted, true) {
                self.event(&bytes::attempt(0))?;
            }
            while let Some(message) =
                bytes::take_message(&mut self.pending).map_err(std::io::Error::other)?
            {
                if message.number == 14 {
                    self.send(&bytes::message(4, message.id, &bytes::status(SUCCESS, "")))?;
                    return Ok(true);
                }
                self.obey(&message)?;
            }
            if self.report_events()? || self.is_forgotten()? {
                return Ok(false);
            }
            self.report()?;
        }
        Ok(false)
    }

    fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    fn next_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }

    fn event(&mut self, what: &[u8]) -> std::io::Result<()> {
        let id = self.next_id();
        self.send(&bytes::event(id, now(), what))
    }

    /// Reports the events that wait; true if that ends the connection.
    fn report_events(&mut self) -> std::io::Result<bool> {
        for event in self.state.door(|door| std::mem::take(&mut door.events)) {
            match event {
                Event::Antenna { port, is_there } => {
                    self.event(&bytes::antenna_event(port, is_there))?;
                }
                // As delivered, every input is switched off.
                Event::Input { port, .. } if !self.kept.inputs.contains(&port) => {}
                Event::Input { port, is_active } => {
                    self.event(&bytes::input_event(port, is_active))?;
                }
                Event::Attempt => self.event(&bytes::attempt(4))?,
                Event::Goodbye => {
                    self.event(&bytes::closing())?;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Sends a keepalive when it is time; true if the client has not answered for too long.
    fn is_forgotten(&mut self) -> std::io::Result<bool> {
        let Some(life) = &mut self.life else { return Ok(false) };
        if life.sent.elapsed() < life.every {
            return Ok(false);
        }
        if self.watched.is_some_and(|most| life.unanswered >= most) {
            return Ok(true);
        }
        life.sent = Instant::now();
        life.unanswered = life.unanswered.saturating_add(1);
        let id = self.next_id();
        self.send(&bytes::message(62, id, &[]))?;
        Ok(false)
    }

    fn obey(&mut self, message: &Message) -> std::io::Result<()> {
        let body = message.body.as_slice();
        let id = body.first_chunk::<4>().map_or(0, |id| u32::from_be_bytes(*id));
        let result = match message.number {
            1 => return self.capabilities(message.id),
            2 => return self.antennas(message.id),
            3 => self.configure(body),
            20 => self.add_job(body),
            21 => self.delete_job(id)?,
            22 if self.state.faults().refuses_starts => {
                self.state.refused_starts.fetch_add(1, Ordering::SeqCst);
                let busy = bytes::status(DEVICE_ERROR, "radio busy");
                return self.send(&bytes::message(32, message.id, &busy));
            }
            22 => self.start(id, true),
            23 => self.start(id, false),
            24 => self.enable(id, true),
            25 => self.enable(id, false),
            40 => self.add_access(body),
            41 => self.delete_access(id),
            42 => self.enable_access(id),
            64 => return Ok(()),
            72 => {
                if let Some(life) = &mut self.life {
                    life.unanswered = 0;
                    self.state.acknowledged.fetch_add(1, Ordering::SeqCst);
                }
                return Ok(());
            }
            1023 => return self.custom(message),
            number => {
                let words = format!("message {number} is not known");
                return self.send(&bytes::message(100, message.id, &bytes::status(109, &words)));
            }
        };
        let status = match result {
            Ok(()) => bytes::status(SUCCESS, ""),
            Err(words) => bytes::status(WRONG_FIELD, words),
        };
        self.send(&bytes::message(message.number + 10, message.id, &status))
    }

    fn ports(&self) -> u16 {
        if self.state.model == Model::Impinj { 4 } else { 2 }
    }

    fn capabilities(&mut self, id: u32) -> std::io::Result<()> {
        let (vendor, firmware) = match self.state.model {
            Model::Impinj => (bytes::IMPINJ, "5.12.1.240"),
            Model::Plain => (bytes::PLAIN, "3.1"),
        };
        let body = bytes::capabilities(vendor, self.ports(), firmware);
        self.send(&bytes::message(11, id, &body))
    }

    fn antennas(&mut self, id: u32) -> std::io::Result<()> {
        let ports: Vec<(u16, bool)> = (1..=self.ports()).map(|port| (port, true)).collect();
        self.send(&bytes::message(12, id, &bytes::antennas(&ports)))
    }

    fn configure(&mut self, body: &[u8]) -> Result<(), &'static str> {
        let parameters = body.get(1..).ok_or("no field")?;
        if let Some(custom) = bytes::find(parameters, 1023) {
            if !self.has_extensions || bytes::impinj_subtype(custom) != Some(38) {
                return Err("no such extension");
            }
            let Some([mode, is_on, high, low]) = custom.get(8..) else {
                return Err("it has other fields");
            };
            let most = u16::from_be_bytes([*high, *low]);
            self.watched = ([*mode, *is_on] == [0, 1]).then_some(most);
        }
        if self.state.faults().refuses_events && bytes::find(parameters, 244).is_some() {
            return Err("no such event");
        }
        for (_, input) in bytes::parameters(parameters).iter().filter(|(number, _)| *number == 225)
        {
            let [high, low, is_on, _] = **input else { return Err("an input has other fields") };
            let port = u16::from_be_bytes([high, low]);
            if !(1..=bytes::INPUTS).contains(&port) {
                return Err("no such input");
            }
            if is_on & 0x80 > 0 {
                self.kept.inputs.insert(port);
            } else {
                self.kept.inputs.remove(&port);
            }
        }
        if let Some([kind, period @ ..]) = bytes::find(parameters, 220) {
            let period = period.first_chunk::<4>().ok_or("no period")?;
            let every = Duration::from_millis(u32::from_be_bytes(*period).into());
            self.life = (*kind == 1).then_some(Life { every, sent: Instant::now(), unanswered: 0 });
        }
        Ok(())
    }

    fn custom(&mut self, message: &Message) -> std::io::Result<()> {
        let is_enable = message.body.starts_with(&[0, 0, 0x65, 0x1A, 21]);
        if !is_enable || self.state.model != Model::Impinj {
            let status = bytes::status(109, "no such extension");
            return self.send(&bytes::message(100, message.id, &status));
        }
        self.has_extensions = true;
        let answer = [&[0, 0, 0x65, 0x1A, 22][..], &bytes::status(SUCCESS, "")].concat();
        self.send(&bytes::message(1023, message.id, &answer))
    }

    fn add_job(&mut self, body: &[u8]) -> Result<(), &'static str> {
        if self.kept.job.is_some() {
            return Err("only one ROSpec is possible");
        }
        let spec = bytes::find(body, 177).ok_or("no ROSpec")?;
        let (id, rest) = spec.split_first_chunk::<4>().ok_or("no number")?;
        let [_priority, 0, parts @ ..] = rest else { return Err("it must be added disabled") };
        let inventory = bytes::find(parts, 183).ok_or("no AISpec")?;
        let (count, list) = inventory.split_first_chunk::<2>().ok_or("no antennas")?;
        let count = usize::from(u16::from_be_bytes(*count)) * 2;
        let (list, inside) = list.split_at_checked(count).ok_or("too few antennas")?;
        let mut antennas: Vec<u16> =
            list.as_chunks::<2>().0.iter().map(|port| u16::from_be_bytes(*port)).collect();
        if antennas.iter().any(|port| *port > self.ports()) {
            return Err("no such antenna");
        }
        if antennas.contains(&0) {
            antennas = (1..=self.ports()).collect();
        }
        self.power(inside)?;
        let report = bytes::find(parts, 237).ok_or("no report spec")?;
        let wanted = self.wanted(report.get(3..).unwrap_or_default())?;
        let id = u32::from_be_bytes(*id);
        self.kept.job = Some(Job { id, antennas, wanted, is_enabled: false, is_started: false });
        Ok(())
    }

    /// Takes the level of power of the first antenna.
    fn power(&self, inside: &[u8]) -> Result<(), &'static str> {
        let inventory = bytes::find(inside, 186).ok_or("no inventory")?;
        let antenna = inventory.get(3..).and_then(|parts| bytes::find(parts, 222));
        let transmitter = antenna
            .and_then(|antenna| antenna.get(2..))
            .and_then(|parts| bytes::find(parts, 224))
            .ok_or("no transmitter")?;
        let [hop, hop_low, channel, channel_low, level, level_low] = *transmitter else {
            return Err("the transmitter has other fields");
        };
        let hops = self.state.model == Model::Impinj;
        let place =
            [u16::from_be_bytes([hop, hop_low]), u16::from_be_bytes([channel, channel_low])];
        if place != if hops { [1, 0] } else { [0, 1] } {
            return Err("no such hop table or channel");
        }
        let level = u16::from_be_bytes([level, level_low]);
        if !(1..=91).contains(&level) {
            return Err("no such level of power");
        }
        self.state.power.store(level, Ordering::SeqCst);
        Ok(())
    }

    /// What reports are to hold beyond the standard.
    fn wanted(&self, report: &[u8]) -> Result<Wanted, &'static str> {
        let mut wanted = Wanted { fine_rssi: false, serialized_tid: false, operation: None };
        let Some(custom) = bytes::find(report, 1023) else { return Ok(wanted) };
        if !self.has_extensions {
            return Err("the extensions are not enabled");
        }
        if bytes::impinj_subtype(custom) != Some(50) {
            return Err("no such extension");
        }
        for (_, inner) in bytes::parameters(custom.get(8..).unwrap_or_default()) {
            match (bytes::impinj_subtype(inner), inner.get(8..)) {
                (Some(51), Some([0, 1])) => wanted.serialized_tid = true,
                (Some(53), Some([0, 1])) => wanted.fine_rssi = true,
                _ => return Err("no such content"),
            }
        }
        Ok(wanted)
    }

    fn job(&mut self, id: u32) -> Result<&mut Job, &'static str> {
        self.kept.job.as_mut().filter(|job| job.id == id).ok_or("no such ROSpec")
    }

    /// Deletes it; one that reads tells its end first.
    fn delete_job(&mut self, id: u32) -> std::io::Result<Result<(), &'static str>> {
        if id != 0
            && let Err(words) = self.job(id)
        {
            return Ok(Err(words));
        }
        if let Some(job) = self.kept.job.take().filter(|job| job.is_started) {
            self.event(&bytes::job_ended(job.id))?;
        }
        self.state.is_reading.store(false, Ordering::SeqCst);
        Ok(Ok(()))
    }

    fn enable(&mut self, id: u32, is_enabled: bool) -> Result<(), &'static str> {
        self.job(id)?.is_enabled = is_enabled;
        Ok(())
    }

    fn start(&mut self, id: u32, is_started: bool) -> Result<(), &'static str> {
        let job = self.job(id)?;
        if !job.is_enabled {
            return Err("the ROSpec is not enabled");
        }
        job.is_started = is_started;
        self.state.is_reading.store(is_started, Ordering::SeqCst);
        self.state.starts.fetch_add(u64::from(is_started), Ordering::SeqCst);
        self.due = Instant::now();
        Ok(())
    }

    fn add_access(&mut self, body: &[u8]) -> Result<(), &'static str> {
        let spec = bytes::find(body, 207).ok_or("no AccessSpec")?;
        let id = spec.first_chunk::<4>().ok_or("no number")?;
        // Number, antenna, protocol, state and ROSpec come before the parameters.
        let command = spec.get(12..).and_then(|parts| bytes::find(parts, 209));
        let read = command
            .map(bytes::parameters)
            .and_then(|parts| parts.into_iter().find(|(number, _)| *number == 341));
        let (_, read) = read.ok_or("no read")?;
        let operation = read.first_chunk::<2>().ok_or("no operation")?;
        self.kept.access = Some(Access {
            id: u32::from_be_bytes(*id),
            operation: u16::from_be_bytes(*operation),
            is_enabled: false,
        });
        Ok(())
    }

    fn delete_access(&mut self, id: u32) -> Result<(), &'static str> {
        if id != 0 && self.kept.access.as_ref().is_none_or(|access| access.id != id) {
            return Err("no such AccessSpec");
        }
        self.kept.access = None;
        Ok(())
    }

    fn enable_access(&mut self, id: u32) -> Result<(), &'static str> {
        let access = self.kept.access.as_mut().filter(|access| access.id == id);
        access.ok_or("no such AccessSpec")?.is_enabled = true;
        Ok(())
    }

    /// Reports the tags that are due.
    fn report(&mut self) -> std::io::Result<()> {
        let Some(job) = self.kept.job.as_ref().filter(|job| job.is_started) else { return Ok(()) };
        let mut wanted = job.wanted;
        let chips = self.state.faults().chips;
        wanted.serialized_tid &= chips == Chips::FastId;
        let enabled = self.kept.access.as_ref().filter(|access| access.is_enabled);
        wanted.operation = enabled.map(|access| access.operation);
        let antennas = job.antennas.clone();
        let pause = Duration::from_secs(1)
            / u32::try_from(self.state.per_second.load(Ordering::SeqCst)).unwrap_or(u32::MAX);
        let tags = self.state.field.tags();
        if tags.number != self.place.0 {
            self.place = (tags.number, 0);
        }
        while self.due <= Instant::now() {
            self.due += pause;
            let Some(epc) = tags.epcs.get(self.place.1) else { return Ok(()) };
            let port = self.numbers.below(antennas.len() as u64);
            let antenna = usize::try_from(port).ok().and_then(|place| antennas.get(place));
            #[expect(clippy::cast_possible_truncation, reason = "clamped to what radio can be")]
            let rssi_cdbm =
                (-5000.0 + 400.0 * self.numbers.normal()).clamp(-9000.0, -2000.0) as i16;
            let mut tid = state::tid(epc);
            if chips == Chips::ShortTid {
                tid.truncate(8);
            }
            let antenna = antenna.copied().unwrap_or(1);
            let seen = Seen { epc, tid: &tid, antenna, rssi_cdbm, micros: now() };
            let report = bytes::report(&seen, wanted);
            let id = self.next_id();
            self.send(&bytes::message(61, id, &report))?;
            self.state.field.count_notice();
            self.place.1 += 1;
            if self.place.1 == tags.epcs.len() {
                self.place.1 = 0;
                self.state.field.end_round(tags.number);
            }
        }
        Ok(())
    }
}
