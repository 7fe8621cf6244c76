//! A fixed reader that speaks LLRP over TCP, as LLRP's standard and Impinj's addition to it describe one.
//!
//! The way through: [`Llrp::start`] listens; each connection becomes a session (`session`) that greets the client,
//! obeys its commands and, while its `ROSpec` is started, reports the tags of the field in turn.
//!
//! What holds:
//!
//! - it serves one client at a time; another one is told so and turned away, and so is everybody for a while after a
//!   client that vanished without saying goodbye, as a reader does that has not noticed yet;
//! - it sends signs of life at the pace it was told, and drops a client that does not answer only if it was told to
//!   watch that, which Impinj's can;
//! - what it was told to do it goes on with when the connection ends, until the next client deletes it;
//! - a command in the wrong order is refused with a status, as a reader refuses it.
//!
//! Not here: bytes (`bytes`).
//!
//! Source: LLRP 1.0.1; Impinj Octane LLRP. The bytes are composed independently of the bridge's codec.

mod bytes;
mod session;

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::session::{Kept, Session};
use crate::simulators::wire::Field;

/// Kinds of reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// Impinj's, with its extensions and four ports.
    Impinj,
    /// One without any maker's extensions, with two ports.
    Plain,
}

/// What the tags of the field are made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Chips {
    /// They give their TID along with their EPC to an Impinj reader that asks for it.
    #[default]
    FastId,
    /// Their TID must be read.
    Plain,
    /// Theirs must be read too, and has 64 bits.
    ShortTid,
}

/// What it does otherwise than a reader that obeys.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Refuses to start reading, as one does that has just booted.
    pub refuses_starts: bool,
    /// Refuses every message that asks for an event.
    pub refuses_events: bool,
    /// What tags are made of.
    pub chips: Chips,
}

/// Something that the reader tells its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Antenna {
        port: u16,
        is_there: bool,
    },
    Input {
        port: u16,
        is_active: bool,
    },
    Goodbye,
    /// Somebody else tried to connect.
    Attempt,
}

/// Who may connect.
#[derive(Debug, Default)]
struct Door {
    /// The number of the session that is served.
    inside: Option<u64>,
    /// Another client holds the reader.
    is_held: bool,
    /// Until when a client that vanished still counts as there.
    until: Option<Instant>,
    /// How long that is.
    notices_after: Duration,
    sessions: u64,
    /// What waits to be told to the client inside.
    told: Vec<Told>,
}

impl Door {
    fn is_taken(&self) -> bool {
        self.is_held
            || self.inside.is_some()
            || self.until.is_some_and(|until| Instant::now() < until)
    }
}

/// What the reader's threads share with whoever holds it.
#[derive(Debug)]
struct Shared {
    model: Model,
    field: Field,
    door: Mutex<Door>,
    faults: Mutex<Faults>,
    kept: Mutex<Kept>,
    per_second: AtomicU64,
    is_silent: AtomicBool,
    is_reading: AtomicBool,
    starts: AtomicU64,
    refused_starts: AtomicU64,
    refused: AtomicU64,
    acknowledged: AtomicU64,
    /// The level of power of the last `ROSpec`.
    power: AtomicU16,
}

