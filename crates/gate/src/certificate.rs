//! Client certificates of machines: from the public key that was shown in the handshake to its holder.
//!
//! The way through: [`Gate::identify_with`] takes what a request shows, the `Authorization` headers and the certificate of its connection.
//! The certificate counts where there is no header; where both are there, they must be of one holder.
//!
//! What holds:
//!
//! - TLS has checked chain and signature with the configured authority (`process::tls`); that alone opens nothing: the public key
//!   must be enrolled with `chopmark access certificate add`;
//! - enrolment and the certificate's own validity are looked at for each request, so that a connection that stays open ends with them;
//! - the certificate is of the connection: no header of a request says anything about one, whoever the proxy in front is;
//! - a certificate whose enrolment was revoked refuses the request also beside a key that holds.
//!
//! Not here: the handshake (`process::tls`), the table (`sql::access_certificates`).
//!
//! Source: decision 0073.

use access::{Act, Grant, Identity, Means, Sight};
use jiff::Timestamp;
use process::tls::client::ClientCertificate;
use sql::access_certificates::StoredCertificate;

use crate::emergency::what;
use crate::key::USE_IS_KNOWN_TO;
use crate::{Gate, Refusal};

impl Gate {
    /// The caller, by what the request and its connection show.
    ///
    /// - `authorization`: as for [`Gate::identify`].
    /// - `certificate`: that of the connection.
    ///
    /// # Errors
    ///
    /// [`Refusal`], but never [`Refusal::NotAllowed`].
    pub async fn identify_with(
        &self,
        authorization: &[&str],
        certificate: Option<&ClientCertificate>,
    ) -> Result<Identity, Refusal> {
        let Some(certificate) = certificate else { return self.identify(authorization).await };
        let holder = self.holder_of_certificate(certificate).await?;
        if authorization.is_empty() {
            let unknown = || {
                let key = &certificate.spki_sha256;
                let expected = "expected one that `chopmark access certificate add` enrolled";
                Refusal::NotIdentified(format!("got a certificate with the key {key}, {expected}"))
            };
            return self.with_emergencies(holder.ok_or_else(unknown)?).await;
        }
        let identity = self.identify(authorization).await?;
        match holder {
            Some(holder) if holder.subject != identity.subject => {
                let (one, other) = (&identity.subject, &holder.subject);
                Err(Refusal::NotIdentified(format!(
                    "got `Authorization` of `{one}` and a certificate of `{other}`, expected both of one holder"
                )))
            }
            _ => Ok(identity),
        }
    }

    /// What the caller may see, if they may do it; as [`Gate::allowed`], for a connection that may have a certificate.
    ///
    /// # Errors
    ///
    /// [`Refusal`].
    pub async fn allowed_with(
        &self,
        authorization: &[&str],
        certificate: Option<&ClientCertificate>,
        act: Act,
    ) -> Result<(Identity, Sight), Refusal> {
        let identity = self.identify_with(authorization, certificate).await?;
        self.decided(identity, act)
    }

    /// The holder of a certificate; none if its key was never enrolled.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotIdentified`] if it was revoked, or it or its enrolment has ended.
    pub async fn holder_of_certificate(
        &self,
        certificate: &ClientCertificate,
    ) -> Result<Option<Identity>, Refusal> {
        let key = &certificate.spki_sha256;
        let Some(stored) = sql::access_certificates::find(&self.db, key).await? else {
            return Ok(None);
        };
        let now = self.clock.now();
        let identity = holder(&stored, certificate, now)?;
        let is_noted =
            stored.last_used_at.is_some_and(|at| now.duration_since(at) < USE_IS_KNOWN_TO);
        if !is_noted {
            let note = async |tx: &sql::Transaction<'_>| {
                sql::access_certificates::used(tx, &stored, now).await
            };
            self.db.run_tx("gate.certificate_used", note).await?;
        }
        Ok(Some(identity))
    }
}

/// The holder of an enrolled certificate, while it holds.
fn holder(
    stored: &StoredCertificate,
    shown: &ClientCertificate,
    now: Timestamp,
) -> Result<Identity, Refusal> {
    let key = &stored.spki_sha256;
    let ended = |how: &str, at: Timestamp| {
        let expected = "expected one that is enrolled and valid";
        Refusal::NotIdentified(format!(
            "got a certificate with the key {key}, {how} {at}, {expected}"
        ))
    };
    if let Some(at) = stored.revoked_at {
        return Err(ended("which was revoked at", at));
    }
    if stored.expires_at <= now {
        return Err(ended("whose enrolment expired at", stored.expires_at));
    }
    if now < shown.begins {
        return Err(ended("which is not valid before", shown.begins));
    }
    if shown.expires <= now {
        return Err(ended("which expired at", shown.expires));
    }
    let wrong = |error: String| {
        Refusal::Internal(format!(
            "the certificate with the key {key} cannot be understood: {error}"
        ))
    };
    let (role, scope) = what(&stored.limits).map_err(wrong)?;
    let grant = Grant::new(role, scope, Some(stored.expires_at));
    let grant = grant.map_err(|error| wrong(error.to_string()))?;
    let subject = stored.subject.clone();
    Ok(Identity { subject, means: Means::Certificate, grants: vec![grant] })
}

#[cfg(test)]
mod tests;
