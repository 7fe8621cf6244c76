//! TCP connections to readers.
//!
//! What holds: each way in which connecting fails has a message with a remedy; bytes are read only as fast as they are
//! processed, so that a reader that can buffer does.
//!
//! Not here: what the bytes mean ([`devices::reader`]), trying again ([`crate::supervisor`]).

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use crate::line::{Line, Opener, PATIENCE};

/// Timeout of connecting and of a write.
const CONNECT: Duration = Duration::from_secs(5);

/// A reader's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Socket {
    /// `host:port`.
    pub address: String,
}

struct Open(TcpStream);

impl Opener for Socket {
    fn open(&self) -> Result<Box<dyn Line>, String> {
        connect(&self.address).map(|stream| Box::new(Open(stream)) as Box<dyn Line>)
    }

    fn name(&self) -> &str {
        &self.address
    }

    fn must_be_drained(&self) -> bool {
        false
    }
}

/// Connects to `host:port`.
///
/// # Errors
///
/// Why that failed, and how to fix it.
pub fn connect(address: &str) -> Result<TcpStream, String> {
    let found = address
        .to_socket_addrs()
        .map_err(|error| format!("got address `{address}` ({error}), expected a known host and a port, like `10.0.0.7:5084`"))?;
    let mut reason = format!("`{address}` has no address");
    for address in found {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(stream) => {
                let set = stream
                    .set_nodelay(true)
                    .and_then(|()| stream.set_read_timeout(Some(PATIENCE)))
                    .and_then(|()| stream.set_write_timeout(Some(CONNECT)));
                return set
                    .map(|()| stream)
                    .map_err(|error| format!("could not be set up: {error}"));
            }
            Err(error) => {
                let advice = match error.kind() {
                    ErrorKind::ConnectionRefused => {
                        "the host is reachable, but nothing listens on the port; is LLRP enabled in the reader's web pages?"
                    }
                    ErrorKind::TimedOut => {
                        "the host does not answer; check the reader's power, its network cable and its address"
                    }
                    _ => "check the network between the bridge and the reader",
                };
                reason = format!("could not be connected ({error}): {advice}");
            }
        }
    }
    Err(reason)
}

impl Line for Open {
    fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.0.write_all(bytes).map_err(|error| format!("writing failed ({error})"))
    }

    fn receive<'a>(&mut self, buffer: &'a mut [u8]) -> Result<&'a [u8], String> {
        match self.0.read(buffer) {
            Ok(0) => Err("the reader closed the connection".into()),
            Ok(count) => Ok(&buffer[..count]),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted
                ) =>
            {
                Ok(&[])
            }
            Err(error) => Err(format!("reading failed ({error})")),
        }
    }
}
