//! Where a broker is, how the bridge logs in there, and what it takes from it.
//!
//! What holds: the password is not printed, not by `Debug` either.

use std::fmt;

use crate::tls::Tls;

/// A broker and the session with it.
#[derive(Clone)]
pub struct Broker {
    /// Name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Client id, fixed.
    pub client_id: String,
    /// Whether the broker keeps the session while the bridge is disconnected; false for `reader detect`.
    pub is_lasting: bool,
    /// User name and password, if the broker requires them.
    pub login: Option<(String, String)>,
    /// How the connection is encrypted; none if it is not.
    pub tls: Option<Tls>,
    /// Largest packet that is taken from it, in bytes.
    pub max_packet_bytes: usize,
}

impl fmt::Debug for Broker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Broker")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("client_id", &self.client_id)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}
