//! The connection to a broker: TCP, encrypted where it is configured, with a limit for what comes in.
//!
//! The way through: the client library connects to a socket in a private folder; [`Link::dial`] connects to the broker
//! first and then copies between the two, what comes in through [`super::packets`].
//!
//! What holds: the library gets nothing that was not decrypted and limited here; certificates are checked before the
//! first byte of a login is sent; the folder of the socket is for its owner alone (mode 0700), and removed at the end.
//!
//! Not here: MQTT itself ([`super`]). Why the library's own TLS is not used: docs/decisions/0028.
//!
//! Source: MQTT 3.1.1 section 5.4.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ledger::keys::SecureRandom;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, split};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use super::address::Broker;
use super::packets::{Marker, Packets};
use crate::tls;

/// Longest wait for the broker's host, and again for its handshake.
const PATIENCE: Duration = Duration::from_secs(5);

/// The connection to a broker, and the socket at which the client finds it.
pub(super) struct Link {
    folder: PathBuf,
    socket: PathBuf,
    listener: Arc<UnixListener>,
    marker: Marker,
    /// Why the last connection ended, if that was an error.
    ended: Arc<Mutex<Option<String>>>,
    carrying: Option<JoinHandle<()>>,
}

/// Why a broker was not reached.
#[derive(Debug)]
pub(super) struct DialError {
    /// What failed.
    pub(super) text: String,
    /// How to mend it.
    pub(super) advice: &'static str,
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(carrying) = self.carrying.take() {
            carrying.abort();
        }
        std::fs::remove_file(&self.socket).ok();
        std::fs::remove_dir(&self.folder).ok();
    }
}

impl Link {
    /// Makes the socket.
    ///
    /// # Errors
    ///
    /// If there is no place for it or no random bytes.
    pub(super) fn new(random: &dyn SecureRandom) -> Result<Self, Error> {
        let mut bytes = [0; 16];
        random.fill(&mut bytes).map_err(|_| Error::other("the random source failed"))?;
        let folder = nix::unistd::mkdtemp(&std::env::temp_dir().join("chopmark-XXXXXX"))?;
        let socket = folder.join("broker");
        let listener = UnixListener::bind(&socket).inspect_err(|_| {
            std::fs::remove_dir(&folder).ok();
        })?;
        Ok(Self {
            folder,
            socket,
            listener: Arc::new(listener),
            marker: Marker(bytes),
            ended: Arc::default(),
            carrying: None,
        })
    }

    /// Where the client connects.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// What stands for the content of a message that was too large.
    pub(super) fn marker(&self) -> Marker {
        self.marker
    }

    /// Why the last connection ended, told once.
    pub(super) fn ended(&self) -> Option<String> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Connects to the broker; the client's next connection to the socket is then with it.
    ///
    /// # Errors
    ///
    /// [`DialError`].
    pub(super) async fn dial(&mut self, broker: &Broker) -> Result<(), DialError> {
        if let Some(carrying) = self.carrying.take() {
            carrying.abort();
        }
        self.ended();
        let address = (broker.host.trim_matches(['[', ']']), broker.port);
        let stream = in_time(TcpStream::connect(address)).await.map_err(|error| told(&error))?;
        stream.set_nodelay(true).map_err(|error| told(&error))?;
        let limit = broker.max_packet_bytes as u64;
        let (listener, ended) = (Arc::clone(&self.listener), Arc::clone(&self.ended));
        let marker = self.marker;
        self.carrying = Some(match &broker.tls {
            None => tokio::spawn(carry(listener, stream, limit, marker, ended)),
            Some(tls) => {
                let connector = TlsConnector::from(tls.config());
                let stream = in_time(connector.connect(tls.host(), stream)).await;
                let stream = stream.map_err(|error| told(&error))?;
                tokio::spawn(carry(listener, stream, limit, marker, ended))
            }
        });
        Ok(())
    }
}

async fn in_time<T>(connecting: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout(PATIENCE, connecting).await.unwrap_or(Err(ErrorKind::TimedOut.into()))
}

fn told(error: &Error) -> DialError {
    let advice = match (tls::advice(error), error.kind()) {
        (Some(advice), _) => advice,
        (None, ErrorKind::ConnectionRefused) => {
            "the host is reachable, but no broker listens on the port"
        }
        _ => "check the broker and the network between",
    };
    DialError { text: error.to_string(), advice }
}

/// Copies between the client and the broker until one of them ends.
async fn carry<S>(
    listener: Arc<UnixListener>,
    broker: S,
    limit: u64,
    marker: Marker,
    ended: Arc<Mutex<Option<String>>>,
) where
    S: AsyncRead + AsyncWrite,
{
    let Ok((mut client, _)) = listener.accept().await else { return };
    if let Err(error) = exchange(&mut client, broker, limit, marker).await {
        let advice = tls::advice(&error).map(|advice| format!(": {advice}")).unwrap_or_default();
        *ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("{error}{advice}"));
    }
    // Only now does the client learn that the connection has ended, so that it finds out why.
    drop(client);
}

async fn exchange<S>(
    client: &mut UnixStream,
    broker: S,
    limit: u64,
    marker: Marker,
) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite,
{
    let (mut from_client, to) = client.split();
    let (from, mut to_broker) = split(broker);
    let mut packets = Packets { from: BufReader::new(from), to, limit, marker };
    tokio::select! {
        sent = tokio::io::copy(&mut from_client, &mut to_broker) => {
            sent?;
            to_broker.shutdown().await
        }
        received = packets.pass() => received,
    }
}
