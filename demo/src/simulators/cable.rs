//! A network cable between a client and a server on this machine, which can be pulled and plugged again.
//!
//! The way through: clients connect to [`Cable::address`]; what they send goes on to the server behind it and back.
//! [`Cable::pull`] ends every connection and refuses new ones; [`Cable::plug`] leads to a server again, the same or
//! another. [`Cable::slow_to`] lays a long one.
//!
//! What holds: the address stays the same all the while; nothing comes out sooner than the cable's delay.
//!
//! Not here: lossy networks.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest wait for the address to be free again.
const PATIENCE: Duration = Duration::from_secs(10);

/// One time of being plugged in.
#[derive(Debug, Default)]
struct Plugged {
    is_pulled: AtomicBool,
    streams: Mutex<Vec<TcpStream>>,
}

/// A cable.
#[derive(Debug)]
pub struct Cable {
    /// Where clients connect.
    pub address: SocketAddr,
    delay: Duration,
    plugged: Option<(Arc<Plugged>, std::thread::JoinHandle<()>)>,
}

impl Cable {
    /// Lays a cable to a server.
    ///
    /// # Errors
    ///
    /// If no port is free.
    pub fn to(server: SocketAddr) -> std::io::Result<Self> {
        Self::slow_to(server, Duration::ZERO)
    }

    /// Lays a cable that is so long that every piece takes `delay`, each way.
    ///
    /// # Errors
    ///
    /// If no port is free.
    pub fn slow_to(server: SocketAddr, delay: Duration) -> std::io::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut cable = Self { address, delay, plugged: None };
        cable.plug(server)?;
        Ok(cable)
    }

    /// Pulls it.
    pub fn pull(&mut self) {
        let Some((plugged, accepting)) = self.plugged.take() else { return };
        plugged.is_pulled.store(true, Ordering::SeqCst);
        accepting.join().ok();
        for stream in plugged.streams.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            stream.shutdown(Shutdown::Both).ok();
        }
    }

    /// Plugs it in again, into `server`.
    ///
    /// # Errors
    ///
    /// If the address is not free.
    pub fn plug(&mut self, server: SocketAddr) -> std::io::Result<()> {
        self.pull();
        let deadline = Instant::now() + PATIENCE;
        let listener = loop {
            match TcpListener::bind(self.address) {
                Err(_) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                bound => break bound?,
            }
        };
        listener.set_nonblocking(true)?;
        let plugged = Arc::new(Plugged::default());
        let (shared, delay) = (Arc::clone(&plugged), self.delay);
        let accepting = std::thread::spawn(move || accept(&listener, server, delay, &shared));
        self.plugged = Some((plugged, accepting));
        Ok(())
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.pull();
    }
}

fn accept(listener: &TcpListener, server: SocketAddr, delay: Duration, plugged: &Arc<Plugged>) {
    while !plugged.is_pulled.load(Ordering::SeqCst) {
        let Ok((client, _)) = listener.accept() else {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        };
        // If the server is not there, the client sees its connection end.
        client.set_nonblocking(false).ok();
        if let Ok(server) = TcpStream::connect(server) {
            join(client, server, delay, plugged).ok();
        }
    }
}

/// Carries bytes both ways until either end is gone.
fn join(
    client: TcpStream,
    server: TcpStream,
    delay: Duration,
    plugged: &Arc<Plugged>,
) -> std::io::Result<()> {
    let mut streams = plugged.streams.lock().unwrap_or_else(PoisonError::into_inner);
    streams.extend([client.try_clone()?, server.try_clone()?]);
    for (from, to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
        std::thread::spawn(move || carry(from, to, delay));
    }
    Ok(())
}

fn carry(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        std::thread::sleep(delay);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    from.shutdown(Shutdown::Both).ok();
    to.shutdown(Shutdown::Both).ok();
}
