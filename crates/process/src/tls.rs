//! TLS of our listeners: certificate and key from two files, read again when they change.
//!
//! The way through: [`Tls::from_files`] when the configuration is checked; [`Tls::server_config`] for the listener; [`Tls::follow`]
//! while the process runs. [`Tls::asking_clients`] makes the listener ask for certificates of clients ([`client`]).
//!
//! What holds:
//!
//! - TLS 1.2 and 1.3, by one provider of cryptography, aws-lc-rs; the protocol is HTTP/1.1 (docs/decisions/0053);
//! - the key file is refused if others can use it, as every secret file is;
//! - a new pair is used for connections from then on; one that is not usable (unreadable, not a pair, expired) changes
//!   nothing, is logged with its reason and counted;
//! - a new pair whose time has not come does not replace one that is valid: it is read again, and used, when its time comes;
//! - files that are being replaced are read when both have stayed the same for one look; what they were before they were
//!   read the first time is remembered, so that a change while the process starts is seen.
//!
//! Not here: clients ([`ureq`] with rustls).
//!
//! Source: RFC 8446, RFC 7468 (PEM), RFC 7301 (ALPN).

mod certificate;
pub mod client;
#[cfg(test)]
mod tests;

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::Context;
use crate::config::{Installation, Problem, Problems};
use crate::metrics::TlsMetrics;

/// Time between two looks at the files.
const LOOK: Duration = Duration::from_secs(2);
/// Time within which a client must have finished the handshake; until then it has one connection, and no request.
pub const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);

/// Certificate and key of a listener, as they are now. Clones share them.
#[derive(Clone)]
pub struct Tls {
    shown: Arc<Shown>,
    /// Who checks certificates of clients; none if they are not asked for one.
    clients: Option<Arc<dyn ClientCertVerifier>>,
}

struct Shown {
    /// The section that names the files.
    section: &'static str,
    files: Files,
    provider: Arc<CryptoProvider>,
    pair: RwLock<Pair>,
    /// The files as they were just before they were read the first time.
    first: Option<Stamp>,
}

#[derive(Debug, Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// What is shown to clients.
#[derive(Clone)]
struct Pair {
    certified: Arc<CertifiedKey>,
    begins: Timestamp,
    expires: Timestamp,
}

impl Pair {
    fn is_valid(&self, now: Timestamp) -> bool {
        self.begins <= now && now < self.expires
    }
}

/// What became of files that were read again.
enum Reloaded {
    /// They are used.
    Replaced,
    /// They are not, and will not be as they are.
    Kept,
    /// They are used from this time on.
    Waiting(Timestamp),
}

/// What changes when a file is written, replaced, or made readable for somebody: times, length and number of each.
type Stamp = [((i64, i64), (i64, i64), u64, u64); 2];

impl Files {
    fn stamp(&self) -> Option<Stamp> {
        let of = |path: &Path| {
            let data = std::fs::metadata(path).ok()?;
            // A key that others may read is refused; that it was put right shows in the time of its status only.
            let (content, status) =
                ((data.mtime(), data.mtime_nsec()), (data.ctime(), data.ctime_nsec()));
            Some((content, status, data.len(), data.ino()))
        };
        Some([of(&self.certificate)?, of(&self.key)?])
    }

    fn load(&self, section: &str, provider: &CryptoProvider) -> Result<Pair, Problem> {
        let problem = |key: &str, path: &Path, error: &dyn fmt::Display| Problem::Content {
            section: section.to_owned(),
            key: key.to_owned(),
            cause: format!("could not use {}: {error}", path.display()),
        };
        let of_certificate =
            |error: &dyn fmt::Display| problem("tls_certificate", &self.certificate, error);
        let of_key = |error: &dyn fmt::Display| problem("tls_key", &self.key, error);
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect)
            .map_err(|error| of_certificate(&error))?;
        let Some(first) = chain.first() else {
            let expected = "got no certificate, expected PEM: its own first, then those that lead to the authority";
            return Err(of_certificate(&expected));
        };
        let (begins, expires) = certificate::validity(first)
            .ok_or_else(|| of_certificate(&"the first certificate is not X.509"))?;
        let text = keystore::private::read(&self.key)
            .map_err(|error| Problem::content(section, "tls_key", &error))?;
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|error| of_key(&error))?;
        let certified = CertifiedKey::from_der(chain, key, provider).map_err(|error| {
            let certificate = self.certificate.display();
            of_key(&format!("{error}; expected the key of the first certificate in {certificate}"))
        })?;
        Ok(Pair { certified: Arc::new(certified), begins, expires })
    }
}

