//! The order of a node's messages: a message that arrives too early waits for the missing ones.
//!
//! The way through: a birth of the node calls [`Order::begin`]; every later message is passed to
//! [`Order::place`], and after one that was in turn, [`Order::release`] gives those that waited for it.
//! [`Order::is_overdue`] tells when the waiting is over, [`Order::give_up`] what was missing.
//!
//! What holds: messages leave in the order of their numbers, each number once; at most [`MAX_HELD`] wait,
//! and never longer than [`REORDER_TIMEOUT`] after the first of them arrived.
//!
//! Not here: the content of messages; when a rebirth is requested (`node`).
//!
//! Source: Sparkplug 3.0.0 section 5.9 (message ordering), 6.4.5 (seq counts 0 to 255 and begins again).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::topic::Verb;

/// How long a missing message is waited for. Brokers that reorder do so within fractions of a second; on
/// slow lines a rebirth costs less than a table of late messages.
pub const REORDER_TIMEOUT: SignedDuration = SignedDuration::from_secs(2);
/// Most messages of one node that wait. A quarter of the number circle: more than two seconds bring, and few
/// enough that early and late cannot be mixed up.
pub const MAX_HELD: usize = 64;
/// How far behind a number may be and count as a repeat rather than as one far ahead. Brokers repeat what
/// was under way when a line broke, which is a handful.
const REPEATS: u8 = 16;

/// A message that waits, still closed: opened it takes many times the memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Kind of message.
    pub verb: Verb,
    /// The device, for messages of devices.
    pub device: Option<String>,
    /// The payload as it arrived.
    pub payload: Vec<u8>,
    /// When it arrived.
    pub at: Timestamp,
}

/// Position of a message in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is the next one.
    Next,
    /// Others are missing before it.
    Early,
    /// Its number was already processed.
    Repeat,
}

/// The messages of one node since its birth.
#[derive(Debug, Default)]
pub struct Order {
    next: u8,
    held: BTreeMap<u8, Held>,
    bytes: usize,
    waits_since: Option<Timestamp>,
}

impl Order {
    /// A birth with number `seq` arrived: waiting messages are from before it. Gives how many were
    /// dropped.
    pub fn begin(&mut self, seq: u8) -> usize {
        let dropped = self.clear();
        self.next = seq.wrapping_add(1);
        dropped
    }

    /// The next number.
    #[must_use]
    pub fn next(&self) -> u8 {
        self.next
    }

    /// Bytes of payload that wait.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The position of a message with number `seq`. [`Place::Next`] counts it as processed.
    pub fn place(&mut self, seq: u8) -> Place {
        let ahead = seq.wrapping_sub(self.next);
        if ahead == 0 {
            self.next = self.next.wrapping_add(1);
            Place::Next
        } else if ahead > u8::MAX - REPEATS || self.held.contains_key(&seq) {
            Place::Repeat
        } else {
            Place::Early
        }
    }

    /// Lets an early message wait. Gives it back if there are too many already, or if it would take more
    /// than `room` bytes.
    ///
    /// # Errors
    /// The message itself, if it cannot wait.
    pub fn hold(&mut self, seq: u8, message: Held, room: usize) -> Result<(), Held> {
        let length = message.payload.len();
        if self.held.len() >= MAX_HELD || length > room {
            return Err(message);
        }
        self.waits_since.get_or_insert(message.at);
        self.bytes = self.bytes.saturating_add(length);
        if let Some(before) = self.held.insert(seq, message) {
            self.bytes = self.bytes.saturating_sub(before.payload.len());
        }
        Ok(())
    }

    /// The next message, if it was waiting.
    pub fn release(&mut self) -> Option<Held> {
        let message = self.held.remove(&self.next)?;
        self.next = self.next.wrapping_add(1);
        self.bytes = self.bytes.saturating_sub(message.payload.len());
        // What still waits, waits for another message; its time runs from its own arrival.
        self.waits_since = self.held.values().map(|held| held.at).min();
        Some(message)
    }

    /// Whether messages have waited too long.
    pub fn is_overdue(&mut self, at: Timestamp) -> bool {
        let Some(since) = self.waits_since else { return false };
        let waited = at.duration_since(since);
        if waited.is_negative() {
            // The clock was set back: the waiting starts over instead of lasting that much longer.
            self.waits_since = Some(at);
        }
        waited >= REORDER_TIMEOUT
    }

