//! Serial ports: the only file that names the library.
//!
//! What holds: one blocking thread per port; a port that hangs up or cannot be opened is tried again, with
//! growing pauses, until it is there; each failure has its own message that names the mend.
//!
//! Not here: what the bytes mean ([`crate::reader`], [`crate::sensor`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serialport::SerialPort;

use crate::config::Reader;
use crate::metrics::Metrics;
use crate::reader::Dialect;
use crate::sensor::modbus_xy_md02 as modbus;
use crate::windows::Input;

/// Longest wait for bytes before looking around.
const PATIENCE: Duration = Duration::from_millis(50);
/// A reader that says nothing for this long is silent; its port is opened anew.
const SILENT: Duration = Duration::from_secs(10);
/// First and longest pause before a port is tried again.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));

/// What a line is used for.
pub enum Line {
    /// An RFID reader.
    Reader(Box<dyn Dialect>),
    /// A Modbus sensor: address, sensor's name, time between questions.
    Modbus(u8, String, Duration),
}

/// One serial line and where its results go.
pub struct Port {
    /// The reader's place in the configuration.
    pub source: usize,
    /// Its configuration.
    pub reader: Reader,
    /// Path of the device.
    pub path: String,
    /// Bits per second.
    pub baud: u32,
    /// What it is used for.
    pub line: Line,
    /// Where results go.
    pub inputs: std::sync::mpsc::SyncSender<Input>,
    /// Counters.
    pub metrics: Metrics,
}

impl Port {
    /// Serves the line until `stop` is set.
    pub fn run(mut self, stop: &Arc<AtomicBool>) {
        let mut wait = BACK_OFF.0;
        let id = self.reader.id.clone();
        while !stop.load(Ordering::Relaxed) {
            match open(&self.path, self.baud) {
                Ok(mut port) => {
                    tracing::info!(reader.id = id, port = self.path, "port is open");
                    wait = BACK_OFF.0;
                    self.metrics.connected.with_label_values(&[&id]).set(1);
                    let ended = match &mut self.line {
                        Line::Reader(_) => self.read_tags(port.as_mut(), stop),
                        Line::Modbus(..) => self.ask_sensor(port.as_mut(), stop),
                    };
                    self.metrics.connected.with_label_values(&[&id]).set(0);
                    if let Err(reason) = ended {
                        tracing::warn!(reader.id = id, reason, "port is lost; it is tried again");
                    }
                }
                Err(reason) => tracing::warn!(reader.id = id, reason, "port cannot be opened"),
            }
            self.metrics.reconnects.with_label_values(&[&id]).inc();
            let until = Instant::now() + wait;
            while Instant::now() < until && !stop.load(Ordering::Relaxed) {
                std::thread::sleep(PATIENCE);
            }
            wait = (wait * 2).min(BACK_OFF.1);
        }
    }

