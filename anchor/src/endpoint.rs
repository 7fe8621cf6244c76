//! An endpoint of a chain for tests: a JSON-RPC server on the loopback address, whose answers a function gives.
//!
//! The way through: [`Endpoint::start`] with the function; the endpoint ends with the process.
//!
//! What holds: nothing of this runs in production; every connection has a thread of its own and is kept open until the
//! client leaves it.
//!
//! Not here: a whole chain ([`crate::anvil`]); what the tests' endpoints say or lie about.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use serde_json::Value;

/// A running endpoint.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    address: SocketAddr,
}

impl Endpoint {
    /// Starts an endpoint on a free port.
    ///
    /// - `answer`: the whole answer to a request, both JSON-RPC objects.
    ///
    /// # Errors
    ///
    /// If no port of the loopback address is free.
    pub fn start(answer: impl Fn(&Value) -> Value + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let answer = Arc::clone(&answer);
                // A client that went away is no failure of the test.
                std::thread::spawn(move || serve(&stream, &*answer).ok());
            }
        });
        Ok(Self { address })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

/// Answers requests on one connection until it ends.
fn serve(mut stream: &TcpStream, answer: &dyn Fn(&Value) -> Value) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let (mut length, mut line) = (0, String::new());
        while reader.read_line(&mut line)? > 0 && line != "\r\n" {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            line.clear();
        }
        if line.is_empty() {
            return Ok(());
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let answer = answer(&serde_json::from_slice(&body)?).to_string();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length:";
        write!(stream, "{head} {}\r\n\r\n{answer}", answer.len())?;
    }
}
