//! A fixed reader that speaks LLRP over TCP, as LLRP's standard and Impinj's addition to it describe one.
//!
//! The way through: [`Llrp::start`] listens; each connection becomes a session (`session`) that greets the client,
//! obeys its commands and, while its `ROSpec` is started, reports the tags of the field in turn.
//!
//! What holds:
//!
//! - it serves one client at a time and refuses others with a message that says so, also for a while after a client
//!   vanished without closing the connection, as a reader does that has not noticed yet;
//! - it sends keepalives at the configured pace, and drops a client that does not answer only if it was configured to
//!   watch that, which Impinj's can be;
//! - it continues with its `ROSpec` when the connection ends, until the next client deletes it;
//! - a command in the wrong order is refused with a status, as a reader refuses it.
//!
//! Not here: bytes (`bytes`), what its threads share (`state`).
//!
//! Source: LLRP 1.0.1; Impinj Octane LLRP. The bytes are composed independently of the bridge's codec.

mod bytes;
mod session;
mod state;

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use self::session::Session;
pub use self::state::{Chips, Faults, Model};
use self::state::{Event, State};

/// A reader that runs.
#[derive(Debug)]
pub struct Llrp {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<State>,
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
        let state = Arc::new(State::new(model));
        let all = Arc::clone(&state);
        std::thread::spawn(move || accept(&listener, &all, seed));
        Ok(Self { address, state })
    }

    /// Puts these tags, EPC banks of any even length, into the field, in place of those there.
    pub fn set_field(&self, tags: Vec<Vec<u8>>) {
        self.state.field.set(tags);
    }

    /// The TID of the tag with this EPC: 96 bits that follow from it.
    #[must_use]
    pub fn tid(epc: &[u8]) -> Vec<u8> {
        state::tid(epc)
    }

    /// Sets how many tags it reports a second while it reads; 200 at first.
    pub fn set_rate(&self, per_second: u64) {
        self.state.per_second.store(per_second.max(1), Ordering::SeqCst);
    }

    /// Lets another client hold the reader, or release it.
    pub fn hold(&self, is_held: bool) {
        self.state.door(|door| door.is_held = is_held);
    }

    /// Sets how long a client that vanishes without goodbye still counts as connected; not at all at first.
    pub fn notice_drops_after(&self, time: Duration) {
        self.state.door(|door| door.notices_after = time);
    }

    /// Makes it say nothing at all, though the connection stands, or speak again.
    pub fn silence(&self, is_silent: bool) {
        self.state.is_silent.store(is_silent, Ordering::SeqCst);
    }

    /// Sets what it does otherwise than it should; nothing at first.
    pub fn set_faults(&self, faults: Faults) {
        *self.state.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// Ends the connection, as a reader does that is restarted from its own pages.
    pub fn close(&self) {
        self.report(Event::Goodbye);
    }

    /// Pulls an antenna off a port, or puts it on again.
    pub fn set_antenna(&self, port: u16, is_there: bool) {
        self.report(Event::Antenna { port, is_there });
    }

    /// Changes an input: a light barrier.
    pub fn set_input(&self, port: u16, is_active: bool) {
        self.report(Event::Input { port, is_active });
    }

    fn report(&self, event: Event) {
        self.state.door(|door| door.events.push(event));
    }

    /// How often every tag of the field was read since it was set.
    #[must_use]
    pub fn rounds(&self) -> u64 {
        self.state.field.rounds()
    }

    /// Tags reported so far.
    #[must_use]
    pub fn notices(&self) -> u64 {
        self.state.field.notices()
    }

    /// Whether it reads.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.state.is_reading.load(Ordering::SeqCst)
    }

    /// How often reading was started.
    #[must_use]
    pub fn starts(&self) -> u64 {
        self.state.starts.load(Ordering::SeqCst)
    }

    /// How often it refused to start reading.
    #[must_use]
    pub fn refused_starts(&self) -> u64 {
        self.state.refused_starts.load(Ordering::SeqCst)
    }

    /// Clients turned away so far.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.state.refused.load(Ordering::SeqCst)
    }

    /// Keepalives that were answered.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        self.state.acknowledged.load(Ordering::SeqCst)
    }

    /// The power of the last `ROSpec` in hundredths of a dBm; 0 before.
    #[must_use]
    pub fn power_cdbm(&self) -> u16 {
        match self.state.power.load(Ordering::SeqCst) {
            0 => 0,
            level => 975 + 25 * level,
        }
    }
}

impl Drop for Llrp {
    fn drop(&mut self) {
        self.state.field.end();
    }
}

/// Takes connections until the reader is dropped.
fn accept(listener: &TcpListener, state: &Arc<State>, seed: u64) {
    while !state.field.is_ended() {
        let Ok((stream, _)) = listener.accept() else {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        };
        let number = state.door(|door| {
            if door.is_taken() {
                if door.inside.is_some() {
                    door.events.push(Event::Attempt);
                }
                return None;
            }
            door.sessions += 1;
            door.inside = Some(door.sessions);
            door.events.clear();
            door.inside
        });
        let state = Arc::clone(state);
        std::thread::spawn(move || {
            let Some(number) = number else {
                state.refused.fetch_add(1, Ordering::SeqCst);
                session::refuse(stream);
                return;
            };
            let says_goodbye =
                Session::new(stream, Arc::clone(&state), seed ^ number).is_ok_and(Session::run);
            state.door(|door| {
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

    /// Keepalives that a client hears which answers none, until the reader hangs up or it has heard enough.
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
