//! An Impinj R700 at a dock door, publishing its JSON over MQTT.
//!
//! A pass: every tag on the pallet is read 20 to 28 times while it crosses the door, RSSI rising to about
//! -45 dBm and falling again, scatter 5 dB; strays parked at the next door are read a few times, about
//! -70 dBm; one message in fifty is published twice, as a reader does when an acknowledgement is lost.
//!
//! Source: shape of messages as in Impinj's published samples; scatter as measured in public captures
//! (standard deviation 3.4 to 6.7 dB).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::simulators::broker::Publisher;
use crate::simulators::seeded::Seeded;

/// Seconds that a pass takes.
const PASS_S: f64 = 3.0;

/// What was published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Published {
    /// Messages, doubles included.
    pub messages: u64,
    /// Reads of tags that passed.
    pub passing_reads: u64,
    /// Reads of strays.
    pub stray_reads: u64,
    /// Messages published twice.
    pub doubles: u64,
}

/// One event of the reader.
struct Planned {
    /// Seconds after the pass begins.
    at: f64,
    json: String,
}

/// A reader with a connection to a broker.
pub struct R700 {
    publisher: Publisher,
    topic: String,
    hostname: String,
}

impl R700 {
    /// Connects to the broker.
    ///
    /// # Errors
    ///
    /// If it does not answer.
    pub fn connect(broker: SocketAddr, topic: &str, hostname: &str) -> Result<Self, String> {
        let publisher = Publisher::connect(broker, hostname)?;
        Ok(Self { publisher, topic: topic.to_owned(), hostname: hostname.to_owned() })
    }

    /// Publishes one payload at `QoS` 1.
    ///
    /// # Errors
    ///
    /// If the connection is gone.
    pub fn publish(&mut self, payload: &[u8]) -> Result<(), String> {
        self.publisher.publish(&self.topic, payload, false)
    }

    /// Waits until the broker has taken everything.
    ///
    /// # Errors
    ///
    /// If it does not within a minute.
    pub fn flush(&self) -> Result<(), String> {
        self.publisher.flush()
    }

    /// Lets a pallet pass the door, in real time, and waits until the broker has everything.
    ///
    /// - `passing`, `strays`: EPC banks.
    ///
    /// # Errors
    ///
    /// If the broker is gone.
    pub fn pass(
        &mut self,
        passing: &[Vec<u8>],
        strays: &[Vec<u8>],
        seed: u64,
    ) -> Result<Published, String> {
        let mut numbers = Seeded::new(seed);
        let mut published = Published::default();
        let mut plan = Vec::new();
        let begun = Timestamp::now();
        for (place, epc) in passing.iter().enumerate() {
            // The tags cross one after the other, each in the field for 1.2 s.
            #[expect(clippy::cast_precision_loss, reason = "a pallet has a few thousand tags")]
            let middle = 0.7 + (PASS_S - 1.4) * (place as f64 / passing.len().max(1) as f64);
            let reads = 20 + numbers.below(9);
            published.passing_reads += reads;
            for _ in 0..reads {
                let offset = (numbers.unit() - 0.5) * 1.2;
                let rssi = -45.0 - 18.0 * offset * offset + 5.0 * numbers.normal();
                plan.push(self.plan(epc, middle + offset, rssi, begun, &mut numbers));
            }
        }
        for epc in strays {
            let reads = 1 + numbers.below(9);
            published.stray_reads += reads;
            for _ in 0..reads {
                let at = numbers.unit() * PASS_S;
                let rssi = -70.0 + 5.0 * numbers.normal();
                plan.push(self.plan(epc, at, rssi, begun, &mut numbers));
            }
        }
        plan.sort_by(|a, b| a.at.total_cmp(&b.at));
        let start = Instant::now();
        for planned in plan {
            let due = start + Duration::from_secs_f64(planned.at.max(0.0));
            if let Some(wait) = due.checked_duration_since(Instant::now()) {
                std::thread::sleep(wait);
            }
            self.publish(planned.json.as_bytes())?;
            published.messages += 1;
            if numbers.below(50) == 0 {
                self.publish(planned.json.as_bytes())?;
                published.messages += 1;
                published.doubles += 1;
            }
        }
        self.flush()?;
        Ok(published)
    }

    fn plan(
        &self,
        epc: &[u8],
        at: f64,
        rssi: f64,
        begun: Timestamp,
        numbers: &mut Seeded,
    ) -> Planned {
        let time =
            begun.checked_add(jiff::SignedDuration::from_secs_f64(at.max(0.0))).unwrap_or(begun);
        #[expect(clippy::cast_possible_truncation, reason = "a cast from f64 saturates")]
        let centi_dbm = (rssi.clamp(-90.0, -20.0) * 100.0) as i32;
        let antenna = 1 + numbers.below(4);
        let json = format!(
            "{{\"timestamp\":\"{time:.9}\",\"hostname\":\"{}\",\"eventType\":\"tagInventory\",\
             \"tagInventoryEvent\":{{\"epcHex\":\"{}\",\"antennaPort\":{antenna},\
             \"peakRssiCdbm\":{centi_dbm},\"frequency\":920625}}}}",
            self.hostname,
            hex::encode_upper(epc)
        );
        Planned { at, json }
    }
}
