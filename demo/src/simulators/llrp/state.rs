//! What the threads of a simulated LLRP reader share: who is connected, what it was configured to do, what it counts.
//!
//! Not here: connections ([`super::session`]), the bytes of messages ([`super::bytes`]).

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::bytes::Wanted;
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

/// Something that the reader reports to its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
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
pub struct Door {
    /// The number of the session that is served.
    pub inside: Option<u64>,
    /// Another client holds the reader.
    pub is_held: bool,
    /// Until when a client that vanished still counts as there.
    pub until: Option<Instant>,
    /// How long that is.
    pub notices_after: Duration,
    pub sessions: u64,
    /// What is to be reported to the client inside.
    pub events: Vec<Event>,
}

impl Door {
    pub fn is_taken(&self) -> bool {
        self.is_held
            || self.inside.is_some()
            || self.until.is_some_and(|until| Instant::now() < until)
    }
}

/// What the reader's threads share with whoever owns it.
#[derive(Debug)]
pub struct State {
    pub model: Model,
    pub field: Field,
    pub door: Mutex<Door>,
    pub faults: Mutex<Faults>,
    pub kept: Mutex<Kept>,
    pub per_second: AtomicU64,
    pub is_silent: AtomicBool,
    pub is_reading: AtomicBool,
    pub starts: AtomicU64,
    pub refused_starts: AtomicU64,
    pub refused: AtomicU64,
    pub acknowledged: AtomicU64,
    /// The level of power of the last `ROSpec`.
    pub power: AtomicU16,
}

impl State {
    /// A reader that nobody is connected to.
    pub fn new(model: Model) -> Self {
        Self {
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
        }
    }

    pub fn door<T>(&self, change: impl FnOnce(&mut Door) -> T) -> T {
        change(&mut self.door.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn faults(&self) -> Faults {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A `ROSpec` as the client added it.
#[derive(Debug)]
pub struct Job {
    pub id: u32,
    pub antennas: Vec<u16>,
    pub wanted: Wanted,
    pub is_enabled: bool,
    pub is_started: bool,
}

/// A read of the TID, as the client added it.
#[derive(Debug)]
pub struct Access {
    pub id: u32,
    pub operation: u16,
    pub is_enabled: bool,
}

/// What outlives the connection that set it.
#[derive(Debug, Default)]
pub struct Kept {
    pub job: Option<Job>,
    pub access: Option<Access>,
    /// Inputs that were switched on.
    pub inputs: BTreeSet<u16>,
}

/// The TID of the tag with this EPC: 96 bits that follow from it.
pub fn tid(epc: &[u8]) -> Vec<u8> {
    let mut tid = vec![0xE2, 0x80, 0x11, 0x05, 0x20, 0x00];
    tid.extend(epc.iter().rev().take(6));
    tid
}