    fn read_tags(
        &mut self,
        port: &mut dyn SerialPort,
        stop: &Arc<AtomicBool>,
    ) -> Result<(), String> {
        let Line::Reader(dialect) = &mut self.line else { return Ok(()) };
        for command in dialect.start() {
            send(port, &command)?;
        }
        let mut buffer = [0; 4096];
        let mut last_life = Instant::now();
        let mut last_word = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            let bytes = receive(port, &mut buffer)?;
            if bytes.is_empty() {
                if last_life.elapsed() > SILENT {
                    return Err(format!("reader said nothing for {} s", SILENT.as_secs()));
                }
                if let Some(command) = dialect.idle(last_word.elapsed()) {
                    send(port, &command)?;
                    last_word = Instant::now();
                }
                continue;
            }
            let mut reads = Vec::new();
            let fed = dialect.feed(bytes, Timestamp::now(), &mut reads);
            self.metrics.bad_frames.with_label_values(&[&self.reader.id]).inc_by(fed.bad_frames);
            self.metrics
                .garbage_bytes
                .with_label_values(&[&self.reader.id])
                .inc_by(fed.garbage_bytes);
            if fed.frames > 0 {
                (last_life, last_word) = (Instant::now(), Instant::now());
            }
            if !reads.is_empty() {
                let input =
                    Input::Reads { source: self.source, reads, message: None, acknowledge: None };
                self.inputs.send(input).map_err(|_| "the bridge is stopping".to_owned())?;
            }
        }
        send(port, &dialect.stop())
    }

    fn ask_sensor(
        &mut self,
        port: &mut dyn SerialPort,
        stop: &Arc<AtomicBool>,
    ) -> Result<(), String> {
        let Line::Modbus(address, sensor, every) = &self.line else { return Ok(()) };
        let mut last_answer = Instant::now();
        let mut buffer = [0; 256];
        while !stop.load(Ordering::Relaxed) {
            let asked = Instant::now();
            send(port, &modbus::question(*address))?;
            let mut answer = Vec::new();
            while answer.len() < modbus::ANSWER_BYTES
                && asked.elapsed() < Duration::from_millis(500)
            {
                answer.extend_from_slice(receive(port, &mut buffer)?);
            }
            let at = Timestamp::now();
            match modbus::answer(*address, &answer) {
                Ok(measured) => {
                    last_answer = Instant::now();
                    let reading = |kind, value, unit: &str| reads::SensorReading {
                        sensor: sensor.clone(),
                        kind,
                        value,
                        unit: unit.to_owned(),
                        at,
                    };
                    let readings = vec![
                        reading(reads::SensorKind::Temperature, measured.temperature, "CEL"),
                        reading(reads::SensorKind::RelativeHumidity, measured.humidity, "P1"),
                    ];
                    let input = Input::Readings { source: self.source, readings };
                    self.inputs.send(input).map_err(|_| "the bridge is stopping".to_owned())?;
                }
                Err(reason) => {
                    self.metrics.bad_frames.with_label_values(&[&self.reader.id]).inc();
                    tracing::debug!(
                        reader.id = self.reader.id,
                        reason,
                        "sensor's answer is not usable"
                    );
                    if last_answer.elapsed() > SILENT {
                        return Err(format!(
                            "sensor gave no usable answer for {} s",
                            SILENT.as_secs()
                        ));
                    }
                }
            }
            while asked.elapsed() < *every && !stop.load(Ordering::Relaxed) {
                std::thread::sleep(PATIENCE.min(*every));
            }
        }
        Ok(())
    }
}

fn open(path: &str, baud: u32) -> Result<Box<dyn SerialPort>, String> {
    serialport::new(path, baud).timeout(PATIENCE).open().map_err(|error| {
        let mend = match error.kind() {
            serialport::ErrorKind::NoDevice => {
                "is the cable plugged in? a path below /dev/serial/by-id stays the same after replugging"
            }
            serialport::ErrorKind::Io(std::io::ErrorKind::PermissionDenied) => {
                "the user that runs the bridge must be in the group dialout"
            }
            serialport::ErrorKind::Io(std::io::ErrorKind::NotFound) => "there is no such device",
            serialport::ErrorKind::InvalidInput => "the device does not take this baud rate",
            _ => "another program may hold the port",
        };
        format!("{path}: {error}; {mend}")
    })
}

fn send(port: &mut dyn SerialPort, bytes: &[u8]) -> Result<(), String> {
    port.write_all(bytes)
        .and_then(|()| port.flush())
        .map_err(|error| format!("writing failed: {error}"))
}

/// Bytes that arrived, none if there were none for a while.
fn receive<'a>(port: &mut dyn SerialPort, buffer: &'a mut [u8]) -> Result<&'a [u8], String> {
    match port.read(buffer) {
        Ok(0) => Err("the line was hung up".into()),
        Ok(count) => Ok(&buffer[..count]),
        Err(error) if error.kind() == std::io::ErrorKind::TimedOut => Ok(&[]),
        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Ok(&[]),
        Err(error) => Err(format!("reading failed: {error}")),
    }
}