    /// The first and last number that are missing before the first message that waits.
    #[must_use]
    pub fn gap(&self) -> Option<(u8, u8)> {
        let first = self.held.keys().min_by_key(|seq| seq.wrapping_sub(self.next))?;
        Some((self.next, first.wrapping_sub(1)))
    }

    /// Drops all that waits and gives how many that were.
    pub fn clear(&mut self) -> usize {
        let dropped = self.held.len();
        self.held.clear();
        self.bytes = 0;
        self.waits_since = None;
        dropped
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    fn message(seq: u8, milliseconds: i64) -> Held {
        Held { verb: Verb::NodeData, device: None, payload: vec![seq; 10], at: at(milliseconds) }
    }

    #[test]
    fn numbers_follow_one_another_past_255() {
        let mut order = Order::default();
        order.begin(0);
        for turn in 1..=600_u32 {
            let seq = u8::try_from(turn % 256).unwrap();
            assert_eq!(order.place(seq), Place::Next, "{turn}");
        }
        assert_eq!(order.next(), 89);
    }

    #[test]
    fn what_is_just_behind_is_a_repeat_and_what_is_far_behind_is_far_ahead() {
        let mut order = Order::default();
        order.begin(9);
        for (seq, place) in [
            (9, Place::Repeat),
            (0, Place::Repeat),
            (250, Place::Repeat),
            (249, Place::Early),
            (11, Place::Early),
        ] {
            assert_eq!(order.place(seq), place, "{seq}");
        }
        assert_eq!(order.hold(11, message(11, 0), 100), Ok(()));
        assert_eq!(order.place(11), Place::Repeat);
    }

    #[test]
    fn the_gap_is_before_the_first_that_waits_also_across_zero() {
        let mut order = Order::default();
        order.begin(253);
        assert_eq!(order.gap(), None);
        for seq in [3, 1, 2] {
            assert_eq!(order.place(seq), Place::Early);
            order.hold(seq, message(seq, 0), 100).unwrap();
        }
        assert_eq!(order.gap(), Some((254, 0)));
        assert_eq!(order.bytes(), 30);
        assert_eq!((order.clear(), order.bytes(), order.gap()), (3, 0, None));
    }

    #[test]
    fn waiting_is_over_two_seconds_after_the_first_early_message() {
        let mut order = Order::default();
        order.begin(0);
        assert!(!order.is_overdue(at(10_000)));
        order.hold(2, message(2, 1_000), 100).unwrap();
        order.hold(4, message(4, 2_500), 100).unwrap();
        assert!(!order.is_overdue(at(2_999)));
        assert!(order.is_overdue(at(3_000)));
        // The missing 1 comes; 3 is still missing, and is waited for since 4 came.
        assert_eq!(order.place(1), Place::Next);
        assert_eq!(order.release().map(|held| held.payload[0]), Some(2));
        assert_eq!(order.release(), None);
        assert!(!order.is_overdue(at(4_499)));
        assert!(order.is_overdue(at(4_500)));
    }

    #[test]
    fn a_clock_set_back_does_not_prolong_the_waiting() {
        let mut order = Order::default();
        order.begin(0);
        order.hold(2, message(2, 3_600_000), 100).unwrap();
        assert!(!order.is_overdue(at(0)));
        assert!(order.is_overdue(at(2_000)));
    }

    #[test]
    fn no_more_wait_than_there_is_room_for() {
        let mut order = Order::default();
        order.begin(0);
        assert_eq!(order.hold(2, message(2, 0), 9), Err(message(2, 0)));
        for seq in 2..66 {
            order.hold(seq, message(seq, 0), 10).unwrap();
        }
        assert_eq!(order.hold(66, message(66, 0), 10), Err(message(66, 0)));
        assert_eq!(order.bytes(), 640);
    }

    proptest! {
        #[test]
        fn shuffled_messages_leave_in_order(first in any::<u8>(), shuffled in Just((1..=40_u8).collect::<Vec<_>>()).prop_shuffle()) {
            let mut order = Order::default();
            order.begin(first);
            let mut left = Vec::new();
            for step in shuffled {
                let seq = first.wrapping_add(step);
                match order.place(seq) {
                    Place::Next => {
                        left.push(step);
                        while let Some(held) = order.release() {
                            left.push(held.payload[0].wrapping_sub(first));
                        }
                    }
                    Place::Early => order.hold(seq, message(seq, 0), 10).unwrap(),
                    Place::Repeat => prop_assert!(false, "{seq} came once"),
                }
            }
            prop_assert_eq!(left, (1..=40).collect::<Vec<_>>());
            prop_assert_eq!(order.bytes(), 0);
        }
    }
}
