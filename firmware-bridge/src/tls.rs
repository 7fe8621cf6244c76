//! TLS of the bridge: which certificates it trusts, and the one that it shows.
//!
//! What holds: there is one provider of cryptography, aws-lc-rs; a certificate is always checked, its host as well;
//! files are read when the configuration is loaded, so that a wrong one is a problem before anything is opened.
//!
//! Not here: connections ([`crate::broker`], [`crate::deliver`]).
//!
//! Source: RFC 8446; RFC 7468 (PEM).

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

use crate::config::error::ConfigError;

/// How a connection to a broker is encrypted, and to whom.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    host: ServerName<'static>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tls").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Tls {
    /// TLS to `host`.
    ///
    /// - `ca`: file with the certificates that may sign the host's; without it those that the operating system trusts.
    /// - `identity`: files with the certificate to show and its private key.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a file cannot be used or `host` is neither a name nor an address.
    pub fn to(
        host: &str,
        ca: Option<&Path>,
        identity: Option<(&Path, &Path)>,
    ) -> Result<Self, ConfigError> {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let name = ServerName::try_from(bare.to_owned()).map_err(|_| {
            ConfigError::Value(format!("got broker host `{host}`, expected a name or an address"))
        })?;
        let mut roots = RootCertStore::empty();
        match ca {
            Some(path) => {
                for certificate in certificates(path)? {
                    roots.add(certificate).map_err(|error| wrong(path, &error))?;
                }
            }
            None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        if roots.is_empty() {
            let expected = "certificates that the operating system trusts, or `ca_file`";
            return Err(ConfigError::Value(format!(
                "got no certificate to trust, expected {expected}"
            )));
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| ConfigError::Value(format!("TLS cannot be set up: {error}")))?
            .with_root_certificates(roots);
        let config = match identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let secret =
                    PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
                builder
                    .with_client_auth_cert(certificates(certificate)?, secret)
                    .map_err(|error| wrong(certificate, &error))?
            }
        };
        Ok(Self { config: Arc::new(config), host: name })
    }

    /// The settings, as the library takes them.
    #[must_use]
    pub fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }

    /// The host whose certificate is expected.
    #[must_use]
    pub fn host(&self) -> ServerName<'static> {
        self.host.clone()
    }
}

/// The certificates in a PEM file, at least one.
///
/// # Errors
///
/// [`ConfigError::Value`] with the path.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(path, &error))?;
    if found.is_empty() {
        let path = path.display();
        return Err(ConfigError::Value(format!("got {path} without a certificate, expected PEM")));
    }
    Ok(found)
}

fn wrong(path: &Path, error: &dyn fmt::Display) -> ConfigError {
    ConfigError::Value(format!("could not use {}: {error}", path.display()))
}

/// How to mend a handshake that failed; none if `error` is not one of TLS.
#[must_use]
pub fn advice(error: &std::io::Error) -> Option<&'static str> {
    use rustls::{AlertDescription as Alert, CertificateError, Error};
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match error {
        // A wrong signature: another authority with the same name.
        Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => {
            "the broker's certificate is not signed by one in `ca_file`; check `ca_file`, or somebody is in between"
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "the broker's certificate is for another host; use the host's name in `address`",
        Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => "the broker's certificate has expired",
        Error::AlertReceived(
            Alert::CertificateRequired | Alert::BadCertificate | Alert::UnknownCA,
        ) => "the broker does not accept the bridge's certificate; check `client_certificate_file`",
        Error::InvalidMessage(_) => "the port does not speak TLS; check `address`",
        _ => "check the broker's TLS settings",
    })
}
