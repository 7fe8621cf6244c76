//! rustls under tokio-postgres: makes the TLS connection and gives the data for channel binding.
//!
//! What holds: the digest of `tls-server-end-point` follows the hash of the certificate's signature, SHA-256 for
//! MD5 and SHA-1; a signature without such a hash (Ed25519, RSA-PSS) gives no channel binding.
//!
//! Not here: checking the certificate ([`super::verify`], rustls).
//!
//! Source: RFC 5929 section 4.1; RFC 5280 section 4.1 (Certificate); RFC 8017 appendix A.2.4 and RFC 5758 (OIDs).

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream as Stream;

/// Makes TLS connections with one configuration. Clones share it.
#[derive(Clone)]
pub(crate) struct MakeTls(Arc<ClientConfig>);

impl MakeTls {
    pub(super) fn new(config: ClientConfig) -> Self {
        Self(Arc::new(config))
    }
}

impl<S> MakeTlsConnect<S> for MakeTls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type TlsConnect = Connect;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> Result<Connect, io::Error> {
        Ok(Connect { config: Arc::clone(&self.0), host: host.to_owned() })
    }
}

/// One connection to be made.
pub(crate) struct Connect {
    config: Arc<ClientConfig>,
    host: String,
}

impl<S> TlsConnect<S> for Connect
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let host = ServerName::try_from(self.host)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            Ok(Encrypted(TlsConnector::from(self.config).connect(host, stream).await?))
        })
    }
}

/// An encrypted connection.
pub(crate) struct Encrypted<S>(Stream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Encrypted<S> {
    fn channel_binding(&self) -> ChannelBinding {
        let certificates = self.0.get_ref().1.peer_certificates();
        certificates
            .and_then(|chain| end_point_digest(chain.first()?))
            .map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Encrypted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Encrypted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// The digest of the server's certificate (DER), with the hash that its signature uses.
fn end_point_digest(certificate: &[u8]) -> Option<Vec<u8>> {
    // Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OID, … }, signature }
    let (inside, _) = element(certificate, 0x30)?;
    let (_, after) = element(inside, 0x30)?;
    let (algorithm, _) = element(after, 0x30)?;
    let (oid, _) = element(algorithm, 0x06)?;
    match oid {
        // 1.2.840.113549.1.1.*: RSA with MD5 (4), SHA-1 (5), SHA-256 (11), SHA-384 (12), SHA-512 (13).
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4 | 5 | 11] => {
            Some(Sha256::digest(certificate).to_vec())
        }
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12] => {
            Some(Sha384::digest(certificate).to_vec())
        }
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13] => {
            Some(Sha512::digest(certificate).to_vec())
        }
        // 1.2.840.10045.4.*: ECDSA with SHA-1 (1), SHA-256 (3.2), SHA-384 (3.3), SHA-512 (3.4).
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1 | 3, rest @ ..] => match rest {
            [] | [2] => Some(Sha256::digest(certificate).to_vec()),
            [3] => Some(Sha384::digest(certificate).to_vec()),
            [4] => Some(Sha512::digest(certificate).to_vec()),
            _ => None,
        },
        _ => None,
    }
}

/// The content of the DER element at the start of `bytes`, if its tag is `tag`, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (&short, rest) = rest.split_first()?;
    if first != tag {
        return None;
    }
    let (length, rest) = if short < 0x80 {
        (usize::from(short), rest)
    } else {
        // More than three bytes of length would be a certificate above 16 MiB.
        let (long, rest) = rest.split_at_checked(usize::from(short & 0x7f).min(4))?;
        if long.len() > 3 {
            return None;
        }
        (long.iter().fold(0, |length, &byte| length << 8 | usize::from(byte)), rest)
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate of the size of a real one, signed with `oid`.
    fn certificate(oid: &[u8]) -> Vec<u8> {
        let wrap = |tag: u8, content: &[u8]| {
            let length = u16::try_from(content.len()).unwrap().to_be_bytes();
            [&[tag, 0x82], &length[..], content].concat()
        };
        let algorithm = wrap(0x30, &[&[0x06, u8::try_from(oid.len()).unwrap()], oid].concat());
        let signed = wrap(0x30, &[7; 700]);
        wrap(0x30, &[signed, algorithm, wrap(0x03, &[0; 70])].concat())
    }

    #[test]
    fn channel_binding_uses_the_hash_of_the_certificates_signature() {
        let rsa = |last| vec![0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last];
        let ecdsa = |last| vec![0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, last];
        for (oid, bytes) in [
            (rsa(5), Some(32)),
            (rsa(11), Some(32)),
            (rsa(12), Some(48)),
            (rsa(13), Some(64)),
            (rsa(10), None),
            (vec![0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1], Some(32)),
            (ecdsa(2), Some(32)),
            (ecdsa(3), Some(48)),
            (ecdsa(4), Some(64)),
            (vec![0x2b, 0x65, 0x70], None),
        ] {
            let digest = end_point_digest(&certificate(&oid));
            assert_eq!(digest.map(|digest| digest.len()), bytes, "{oid:x?}");
        }
    }

    #[test]
    fn what_is_no_certificate_gives_no_channel_binding() {
        let whole = certificate(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]);
        for end in 0..whole.len() - 80 {
            assert_eq!(end_point_digest(&whole[..end]), None, "{end} bytes");
        }
        assert_eq!(end_point_digest(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0]), None);
    }
}
