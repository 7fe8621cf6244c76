//! Files of authorities: certificates in PEM that other certificates are checked by.
//!
//! What holds: a file without a certificate, or with one that cannot be used, is refused as a whole.
//!
//! Not here: what is checked by them (`client_check` for clients of ours; whoever connects elsewhere).
//!
//! Source: RFC 7468 section 5.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// The certificates of a file, at least one.
///
/// # Errors
///
/// What was got and expected; without the path.
pub fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let authorities = read.map_err(|error| error.to_string())?;
    if authorities.is_empty() {
        return Err("got no certificate, expected those of the authorities in PEM".to_owned());
    }
    store(&authorities)?;
    Ok(authorities)
}

/// Authorities as rustls takes them.
pub(super) fn store(authorities: &[CertificateDer<'static>]) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    for authority in authorities {
        store.add(authority.clone()).map_err(|error| error.to_string())?;
    }
    Ok(store)
}
