//! Who states documents: a partner of the configuration, or somebody whom the gate identifies.
//!
//! The way through: the token of a `[[partner]]` names its ledger. Any other sender is asked for by [`gate`]: a key of `chopmark access`,
//! a token of a provider, or the client certificate of the connection. It writes the ledger whose party is among the parties that its grants are limited to.
//!
//! What holds:
//!
//! - `access::decide` says whether an identity may capture or read captures, as at every other door;
//! - an identity writes for a party that it was given and for no other; where it was given several that have a ledger here, the
//!   request names one of these ledgers ([`LEDGER`]);
//! - its jobs are kept under a name that no `[[partner]]` can have, so that neither sees the jobs of the other;
//! - a role whose reads are recorded is not answered here, because the log of reads is written by trace-api.
//!
//! Not here: bridges ([`crate::admit`]), what the directory lets a party state ([`crate::rights`]).
//!
//! Source: decision 0065.

use access::{Act, Sight};
use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use gate::Refusal;
use process::tls::client;

use super::state::State;
use crate::admit;
use crate::config::{OWN_NAMES, Partner};
use crate::problem::Problem;

/// Header with the origin of the ledger that a document goes to.
pub const LEDGER: &str = "Chopmark-Ledger";

/// The sender of a request, with the ledger that its documents go to.
///
/// # Errors
///
/// [`Problem::NotAdmitted`], counted and stored as that of a stranger; [`Problem::NotAllowed`]; [`Problem::Unavailable`].
pub(super) async fn admitted(
    state: &State,
    request: &HttpRequest,
    act: Act,
) -> Result<Partner, Problem> {
    let unknown = match admit::partner(&state.config, request) {
        Ok(partner) => return of_partner(state, request, partner).await,
        Err(problem) => problem,
    };
    let mut headers = request.headers().get_all(AUTHORIZATION).peekable();
    let certificate = client::of_request(request);
    let problem = if headers.peek().is_none() && certificate.is_none() {
        unknown
    } else {
        let shown: Vec<&str> = headers.map(|value| value.to_str().unwrap_or_default()).collect();
        match state.gate.allowed_with(&shown, certificate, act).await {
            Ok((who, sight)) => return of_identity(state, request, &who.subject, &sight),
            Err(Refusal::NotIdentified(why)) => {
                Problem::NotAdmitted(format!("{why}, or the token of a [[partner]]"))
            }
            Err(refusal) => return Err(of_refusal(refusal)),
        }
    };
    let from = ("(unknown partner)", "capture");
    Err(state.refuse_stranger(request, from, problem, &[]).await)
}

/// A partner of the configuration, unless the connection shows the certificate of somebody else.
async fn of_partner(
    state: &State,
    request: &HttpRequest,
    partner: &Partner,
) -> Result<Partner, Problem> {
    let Some(certificate) = client::of_request(request) else { return Ok(partner.clone()) };
    match state.gate.holder_of_certificate(certificate).await {
        Ok(Some(holder)) if holder.subject != partner.name => {
            let (one, other) = (&partner.name, &holder.subject);
            let detail = format!(
                "got the token of `{one}` and a certificate of `{other}`, expected both of one holder"
            );
            Err(Problem::NotAllowed(detail))
        }
        Ok(_) => Ok(partner.clone()),
        Err(refusal) => Err(of_refusal(refusal)),
    }
}

fn of_refusal(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::NotAllowed(why) => Problem::NotAllowed(why),
        Refusal::NotIdentified(why) => Problem::NotAdmitted(why),
        Refusal::Internal(why) => Problem::Internal(why),
        Refusal::Unavailable(why) => {
            tracing::warn!(why, "who asks cannot be checked");
            Problem::Unavailable
        }
    }
}

/// The ledger of a party of an identity.
fn of_identity(
    state: &State,
    request: &HttpRequest,
    subject: &str,
    sight: &Sight,
) -> Result<Partner, Problem> {
    let parties = sight.own_parties();
    let own = state.config.parties.iter().filter(|(_, party)| parties.contains(&**party));
    let own: Vec<&str> = own.map(|(origin, _)| origin.as_str()).collect();
    let ledger = match (named(request)?, &own[..]) {
        (_, []) => {
            let detail = format!("`{subject}` was given no party whose ledger is written here");
            return Err(Problem::NotAllowed(detail));
        }
        (None, [one]) => *one,
        (Some(name), own) => *own.iter().find(|origin| **origin == name).ok_or_else(|| {
            let detail = format!("`{subject}` may not write the ledger that `{LEDGER}` names");
            Problem::NotAllowed(detail)
        })?,
        (None, own) => {
            let detail = format!("expected the header `{LEDGER}` with one of: {}", own.join(", "));
            return Err(Problem::BadRequest(detail));
        }
    };
    Ok(Partner { name: format!("{OWN_NAMES}{subject}"), ledger: ledger.to_owned() })
}

fn named(request: &HttpRequest) -> Result<Option<&str>, Problem> {
    let mut headers = request.headers().get_all(LEDGER);
    match (headers.next(), headers.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => Ok(Some(value.to_str().unwrap_or_default())),
        (Some(_), Some(_)) => {
            let detail = format!("got the header `{LEDGER}` more than once, expected it once");
            Err(Problem::BadRequest(detail))
        }
    }
}
