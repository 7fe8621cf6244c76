//! Serial ports: the only file that names the library.
//!
//! What holds: a port is opened for us alone; each way in which that fails has its own message that names the
//! mend; a port is named by a path below `/dev/serial/by-id` or `by-path` wherever there is one, because
//! `/dev/ttyUSB0` is another device after the cables were pulled.
//!
//! Not here: what the bytes mean ([`crate::reader`], [`crate::sensor`]), trying again ([`crate::line`]).

use std::path::{Path, PathBuf};

use serialport::SerialPort;

use crate::line::{Line, Opener, PATIENCE};

/// Where a port is and how fast it talks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Path of the device.
    pub path: String,
    /// Bits per second.
    pub baud: u32,
}

struct Open(Box<dyn SerialPort>);

impl Opener for Port {
    fn open(&self) -> Result<Box<dyn Line>, String> {
        let opened =
            serialport::new(&self.path, self.baud).timeout(PATIENCE).exclusive(true).open();
        match opened {
            Ok(port) => Ok(Box::new(Open(port))),
            Err(error) => Err(mend(&error, &self.path, self.baud)),
        }
    }

    fn name(&self) -> &str {
        &self.path
    }

    fn must_be_drained(&self) -> bool {
        true
    }
}

/// What failed and what mends it.
fn mend(error: &serialport::Error, path: &str, baud: u32) -> String {
    use std::io::ErrorKind;
    let text = error.to_string();
    let says = |words: &str| text.to_lowercase().contains(words);
    let kind = error.kind();
    let is_io = |wanted: ErrorKind| kind == serialport::ErrorKind::Io(wanted);
    // The library gives some of the system's errors as words only.
    let mend = if !Path::new(path).exists() {
        "there is no such device; is the cable plugged in? `chopmark reader detect` lists the ports by names that stay the same after replugging".to_owned()
    } else if is_io(ErrorKind::PermissionDenied) || says("permission denied") {
        "the user that runs the bridge may not open it; add that user to the group dialout and log in anew".to_owned()
    } else if kind == serialport::ErrorKind::NoDevice
        || is_io(ErrorKind::ResourceBusy)
        || is_io(ErrorKind::WouldBlock)
        || says("busy")
    {
        "another program holds the port; end it (ModemManager is a usual one)".to_owned()
    } else if kind == serialport::ErrorKind::InvalidInput {
        format!("the device does not take {baud} baud; 115200, 57600, 38400 and 9600 are usual")
    } else {
        "it may be no serial port".to_owned()
    };
    format!("could not be opened ({text}): {mend}")
}

impl Line for Open {
    fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.0
            .write_all(bytes)
            .and_then(|()| self.0.flush())
            .map_err(|error| format!("writing failed ({error}): the cable may have been pulled"))
    }

    fn receive<'a>(&mut self, buffer: &'a mut [u8]) -> Result<&'a [u8], String> {
        use std::io::ErrorKind;
        match self.0.read(buffer) {
            Ok(0) => Err("the line was hung up: the cable may have been pulled".into()),
            Ok(count) => Ok(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                Ok(&[])
            }
            Err(error) => Err(format!("reading failed ({error}): the cable may have been pulled")),
        }
    }
}

/// A serial port of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The name to write into a configuration: below `by-id`, else below `by-path`, else the device itself.
    pub path: PathBuf,
    /// The device that it leads to now.
    pub device: PathBuf,
    /// What the USB device says of itself, if it is one.
    pub about: Option<String>,
}

/// The serial ports of this machine; nothing is opened.
///
/// # Errors
///
/// If the system does not tell.
pub fn list() -> Result<Vec<Found>, String> {
    let ports = serialport::available_ports()
        .map_err(|error| format!("the system does not tell its serial ports: {error}"))?;
    let mut found: Vec<Found> = ports
        .into_iter()
        .map(|port| {
            let device = PathBuf::from(&port.port_name);
            let about = match port.port_type {
                serialport::SerialPortType::UsbPort(usb) => {
                    let words = [usb.manufacturer, usb.product, usb.serial_number];
                    let words: Vec<String> = words.into_iter().flatten().collect();
                    Some(format!("{} ({:04x}:{:04x})", words.join(" "), usb.vid, usb.pid))
                }
                _ => None,
            };
            let path = lasting_name(&device).unwrap_or_else(|| device.clone());
            Found { path, device, about }
        })
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// The link below `/dev/serial/by-id` or `/dev/serial/by-path` that leads to `device`.
fn lasting_name(device: &Path) -> Option<PathBuf> {
    let target = device.canonicalize().ok()?;
    ["/dev/serial/by-id", "/dev/serial/by-path"].iter().find_map(|folder| {
        let mut links: Vec<PathBuf> =
            std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
        links.sort();
        links.into_iter().find(|link| link.canonicalize().is_ok_and(|found| found == target))
    })
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn each_way_in_which_a_port_does_not_open_names_its_own_mend() {
        let here = std::env::current_exe().unwrap().display().to_string();
        let io = serialport::ErrorKind::Io;
        for (path, kind, words, mend_with) in [
            ("/dev/ttyNONE", serialport::ErrorKind::NoDevice, "gone", "is the cable plugged in?"),
            (&here, io(ErrorKind::PermissionDenied), "no", "the group dialout"),
            (&here, io(ErrorKind::Other), "Permission denied", "the group dialout"),
            (&here, serialport::ErrorKind::NoDevice, "no", "another program holds the port"),
            (&here, io(ErrorKind::Other), "Device or resource busy", "another program holds"),
            (&here, serialport::ErrorKind::InvalidInput, "no", "57600 baud; 115200"),
            (&here, serialport::ErrorKind::Unknown, "odd", "no serial port"),
        ] {
            let text = mend(&serialport::Error::new(kind, words), path, 57_600);
            assert!(text.contains(mend_with) && text.contains(words), "{kind:?}: {text}");
        }
    }
}
