//! TLS of our listeners: certificate and key from two files, read again when they change.
//!
//! The way through: [`Tls::from_files`] when the configuration is checked; [`Tls::server_config`] for the listener; [`Tls::follow`]
//! while the process runs. [`Tls::of_section`] reads what a section says of certificates of clients as well ([`client`]).
//!
//! What holds:
//!
//! - TLS 1.2 and 1.3, by one provider of cryptography, aws-lc-rs; the protocol is HTTP/1.1 (docs/decisions/0053);
//! - the key file is refused if others can use it, as every secret file is;
//! - a new pair is used for connections from then on; one that is not usable (unreadable, not a pair, expired) changes
//!   nothing, is logged with its reason and counted;
//! - a new pair whose time has not come does not replace one that is valid: it is read again, and used, when its time comes;
//! - files that are being replaced are read when both have stayed the same for one look (`changes`); what they were before they were
//!   read the first time is remembered, so that a change while the process starts is seen.
//!
//! Not here: clients ([`ureq`] with rustls).
//!
//! Source: RFC 8446, RFC 7468 (PEM), RFC 7301 (ALPN).

pub mod authorities;
mod certificate;
mod changes;
pub mod client;
mod client_check;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use self::changes::{Changes, Stamp, stamp};
use self::client_check::ClientCheck;
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
    clients: Option<Arc<ClientCheck>>,
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

/// What a section says of certificates of clients.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClientFiles<'a> {
    /// `tls_client_ca`: the file with the authorities (PEM).
    pub authorities: Option<&'a Path>,
    /// `tls_client_crl`: the file with their revocation lists (PEM, or one in DER).
    pub lists: Option<&'a Path>,
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

impl Files {
    fn stamp(&self) -> Option<Stamp> {
        stamp([&*self.certificate, &*self.key])
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
    /// - `clients`: without authorities nobody is asked; those without a certificate are served too.
    ///
    /// # Errors
    ///
    /// [`Problem`], also if a file of `clients` cannot be used, or its listener has no TLS.
    pub fn of_section(
        installation: &Installation,
        section: &'static str,
        (certificate, key): (Option<&Path>, Option<&Path>),
        clients: ClientFiles<'_>,
    ) -> Result<Option<Self>, Problems> {
        let tls = Self::from_files(installation, section, certificate, key)?;
        let (authorities, lists) = match clients {
            ClientFiles { authorities: None, lists: None } => return Ok(tls),
            ClientFiles { authorities: None, lists: Some(_) } => {
                let expected = "the file of the authorities whose lists they are";
                return Err(Problem::value(section, "tls_client_ca", "none", expected).into());
            }
            ClientFiles { authorities: Some(authorities), lists } => (authorities, lists),
        };
        let Some(tls) = tls else {
            let expected = "the files of `tls_certificate` and `tls_key`, or no `tls_client_ca`";
            return Err(Problem::value(section, "tls_certificate", "none", expected).into());
        };
        let lists = lists.map(|path| installation.at(path));
        let provider = Arc::clone(&tls.shown.provider);
        let check =
            ClientCheck::from_files(section, installation.at(authorities), lists, provider)?;
        Ok(Some(Self { clients: Some(Arc::new(check)), ..tls }))
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
        let Some(clients) = &self.clients else {
            return builder.with_no_client_auth().with_cert_resolver(resolver);
        };
        let builder = builder.with_client_cert_verifier(Arc::<ClientCheck>::clone(clients));
        let mut config = builder.with_cert_resolver(resolver);
        // A session that is resumed is not checked again, and its certificate may have been revoked.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config
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
        let mut changes = Changes::new(self.shown.first.clone());
        let mut clients = self.clients.as_ref().map(|check| (check, check.changes()));
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
            if let Some((check, changes)) = &mut clients {
                check.look(changes, is_asked, &metrics);
                check.show_end(&metrics, now);
            }
            if changes.are_complete(stamp) || is_asked || has_come {
                changes.use_seen();
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
