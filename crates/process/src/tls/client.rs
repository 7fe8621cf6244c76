//! Certificates that clients show in the handshake, and how they reach whoever answers a request.
//!
//! The way through: a section with `tls_client_ca` makes its listener ask (`client_check`); [`note`] keeps what was shown beside the
//! connection; [`of_request`] gives it to a handler. Where two roles share an address, the listener is the host's, and a request that
//! is the guest's has the same connection.
//!
//! What holds:
//!
//! - clients without a certificate are served as before; one that is not signed by the configured authority, is not valid yet or any
//!   more, or is not for clients ends the handshake;
//! - a certificate comes from the handshake of this very connection, never from a header;
//! - what was shown at a handshake is shown by every request of the connection: whoever asks compares its validity with the time of
//!   the request. No session is resumed, so that each connection is checked.
//!
//! Not here: which certificates count (`client_check`), whose certificate it is (`gate::certificate`).
//!
//! Sources: RFC 8446 section 4.4.2; RFC 5280 section 4.1.2.7; decisions 0073 and 0089.

use std::any::Any;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use jiff::Timestamp;
use ledger::Hash;
use ledger::hash::sha256;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::certificate::{public_key, validity};

/// What is known of a client's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// SHA-256 of its `SubjectPublicKeyInfo` (DER): it stays the same when the certificate is renewed with the same key.
    pub spki_sha256: Hash,
    /// From when on it is valid.
    pub begins: Timestamp,
    /// Before when it is valid.
    pub expires: Timestamp,
}

impl ClientCertificate {
    /// That of a certificate (DER); none if the bytes are no certificate.
    #[must_use]
    pub fn of(certificate: &[u8]) -> Option<Self> {
        let (begins, expires) = validity(certificate)?;
        let spki_sha256 = sha256(public_key(certificate)?);
        Some(Self { spki_sha256, begins, expires })
    }

    /// That of the first certificate of a PEM text.
    ///
    /// # Errors
    ///
    /// What was got and expected.
    pub fn of_pem(text: &[u8]) -> Result<Self, String> {
        let expected = "expected a certificate in PEM (`-----BEGIN CERTIFICATE-----`)";
        let first = CertificateDer::pem_slice_iter(text).next();
        let first = first.ok_or_else(|| format!("got no certificate, {expected}"))?;
        let first = first.map_err(|error| format!("got something else ({error}), {expected}"))?;
        Self::of(&first).ok_or_else(|| format!("got something that is not X.509, {expected}"))
    }
}

/// Keeps what a client showed beside its connection; for `HttpServer::on_connect`.
pub fn note(connection: &dyn Any, data: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<TlsStream<TcpStream>>() else { return };
    let (_, session) = stream.get_ref();
    let shown = session.peer_certificates().and_then(<[_]>::first);
    if let Some(certificate) = shown.and_then(|first| ClientCertificate::of(first)) {
        data.insert(certificate);
    }
}

/// The certificate of the connection over which a request came.
#[must_use]
pub fn of_request(request: &HttpRequest) -> Option<&ClientCertificate> {
    request.conn_data()
}
