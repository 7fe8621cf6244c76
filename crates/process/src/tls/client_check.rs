//! Which certificates of clients count: those of the authorities of one file that are not on the revocation lists of another, both as
//! the files are now.
//!
//! The way through: [`ClientCheck::from_files`] when the configuration is checked; rustls asks it in each handshake;
//! [`ClientCheck::look`] reads the files again while the process runs.
//!
//! What holds:
//!
//! - files that were read again count from the next connection on; what cannot be used changes nothing, is logged with its reason and
//!   counted;
//! - with revocation lists, a certificate of whose chain one has no list, or whose list has ended, is refused: who could stop
//!   a list from arriving would else keep a stolen certificate in use;
//! - clients may have no certificate.
//!
//! Not here: whose certificate it is (`gate::certificate`).
//!
//! Sources: RFC 5280 sections 5 and 6.3; decision 0089.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};

use super::authorities;
use super::certificate::list_end;
use super::changes::{Changes, Stamp, stamp};
use crate::config::Problem;
use crate::metrics::TlsMetrics;

/// First byte of a list that is not PEM but DER (a `SEQUENCE`), the form in which authorities publish them.
const DER: u8 = 0x30;

/// The files of a section.
#[derive(Debug)]
struct Files {
    authorities: PathBuf,
    lists: Option<PathBuf>,
}

/// What the files say.
#[derive(Debug, Clone)]
struct Current {
    verifier: Arc<dyn ClientCertVerifier>,
    /// The names of the authorities, which the handshake tells clients.
    names: &'static [DistinguishedName],
    /// When the first of the lists ends.
    ends: Option<Timestamp>,
}

/// Checks certificates of clients of one listener.
#[derive(Debug)]
pub(super) struct ClientCheck {
    /// The section that names the files.
    section: &'static str,
    files: Files,
    provider: Arc<CryptoProvider>,
    current: RwLock<Current>,
    /// The files as they were just before they were read the first time.
    first: Option<Stamp>,
}

impl Files {
    fn stamp(&self) -> Option<Stamp> {
        stamp([&*self.authorities].into_iter().chain(self.lists.as_deref()))
    }

    fn load(&self, section: &str, provider: &Arc<CryptoProvider>) -> Result<Current, Problem> {
        let problem = |key: &str, path: &Path, error: &str| Problem::Content {
            section: section.to_owned(),
            key: key.to_owned(),
            cause: format!("could not use {}: {error}", path.display()),
        };
        let of_authorities = |error: &str| problem("tls_client_ca", &self.authorities, error);
        let roots = authorities::read(&self.authorities)
            .and_then(|read| authorities::store(&read))
            .map_err(|error| of_authorities(&error))?;
        let builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        let builder = builder.allow_unauthenticated();
        let (verifier, ends) = match &self.lists {
            None => (builder.build().map_err(|error| of_authorities(&error.to_string()))?, None),
            Some(path) => {
                let of_lists = |error: &str| problem("tls_client_crl", path, error);
                let (lists, ends) = lists(path).map_err(|error| of_lists(&error))?;
                let builder = builder.with_crls(lists).enforce_revocation_expiration();
                (builder.build().map_err(|error| of_lists(&error.to_string()))?, ends)
            }
        };
        Ok(Current { verifier, names: &[], ends })
    }
}

/// The revocation lists of a file, PEM or one in DER, and when the first of them ends.
fn lists(
    path: &Path,
) -> Result<(Vec<CertificateRevocationListDer<'static>>, Option<Timestamp>), String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let lists = if bytes.first() == Some(&DER) {
        vec![CertificateRevocationListDer::from(bytes)]
    } else {
        let read = CertificateRevocationListDer::pem_slice_iter(&bytes);
        read.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?
    };
    if lists.is_empty() {
        return Err("got no list, expected PEM (`-----BEGIN X509 CRL-----`) or DER".to_owned());
    }
    let ends = lists.iter().filter_map(|list| list_end(list)).min();
    Ok((lists, ends))
}

impl ClientCheck {
    /// A check by these files; paths are whole.
    pub(super) fn from_files(
        section: &'static str,
        authorities: PathBuf,
        lists: Option<PathBuf>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, Problem> {
        let files = Files { authorities, lists };
        let first = files.stamp();
        let mut current = files.load(section, &provider)?;
        current.names = kept(&[], current.verifier.root_hint_subjects());
        Ok(Self { section, files, provider, current: RwLock::new(current), first })
    }

    /// Changes since the files were read the first time.
    pub(super) fn changes(&self) -> Changes {
        Changes::new(self.first.clone())
    }

    /// Reads the files again if they have changed, or if it is asked for.
    pub(super) fn look(&self, changes: &mut Changes, is_asked: bool, metrics: &TlsMetrics) {
        if changes.are_complete(self.files.stamp()) || is_asked {
            changes.use_seen();
            self.reload(metrics);
        }
    }

    fn reload(&self, metrics: &TlsMetrics) {
        let section = self.section;
        match self.files.load(section, &self.provider) {
            Ok(mut new) => {
                new.names = kept(self.current().names, new.verifier.root_hint_subjects());
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
                metrics.reloads.with_label_values(&["replaced"]).inc();
                tracing::info!(
                    section,
                    "authorities and revocation lists of clients were read again"
                );
            }
            Err(reason) => {
                metrics.reloads.with_label_values(&["kept"]).inc();
                tracing::error!(
                    section,
                    %reason,
                    "the authorities and revocation lists of clients stay as they were until their files are right"
                );
            }
        }
    }

    /// Shows when the lists end, and says so once they have.
    pub(super) fn show_end(&self, metrics: &TlsMetrics, now: Timestamp) {
        let (section, ends) = (self.section, self.current().ends);
        let shown = ends.map_or(0, Timestamp::as_second);
        let is_news = metrics.lists_end.get() != shown;
        metrics.lists_end.set(shown);
        if let Some(ends) = ends.filter(|ends| is_news && *ends <= now) {
            tracing::error!(
                section,
                %ends,
                "a revocation list of clients (`tls_client_crl`) has ended; every client with a certificate is refused"
            );
        }
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Names that last as long as the process, since rustls borrows them from the check and not from what it checks by at the moment. Only
/// a change of the authorities costs memory, once for each.
fn kept(
    before: &'static [DistinguishedName],
    names: &[DistinguishedName],
) -> &'static [DistinguishedName] {
    let bytes = <DistinguishedName as AsRef<[u8]>>::as_ref;
    if before.iter().map(bytes).eq(names.iter().map(bytes)) {
        before
    } else {
        names.to_vec().leak()
    }
}

impl ClientCertVerifier for ClientCheck {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.current().names
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.current().verifier.verify_client_cert(own, others, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.current().verifier.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.current().verifier.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.current().verifier.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests;
