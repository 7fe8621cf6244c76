//! A line is opened, served, lost, and opened again.
//!
//! The way through: [`Supervisor::run`] opens the line, lets a [`Dialect`] (`reading`) or Modbus sensors
//! ([`modbus_bus`]) use it until it is lost or silent, reports that, waits, and starts over.
//!
//! What holds:
//!
//! - a line that hangs up, falls silent or cannot be opened is noticed within `SILENT` and reopened with growing
//!   pauses of at most `BACK_OFF`, for ever; the reason is reported once, with how to fix it;
//! - a reader is connected from its first valid frame that does not refuse us, a sensor from its first usable
//!   answer, until the line is lost: an adapter that opens says nothing about the device behind it;
//! - when the bridge stops, what a reader still sends is kept;
//! - a serial line is always drained: when the rest of the bridge is behind, reads are dropped and counted, and the
//!   gap is reported as soon as there is room, together with whatever else arrived meanwhile; a network line is left
//!   to fill up instead.
//!
//! Not here: how a serial port or a connection is opened ([`crate::port`], [`crate::socket`]).

mod backlog;
mod connection;
pub mod modbus_bus;
mod reading;

use std::sync::atomic::{AtomicBool, Ordering};

use devices::reader::Dialect;
use process::Clock;

use self::backlog::Backlog;
use self::connection::{Connection, End};
use self::modbus_bus::Unit;
use self::reading::Reading;
use crate::back_off::{BACK_OFF, SILENT};
use crate::line::{Line, Opener};
use crate::pause::pause;
use crate::sink::Sink;

/// What uses a line.
pub enum Talk {
    /// A tag reader, and where its results go.
    Reader(Box<dyn Dialect>, Box<Sink>),
    /// Modbus sensors, asked in turn.
    Modbus(Vec<Unit>),
}

impl Talk {
    /// Where results go.
    fn sinks(&self) -> Vec<&Sink> {
        match self {
            Self::Reader(_, sink) => vec![sink],
            Self::Modbus(units) => units.iter().map(|unit| &unit.sink).collect(),
        }
    }
}

/// Keeps one line connected.
pub struct Supervisor {
    /// How it is opened.
    pub opener: Box<dyn Opener>,
    /// What uses it.
    pub talk: Talk,
}

impl Supervisor {
    /// Serves the line until `stop` is set.
    pub fn run(mut self, stop: &AtomicBool) {
        let mut wait = BACK_OFF.0;
        let name = self.opener.name().to_owned();
        let sinks = self.talk.sinks();
        let Some(clock) = sinks.first().map(|sink| sink.clock.clone()) else { return };
        let mut connections: Vec<Connection> =
            sinks.into_iter().map(|sink| Connection::new(&name, sink)).collect();
        while !stop.load(Ordering::Relaxed) {
            let (end, has_lasted) = self.open_and_serve(&clock, &mut connections, stop);
            if has_lasted {
                wait = BACK_OFF.0;
            }
            for connection in &mut connections {
                let reported = match &end {
                    End::Lost(reason) => connection.lost(reason),
                    End::Stopped | End::Silent => {
                        connection.set_disconnected();
                        Ok(())
                    }
                };
                if reported.is_err() {
                    return;
                }
            }
            if let End::Stopped = end {
                return;
            }
            for Connection { sink, .. } in &connections {
                sink.metrics.reconnects.with_label_values(&[&sink.reader]).inc();
            }
            pause(&clock, wait, stop);
            wait = (wait * 2).min(BACK_OFF.1);
        }
    }

    /// Opens the line and serves it until it ends. Gives also whether it served for so long that the pauses start
    /// over; after one that is lost at once, the next pause is longer.
    fn open_and_serve(
        &mut self,
        clock: &Clock,
        connections: &mut [Connection],
        stop: &AtomicBool,
    ) -> (End, bool) {
        let opened = clock.instant();
        let mut line = match self.opener.open() {
            Ok(line) => line,
            Err(reason) => return (End::Lost(reason), false),
        };
        for Connection { sink, .. } in &*connections {
            tracing::info!(reader.id = sink.reader, line = self.opener.name(), "line is open");
        }
        let (end, has_answered) = self.serve(line.as_mut(), connections, stop);
        (end, has_answered && clock.instant() - opened > SILENT)
    }

    /// Serves the line while it is open. Gives also whether any device on it answered.
    fn serve(
        &mut self,
        line: &mut dyn Line,
        connections: &mut [Connection],
        stop: &AtomicBool,
    ) -> (End, bool) {
        let may_wait = !self.opener.must_be_drained();
        match (&mut self.talk, connections) {
            (Talk::Reader(dialect, _), [connection]) => {
                let dialect = dialect.as_mut();
                Reading { dialect, connection, may_wait, backlog: Backlog::default() }
                    .serve(line, stop)
            }
            (Talk::Reader(..), _) => (End::Stopped, false),
            (Talk::Modbus(units), connections) => modbus_bus::serve(units, connections, line, stop),
        }
    }
}
