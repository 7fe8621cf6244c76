//! Serial ports: the only file that names the library.
//!
//! What holds: a port is opened exclusively; each way in which that fails has its own message with a remedy; a port is
//! named by a path below `/dev/serial/by-id` or `by-path` wherever there is one, because `/dev/ttyUSB0` may be another
//! device after replugging, and never by one that another adapter may get; writing waits for buffer space only, since a
//! hung adapter never confirms that it has sent.
//!
//! Not here: what the bytes mean ([`devices::reader`], [`devices::sensor`]), trying again ([`crate::supervisor`]).

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serialport::{SerialPortInfo, SerialPortType, UsbPortInfo};

use crate::line::{Line, Opener, PATIENCE};

/// A serial port and its baud rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Path of the device.
    pub path: String,
    /// Bits per second.
    pub baud: u32,
}

struct Open<P>(P);

impl Opener for Port {
    fn open(&self) -> Result<Box<dyn Line>, String> {
        let opened =
            serialport::new(&self.path, self.baud).timeout(PATIENCE).exclusive(true).open();
        match opened {
            Ok(port) => Ok(Box::new(Open(port))),
            Err(error) => Err(advice(&error, &self.path, self.baud)),
        }
    }

    fn name(&self) -> &str {
        &self.path
    }

    fn must_be_drained(&self) -> bool {
        true
    }
}

/// What failed and how to fix it.
fn advice(error: &serialport::Error, path: &str, baud: u32) -> String {
    use std::io::ErrorKind;
    let text = error.to_string();
    let says = |words: &str| text.to_lowercase().contains(words);
    let kind = error.kind();
    let is_io = |wanted: ErrorKind| kind == serialport::ErrorKind::Io(wanted);
    // The library gives some of the system's errors as text only.
    let advice = if !Path::new(path).exists() {
        "the device does not exist; is the cable plugged in? `chopmark reader detect` lists the ports by names that stay the same after replugging".to_owned()
    } else if is_io(ErrorKind::PermissionDenied) || says("permission denied") {
        "the user that runs the bridge may not open it; add that user to the group dialout and log in again".to_owned()
    } else if kind == serialport::ErrorKind::NoDevice
        || is_io(ErrorKind::ResourceBusy)
        || is_io(ErrorKind::WouldBlock)
        || says("busy")
    {
        "another program holds the port; stop it (often ModemManager)".to_owned()
    } else if kind == serialport::ErrorKind::InvalidInput {
        format!("the device does not support {baud} baud; 115200, 57600, 38400 and 9600 are usual")
    } else {
        "it may not be a serial port".to_owned()
    };
    format!("could not be opened ({text}): {advice}")
}

impl<P: Read + Write> Line for Open<P> {
    fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.0
            .write_all(bytes)
            .map_err(|error| format!("writing failed ({error}): the cable may have been pulled"))
    }

    fn receive<'a>(&mut self, buffer: &'a mut [u8]) -> Result<&'a [u8], String> {
        use std::io::ErrorKind;
        match self.0.read(buffer) {
            Ok(0) => Err("the port hung up: the cable may have been pulled".into()),
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
    /// Maker, product and serial number, if it is a USB device.
    pub about: Option<String>,
    /// Why it is named by the socket it is plugged into, if its adapter cannot be distinguished from another.
    pub by_socket: Option<&'static str>,
}

/// The serial ports of this machine; nothing is opened.
///
/// # Errors
///
/// If the system does not list them.
pub fn list() -> Result<Vec<Found>, String> {
    let ports = serialport::available_ports()
        .map_err(|error| format!("the system does not list its serial ports: {error}"))?;
    Ok(named(&ports, Path::new("/dev/serial")))
}

/// The ports by names that stay the same.
///
/// - `links`: folder that holds the links of the system, in `by-id` and `by-path`.
fn named(ports: &[SerialPortInfo], links: &Path) -> Vec<Found> {
    let usb: Vec<&UsbPortInfo> = ports.iter().filter_map(usb_of).collect();
    let (by_id, by_path) = (links.join("by-id"), links.join("by-path"));
    let mut found: Vec<Found> = ports
        .iter()
        .map(|port| {
            let device = PathBuf::from(&port.port_name);
            let about = usb_of(port).map(|usb| {
                let words = [&usb.manufacturer, &usb.product, &usb.serial_number];
                let words: Vec<&str> = words.into_iter().flatten().map(String::as_str).collect();
                format!("{} ({:04x}:{:04x})", words.join(" "), usb.vid, usb.pid)
            });
            let by_socket = usb_of(port).and_then(|own| confusable(own, &usb));
            let by_id = by_socket.is_none().then_some(&by_id);
            let path = by_id
                .into_iter()
                .chain([&by_path])
                .find_map(|folder| link(&device, folder))
                .unwrap_or_else(|| device.clone());
            Found { path, device, about, by_socket }
        })
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn usb_of(port: &SerialPortInfo) -> Option<&UsbPortInfo> {
    match &port.port_type {
        SerialPortType::UsbPort(usb) => Some(usb),
        _ => None,
    }
}

/// Why an adapter cannot be distinguished from another; none if it can.
fn confusable(own: &UsbPortInfo, all: &[&UsbPortInfo]) -> Option<&'static str> {
    let identity = |usb: &UsbPortInfo| (usb.vid, usb.pid, usb.serial_number.clone());
    if own.serial_number.as_ref().is_none_or(String::is_empty) {
        Some("its adapter has no serial number")
    } else if all.iter().filter(|other| identity(other) == identity(own)).count() > 1 {
        Some("another port has the same maker, model and serial number")
    } else {
        None
    }
}