impl Tls {
    /// The TLS of a section; none if it names no files.
    ///
    /// - `section`: as the file writes it: `[ingest]`.
    ///
    /// # Errors
    ///
    /// [`Problem`] if one of the two is missing, cannot be read, or they are no pair.
    pub fn from_files(
        installation: &Installation,
        section: &'static str,
        certificate: Option<&Path>,
        key: Option<&Path>,
    ) -> Result<Option<Self>, Problems> {
        let (certificate, key) = match (certificate, key) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate, key),
            (Some(_), None) => {
                let expected = "the file with the key of `tls_certificate`";
                return Err(Problem::value(section, "tls_key", "none", expected).into());
            }
            (None, Some(_)) => {
                let expected = "the file with the certificate of `tls_key`";
                return Err(Problem::value(section, "tls_certificate", "none", expected).into());
            }
        };
        let files = Files { certificate: installation.at(certificate), key: installation.at(key) };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let first = files.stamp();
        let pair = RwLock::new(files.load(section, &provider)?);
        let shown = Arc::new(Shown { section, files, provider, pair, first });
        Ok(Some(Self { shown, clients: None }))
    }

    /// As [`Tls::from_files`], for a listener that may ask clients for certificates as well.
    ///
    /// - `pair`: certificate and key.
    /// - `authorities`: as for [`Tls::asking_clients`].
    ///
    /// # Errors
    ///
    /// [`Problem`], also if authorities are named and the listener has no TLS.
    pub fn of_section(
        installation: &Installation,
        section: &'static str,
        (certificate, key): (Option<&Path>, Option<&Path>),
        authorities: Option<&Path>,
    ) -> Result<Option<Self>, Problems> {
        match Self::from_files(installation, section, certificate, key)? {
            Some(tls) => tls.asking_clients(installation, authorities).map(Some),
            None if authorities.is_some() => {
                let expected =
                    "the files of `tls_certificate` and `tls_key`, or no `tls_client_ca`";
                Err(Problem::value(section, "tls_certificate", "none", expected).into())
            }
            None => Ok(None),
        }
    }

    /// The same, for a listener that asks clients for a certificate and serves those without one too.
    ///
    /// - `authorities`: `tls_client_ca` of the section: the file with the authorities (PEM); without it nobody is asked.
    ///
    /// # Errors
    ///
    /// [`Problem`] if the file has no authority that can be used.
    pub fn asking_clients(
        self,
        installation: &Installation,
        authorities: Option<&Path>,
    ) -> Result<Self, Problems> {
        let Some(path) = authorities else { return Ok(self) };
        let of = (self.shown.section, &*installation.at(path));
        let clients = Some(client::verifier(of, Arc::clone(&self.shown.provider))?);
        Ok(Self { clients, ..self })
    }

    /// What the listener works with; it shows whatever certificate is the current one.
    ///
    /// # Panics
    ///
    /// Never in practice: the provider has both versions.
    #[must_use]
    pub fn server_config(&self) -> ServerConfig {
        let resolver: Arc<dyn ResolvesServerCert> = self.shown.clone();
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.shown.provider))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .expect("the provider has both versions");
        let builder = match &self.clients {
            Some(clients) => builder.with_client_cert_verifier(Arc::clone(clients)),
            None => builder.with_no_client_auth(),
        };
        builder.with_cert_resolver(resolver)
    }

    /// When the current certificate expires.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.shown.current().expires
    }

    /// Reads the files again after SIGHUP, when they have changed, and when the time of a pair comes, until the process
    /// stops.
    pub async fn follow(self, context: Context, metrics: TlsMetrics) {
        let mut reloads = context.reload();
        let mut shutdown = context.shutdown.clone();
        let mut looks = tokio::time::interval(LOOK);
        let mut changes = Changes::new(self.shown.first);
        let mut waits_until = None;
        self.show_expiry(&metrics, context.clock.now());
        loop {
            let is_asked = tokio::select! {
                _ = shutdown.wait_for(|stop| *stop) => return,
                Ok(()) = reloads.changed() => true,
                _ = looks.tick() => false,
            };
            let stamp = self.shown.files.stamp();
            let now = context.clock.now();
            let has_come = waits_until.is_some_and(|begins| begins <= now);
            if changes.are_complete(stamp) || is_asked || has_come {
                changes.used = stamp;
                waits_until = match self.reload(&metrics, now) {
                    Reloaded::Waiting(begins) => Some(begins),
                    Reloaded::Replaced | Reloaded::Kept => None,
                };
            }
        }
    }

    /// Reads the files and uses what they hold, if it is usable.
    fn reload(&self, metrics: &TlsMetrics, now: Timestamp) -> Reloaded {
        let Shown { section, files, provider, pair, .. } = &*self.shown;
        let outcome = files.load(section, provider).map_err(|problem| problem.to_string());
        let is_valid = self.shown.current().is_valid(now);
        let reloaded = match outcome {
            Ok(new) if is_valid && new.begins > now => {
                let begins = new.begins;
                metrics.reloads.with_label_values(&["waiting"]).inc();
                tracing::warn!(
                    section,
                    %begins,
                    "the new certificate is not valid yet; the one before is shown until then"
                );
                Reloaded::Waiting(begins)
            }
            Ok(new) if new.expires <= now && self.expires() > now => {
                let path = files.certificate.display();
                self.keep(
                    metrics,
                    &format!("{section} tls_certificate: {path} expired on {}", new.expires),
                )
            }
            Ok(new) => {
                let (begins, expires) = (new.begins, new.expires);
                *pair.write().unwrap_or_else(PoisonError::into_inner) = new;
                metrics.reloads.with_label_values(&["replaced"]).inc();
                tracing::info!(section, %begins, %expires, "certificate and key were read again");
                Reloaded::Replaced
            }
            Err(reason) => self.keep(metrics, &reason),
        };
        self.show_expiry(metrics, now);
        reloaded
    }

    fn keep(&self, metrics: &TlsMetrics, reason: &str) -> Reloaded {
        metrics.reloads.with_label_values(&["kept"]).inc();
        tracing::error!(
            section = self.shown.section,
            reason,
            "the new certificate is not used; the one before stays until its files are right"
        );
        Reloaded::Kept
    }

    fn show_expiry(&self, metrics: &TlsMetrics, now: Timestamp) {
        let Pair { begins, expires, .. } = self.shown.current();
        let section = self.shown.section;
        metrics.expires.set(expires.as_second());
        if begins > now {
            tracing::error!(section, %begins, "the certificate is not valid yet; clients refuse it");
        }
        if expires <= now {
            tracing::error!(section, %expires, "the certificate has expired; clients refuse it");
        }
    }
}

/// Whether files have changed, and whether that is over.
struct Changes {
    /// Of the files that were read last.
    used: Option<Stamp>,
    /// As seen at the last look.
    seen: Option<Stamp>,
}

impl Changes {
    fn new(used: Option<Stamp>) -> Self {
        Self { used, seen: used }
    }

    /// Whether both are other files than those in use, and the same as at the look before. While one is missing, its
    /// replacement is under way.
    fn are_complete(&mut self, now: Option<Stamp>) -> bool {
        let is_calm = now.is_some() && now == self.seen;
        self.seen = now;
        is_calm && now != self.used
    }
}

impl Shown {
    fn current(&self) -> Pair {
        self.pair.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current().certified)
    }
}

/// The key is not shown.
impl fmt::Debug for Shown {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown.fmt(out)
    }
}