impl Shared {
    fn door<T>(&self, change: impl FnOnce(&mut Door) -> T) -> T {
        change(&mut self.door.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> Faults {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader that runs.
#[derive(Debug)]
pub struct Llrp {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

impl Llrp {
    /// Starts a reader on a free port of the loopback interface.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn start(seed: u64, model: Model) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let shared = Arc::new(Shared {
            model,
            field: Field::default(),
            door: Mutex::default(),
            faults: Mutex::default(),
            kept: Mutex::default(),
            per_second: AtomicU64::new(200),
            is_silent: AtomicBool::new(false),
            is_reading: AtomicBool::new(false),
            starts: AtomicU64::new(0),
            refused_starts: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            power: AtomicU16::new(0),
        });
        let all = Arc::clone(&shared);
        std::thread::spawn(move || accept(&listener, &all, seed));
        Ok(Self { address, shared })
    }

    /// Puts these tags, EPC banks of any even length, into the field, in place of those there.
    pub fn set_field(&self, tags: Vec<Vec<u8>>) {
        self.shared.field.set(tags);
    }

    /// The TID of the tag with this EPC: 96 bits that follow from it.
    #[must_use]
    pub fn tid(epc: &[u8]) -> Vec<u8> {
        let mut tid = vec![0xE2, 0x80, 0x11, 0x05, 0x20, 0x00];
        tid.extend(epc.iter().rev().take(6));
        tid
    }

    /// Sets how many tags it reports a second while it reads; 200 at first.
    pub fn set_rate(&self, per_second: u64) {
        self.shared.per_second.store(per_second.max(1), Ordering::SeqCst);
    }

    /// Lets another client hold the reader, or lets go of it.
    pub fn hold(&self, is_held: bool) {
        self.shared.door(|door| door.is_held = is_held);
    }

    /// Sets how long a client that vanishes without goodbye still counts as connected; not at all at first.
    pub fn notice_drops_after(&self, time: Duration) {
        self.shared.door(|door| door.notices_after = time);
    }

    /// Makes it say nothing at all, though the connection stands, or speak again.
    pub fn silence(&self, is_silent: bool) {
        self.shared.is_silent.store(is_silent, Ordering::SeqCst);
    }

    /// Sets what it does otherwise than it should; nothing at first.
    pub fn set_faults(&self, faults: Faults) {
        *self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// Ends the connection, as a reader does that is restarted from its own pages.
    pub fn close(&self) {
        self.tell(Told::Goodbye);
    }

    /// Pulls an antenna off a port, or puts it on again.
    pub fn set_antenna(&self, port: u16, is_there: bool) {
        self.tell(Told::Antenna { port, is_there });
    }

    /// Changes an input: a light barrier.
    pub fn set_input(&self, port: u16, is_active: bool) {
        self.tell(Told::Input { port, is_active });
    }

    fn tell(&self, what: Told) {
        self.shared.door(|door| door.told.push(what));
    }

    /// How often every tag of the field was read since it was set.
    #[must_use]
    pub fn rounds(&self) -> u64 {
        self.shared.field.rounds()
    }

    /// Tags reported so far.
    #[must_use]
    pub fn notices(&self) -> u64 {
        self.shared.field.notices()
    }

    /// Whether it reads.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.shared.is_reading.load(Ordering::SeqCst)
    }

    /// How often reading was started.
    #[must_use]
    pub fn starts(&self) -> u64 {
        self.shared.starts.load(Ordering::SeqCst)
    }

    /// How often it refused to start reading.
    #[must_use]
    pub fn refused_starts(&self) -> u64 {
        self.shared.refused_starts.load(Ordering::SeqCst)
    }

    /// Clients turned away so far.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::SeqCst)
    }

    /// Signs of life that were answered.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        self.shared.acknowledged.load(Ordering::SeqCst)
    }

    /// Hundredths of a dBm that it was last told to read with; 0 before.
    #[must_use]
    pub fn power_cdbm(&self) -> u16 {
        match self.shared.power.load(Ordering::SeqCst) {
            0 => 0,
            level => 975 + 25 * level,
        }
    }
}

impl Drop for Llrp {
    fn drop(&mut self) {
        self.shared.field.end();
    }
}

/// Takes connections until the reader is dropped.
fn accept(listener: &TcpListener, shared: &Arc<Shared>, seed: u64) {
    while !shared.field.is_ended() {
        let Ok((stream, _)) = listener.accept() else {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        };
        let number = shared.door(|door| {
            if door.is_taken() {
                if door.inside.is_some() {
                    door.told.push(Told::Attempt);
                }
                return None;
            }
            door.sessions += 1;
            door.inside = Some(door.sessions);
            door.told.clear();
            door.inside
        });
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            let Some(number) = number else {
                shared.refused.fetch_add(1, Ordering::SeqCst);
                session::refuse(stream);
                return;
            };
            let says_goodbye =
                Session::new(stream, Arc::clone(&shared), seed ^ number).is_ok_and(Session::run);
            shared.door(|door| {
                door.inside = None;
                door.until = (!says_goodbye).then(|| Instant::now() + door.notices_after);
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    /// Signs of life that a client hears which answers none, until the reader hangs up or it has heard enough.
    fn heard(commands: &[Vec<u8>]) -> usize {
        let reader = Llrp::start(1, Model::Impinj).unwrap();
        let mut client = std::net::TcpStream::connect(reader.address).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        client.write_all(&commands.concat()).unwrap();
        let (mut pending, mut buffer, mut heard) = (Vec::new(), [0; 4096], 0);
        while heard < 8 {
            let count = client.read(&mut buffer).unwrap();
            if count == 0 {
                break;
            }
            pending.extend_from_slice(&buffer[..count]);
            while let Some(message) = bytes::take_message(&mut pending).unwrap() {
                heard += usize::from(message.number == 62);
            }
        }
        heard
    }

    #[test]
    fn a_client_that_answers_no_sign_of_life_is_dropped_only_if_that_is_watched() {
        let set = |parameter: &[u8]| bytes::message(3, 2, &[&[0][..], parameter].concat());
        let extensions = bytes::message(1023, 1, &[0, 0, 0x65, 0x1A, 21, 0, 0, 0, 0]);
        // Every twentieth of a second.
        let life = set(&bytes::parameter(220, &[1, 0, 0, 0, 50]));
        let watch = set(&bytes::parameter(1023, &[0, 0, 0x65, 0x1A, 0, 0, 0, 38, 0, 1, 0, 3]));
        assert_eq!(heard(&[extensions.clone(), life.clone()]), 8);
        assert_eq!(heard(&[life.clone(), watch.clone()]), 8, "the extensions are not enabled");
        assert_eq!(heard(&[extensions, life, watch]), 3);
    }
}