/// The link in `folder` that leads to `device`.
fn link(device: &Path, folder: &Path) -> Option<PathBuf> {
    let target = device.canonicalize().ok()?;
    let mut links: Vec<PathBuf> =
        std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    links.sort();
    links.into_iter().find(|link| link.canonicalize().is_ok_and(|found| found == target))
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    /// A hung adapter: it accepts bytes and never confirms that they are sent.
    struct Hung(Vec<u8>);

    impl Read for Hung {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(ErrorKind::TimedOut.into())
        }
    }

    impl Write for Hung {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            panic!("waited for what never comes");
        }
    }

    #[test]
    fn an_adapter_that_hung_does_not_hold_up_whoever_writes() {
        let mut line = Open(Hung(Vec::new()));
        line.send(&[1, 2, 3]).unwrap();
        assert_eq!(line.0.0, [1, 2, 3]);
        assert_eq!(line.receive(&mut [0; 8]), Ok(&[][..]));
    }

    #[test]
    fn a_port_is_named_by_its_adapter_only_if_no_other_adapter_can_take_that_name() {
        let folder = tempfile::tempdir().unwrap();
        let links = folder.path();
        for name in ["by-id", "by-path"] {
            std::fs::create_dir(links.join(name)).unwrap();
        }
        // Of two adapters with the same identity, the system links one by its id.
        let port = |name: &str, serial: Option<&str>, id: Option<&str>| {
            let device = links.join(name);
            std::fs::write(&device, "").unwrap();
            let by_path = links.join("by-path").join(format!("socket-{name}"));
            std::os::unix::fs::symlink(&device, by_path).unwrap();
            if let Some(id) = id {
                std::os::unix::fs::symlink(&device, links.join("by-id").join(id)).unwrap();
            }
            let (pid, serial_number) = (0xEA60, serial.map(str::to_owned));
            let usb =
                UsbPortInfo { vid: 0x10C4, pid, serial_number, manufacturer: None, product: None };
            let port_name = device.display().to_string();
            SerialPortInfo { port_name, port_type: SerialPortType::UsbPort(usb) }
        };
        let ports = [
            port("one", Some("0001"), Some("usb-0001")),
            port("two", Some("0001"), None),
            port("three", None, Some("usb-nameless")),
            port("four", Some("A7F3"), Some("usb-A7F3")),
        ];
        let found = named(&ports, links);
        let named: Vec<(&str, Option<&str>)> = found
            .iter()
            .map(|it| (it.path.strip_prefix(links).unwrap().to_str().unwrap(), it.by_socket))
            .collect();
        let same = Some("another port has the same maker, model and serial number");
        let expected = [
            ("by-id/usb-A7F3", None),
            ("by-path/socket-one", same),
            ("by-path/socket-three", Some("its adapter has no serial number")),
            ("by-path/socket-two", same),
        ];
        assert_eq!(named, expected);
    }

    #[test]
    fn each_failure_to_open_a_port_names_its_own_remedy() {
        let here = std::env::current_exe().unwrap().display().to_string();
        let io = serialport::ErrorKind::Io;
        for (path, kind, words, expected) in [
            ("/dev/ttyNONE", serialport::ErrorKind::NoDevice, "gone", "is the cable plugged in?"),
            (&here, io(ErrorKind::PermissionDenied), "no", "the group dialout"),
            (&here, io(ErrorKind::Other), "Permission denied", "the group dialout"),
            (&here, serialport::ErrorKind::NoDevice, "no", "another program holds the port"),
            (&here, io(ErrorKind::Other), "Device or resource busy", "another program holds"),
            (&here, serialport::ErrorKind::InvalidInput, "no", "57600 baud; 115200"),
            (&here, serialport::ErrorKind::Unknown, "odd", "not be a serial port"),
        ] {
            let text = advice(&serialport::Error::new(kind, words), path, 57_600);
            assert!(text.contains(expected) && text.contains(words), "{kind:?}: {text}");
        }
    }
}
