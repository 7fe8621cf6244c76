//! Who asks, what they may see, and that it is written down where it must be: the way into every route of this interface.
//!
//! What holds: nobody is answered who is not identified; where the operator did not allow it, the public address has none of these
//! routes; reads that must be recorded are recorded, with what came of them, before anything is answered; one function of `access` decides.
//!
//! Not here: keys and tokens ([`crate::http::who`]), roles and scopes (`access`).
//!
//! Source: decisions 0058 and 0061.

use access::{Act, Identity, Sight};
use actix_web::HttpRequest;
use gate::read_log::{Basis, Outcome};

use super::exception::Exception;
use super::gate::{is_served, nothing_here};
use crate::http::who;
use crate::state::AppState;

/// A caller who was admitted.
pub struct Caller {
    /// Who.
    pub identity: Identity,
    /// What they may see.
    pub sight: Sight,
}

impl Caller {
    /// Admits a request whose answer shows nothing of events, and records it.
    ///
    /// - `act`: what it does.
    /// - `wants`: what it asks for, for the log of reads.
    ///
    /// # Errors
    ///
    /// [`Exception`]: the routes are not served here, too many requests, not identified, not allowed, without a reason, not recorded.
    pub async fn admit(
        state: &AppState,
        request: &HttpRequest,
        act: Act,
        wants: &str,
    ) -> Result<Self, Exception> {
        let caller = Self::admit_unrecorded(state, request, act).await?;
        caller.record(state, request, (act, wants), &Outcome::default()).await?;
        Ok(caller)
    }

    /// As [`Self::admit`], where the record says what came of the query; nothing is answered before [`Self::record`].
    ///
    /// # Errors
    ///
    /// [`Exception`].
    pub async fn admit_unrecorded(
        state: &AppState,
        request: &HttpRequest,
        act: Act,
    ) -> Result<Self, Exception> {
        if !is_served(state, request) {
            return Err(nothing_here());
        }
        state.admit(request)?;
        let (identity, sight) = who::allowed(state, request, act).await?;
        who::check_reason(request, &sight)?;
        Ok(Self { identity, sight })
    }

    /// The state of the projection from which the caller is to be answered; none if the read is not recorded.
    ///
    /// # Errors
    ///
    /// [`Exception`] if the database does not answer.
    pub async fn basis(&self, state: &AppState) -> Result<Option<Basis>, Exception> {
        Ok(who::basis(state, &self.sight).await?)
    }

    /// Records the read if it must be.
    ///
    /// # Errors
    ///
    /// [`Exception`] if it cannot be; then nothing may be answered.
    pub async fn record(
        &self,
        state: &AppState,
        request: &HttpRequest,
        what: (Act, &str),
        outcome: &Outcome,
    ) -> Result<(), Exception> {
        let caller = (&self.identity, &self.sight);
        Ok(who::record(state, request, caller, what, outcome).await?)
    }

    /// Who asks and what they may see, as one text: pages of a list belong to it.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{:?} {:?}", self.identity.subject, self.identity.grants)
    }
}
