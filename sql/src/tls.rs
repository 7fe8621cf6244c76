//! TLS to PostgreSQL: what `sslmode` and its companions in a URL mean.
//!
//! | `sslmode` | encrypted | certificate |
//! |---|---|---|
//! | `disable` | no | |
//! | `prefer` (default) | if the server offers it | not checked, whatever `sslrootcert` says |
//! | `require` | yes | not checked; with `sslrootcert` as `verify-ca` |
//! | `verify-ca` | yes | signed by a certificate in `sslrootcert` |
//! | `verify-full` | yes | as `verify-ca`, and issued for the host in the URL |
//!
//! `sslrootcert=FILE` names certificates in PEM; `sslrootcert=system` takes those that the operating system
//! trusts and then demands `verify-full`, which is also the default with it. `sslcert` and `sslkey` are the
//! client's certificate and key, PEM. As libpq, with these differences: there is no `allow`; `verify-ca` and
//! `verify-full` look for no file in the home directory; a host name must be among the certificate's subject
//! alternative names (the common name does not count); after a failed handshake `prefer` does not try again
//! without TLS.
//!
//! What holds: files are read once, when the pool is made; channel binding (SCRAM-SHA-256-PLUS) is used where the
//! server offers it.
//!
//! Source: PostgreSQL 17 manual, sections 32.1.2 and 32.19.

mod connect;
#[cfg(test)]
mod tests;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::client::{WantsClientCert, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use tokio_postgres::config::SslMode;

pub(crate) use self::connect::MakeTls;
use self::verify::NameIgnored;
use crate::error::Error;

/// How much is demanded of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Which certificates are trusted to sign a server's.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Roots {
    File(PathBuf),
    System,
}

/// The TLS parameters of a URL.
#[derive(Debug, Clone, Default)]
pub(crate) struct TlsParameters {
    mode: Option<Mode>,
    roots: Option<Roots>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl TlsParameters {
    /// Never TLS.
    pub(crate) fn disabled() -> Self {
        Self { mode: Some(Mode::Disable), ..Self::default() }
    }

    /// Takes the parameter, if `name` is one of TLS; gives whether it is.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<bool, Error> {
        match name {
            "sslmode" => self.mode = Some(Mode::parse(value)?),
            "sslrootcert" if value == "system" => self.roots = Some(Roots::System),
            "sslrootcert" => self.roots = Some(Roots::File(value.into())),
            "sslcert" => self.certificate = Some(value.into()),
            "sslkey" => self.key = Some(value.into()),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The mode that follows from the parameters together, by libpq's rules.
    fn mode(&self) -> Result<Mode, Error> {
        match (self.mode, &self.roots) {
            (None, Some(Roots::System)) => Ok(Mode::VerifyFull),
            (Some(mode), Some(Roots::System)) if mode != Mode::VerifyFull => {
                Err(Error::data("sslrootcert=system: expected sslmode=verify-full with it"))
            }
            (Some(Mode::VerifyCa | Mode::VerifyFull), None) => Err(Error::data(
                "sslmode=verify-ca and verify-full need sslrootcert=FILE or sslrootcert=system",
            )),
            (Some(Mode::Require), Some(_)) => Ok(Mode::VerifyCa),
            (mode, _) => Ok(mode.unwrap_or(Mode::Prefer)),
        }
    }
}

impl Mode {
    fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "disable" => Ok(Self::Disable),
            "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            _ => Err(Error::data(format!(
                "sslmode: got `{text}`, expected disable, prefer, require, verify-ca or verify-full"
            ))),
        }
    }
}

/// The mode as tokio-postgres knows it, and the connector that checks certificates.
pub(crate) fn connector(parameters: &TlsParameters) -> Result<(SslMode, MakeTls), Error> {
    let mode = parameters.mode()?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match mode {
        Mode::Disable | Mode::Prefer | Mode::Require => {
            Arc::new(NameIgnored { roots: None, provider: Arc::clone(&provider) })
        }
        Mode::VerifyCa => {
            let roots = Some(load_roots(parameters.roots.as_ref())?);
            Arc::new(NameIgnored { roots, provider: Arc::clone(&provider) })
        }
        Mode::VerifyFull => full_verifier(parameters.roots.as_ref(), &provider)?,
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::data(format!("TLS cannot be set up: {error}")))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = identify(builder, parameters)?;
    // As libpq 17; needed for `sslnegotiation=direct`.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    let ssl_mode = match mode {
        Mode::Disable => SslMode::Disable,
        Mode::Prefer => SslMode::Prefer,
        Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
    };
    Ok((ssl_mode, MakeTls::new(config)))
}

fn full_verifier(
    roots: Option<&Roots>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let roots = Arc::new(load_roots(roots)?);
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
        .build()
        .map_err(|error| Error::data(format!("sslrootcert is not usable: {error}")))?;
    Ok(verifier)
}

fn load_roots(roots: Option<&Roots>) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    match roots {
        Some(Roots::File(path)) => {
            for certificate in certificates("sslrootcert", path)? {
                store.add(certificate).map_err(|error| {
                    Error::data(format!("sslrootcert {}: {error}", path.display()))
                })?;
            }
        }
        Some(Roots::System) => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        None => {}
    }
    if store.is_empty() {
        return Err(Error::data("sslrootcert holds no certificate"));
    }
    Ok(store)
}

fn certificates(parameter: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| Error::data(format!("{parameter} {}: {error}", path.display())))
}

/// Adds the client's certificate, if the parameters name one.
fn identify(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    parameters: &TlsParameters,
) -> Result<ClientConfig, Error> {
    let (certificate, key) = match (&parameters.certificate, &parameters.key) {
        (None, None) => return Ok(builder.with_no_client_auth()),
        (Some(certificate), Some(key)) => (certificate, key),
        _ => return Err(Error::data("sslcert and sslkey must be given together")),
    };
    let chain = certificates("sslcert", certificate)?;
    let key_der = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| Error::data(format!("sslkey {}: {error}", key.display())))?;
    builder
        .with_client_auth_cert(chain, key_der)
        .map_err(|error| Error::data(format!("sslcert {}: {error}", certificate.display())))
}
