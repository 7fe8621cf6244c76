//! Who asks, for handlers: somebody who is logged in, and what they sent with a form of ours.
//!
//! The way through: a handler that shows something takes a [`Visitor`]; one that changes something takes a [`Posted`], which has the
//! visitor and the fields of the form. There is no third way to a session.
//!
//! What holds:
//!
//! - a [`Visitor`] is given for `GET` and `HEAD` only, so that no handler of a change can forget the token;
//! - a [`Posted`] is given only if the form carries the token of this session, and never for the secret before;
//! - that the request comes from a page of ours (`Origin`) is checked before, for every change, in `http/guard.rs`;
//! - a new secret of the session goes out with the answer, whatever the answer is.
//!
//! Not here: how a session is found (`gate::session`).
//!
//! Source: decision 0071.

use access::{Act, Decision, Identity, SessionSecret, Sight, decide, needs_csrf};
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Data, Query};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures::future::LocalBoxFuture;
use gate::session::Visit;
use jiff::Timestamp;
use process::language::Language;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sql::sessions::LoggedInBy;

use crate::cookies;
use crate::failure::Failure;
use crate::language::language;
use crate::state::DeskState;

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Who it is, and what they were given.
    pub identity: Identity,
    /// How they logged in.
    pub by: LoggedInBy,
    /// When the session ends at the latest.
    pub ends_at: Timestamp,
    /// Their language.
    pub language: Language,
    /// The token for forms on the page: a hidden field `csrf`.
    pub csrf: String,
}

/// Something that a visitor sent with a form of ours.
#[derive(Debug, Clone)]
pub struct Posted<T> {
    /// Who sent it.
    pub visitor: Visitor,
    /// The fields, without the token.
    pub form: T,
}

/// A secret that goes out with the answer; kept with the request until then.
#[derive(Clone)]
pub struct NewSecret(pub SessionSecret);

impl Visitor {
    /// What the visitor may see if they may do `act`.
    ///
    /// # Errors
    ///
    /// [`Failure::NotAllowed`].
    pub fn sight(&self, act: Act, state: &DeskState) -> Result<Sight, Failure> {
        match decide(Some(&self.identity), act, state.clock.now()) {
            Decision::Allowed(sight) => Ok(sight),
            Decision::Refused { why, .. } => Err(Failure::NotAllowed(why)),
        }
    }

    fn of(visit: Visit, language: Language) -> Self {
        let csrf = visit.secret.csrf();
        let Visit { identity, by, ends_at, .. } = visit;
        Self { identity, by, ends_at, language, csrf }
    }
}

/// The state of the application.
///
/// # Errors
///
/// [`Failure::Internal`]: a fault of the application.
pub fn state(request: &HttpRequest) -> Result<Data<DeskState>, Failure> {
    let state = request.app_data::<Data<DeskState>>().cloned();
    state.ok_or_else(|| Failure::Internal("the application has no state".to_owned()))
}

/// The secret that a request shows.
#[must_use]
pub fn shown_secret(request: &HttpRequest, state: &DeskState) -> Option<SessionSecret> {
    let channel = state.config.origin.channel;
    SessionSecret::parse(&cookies::value(request, cookies::SESSION, channel)?)
}

async fn visit(request: &HttpRequest) -> Result<Visit, Failure> {
    let state = state(request)?;
    let secret = shown_secret(request, &state).ok_or(Failure::LoginNeeded)?;
    let visit = state.gate.visit(&secret, &state.random).await?;
    if visit.is_new_secret {
        request.extensions_mut().insert(NewSecret(visit.secret.clone()));
    }
    Ok(visit)
}

impl FromRequest for Visitor {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            if needs_csrf(request.method().as_str()) {
                let fault = "a handler of a change takes a visitor, expected what they posted";
                return Err(Failure::Internal(fault.to_owned()));
            }
            Ok(Self::of(visit(&request).await?, language(&request)))
        })
    }
}

#[derive(Deserialize)]
struct Token {
    csrf: String,
}

impl<T: DeserializeOwned + 'static> FromRequest for Posted<T> {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, body) = (request.clone(), Bytes::from_request(request, payload));
        Box::pin(async move {
            let visit = visit(&request).await?;
            let body = body.await.map_err(|error| Failure::Malformed(error.to_string()))?;
            let body = form(&request, &body)?;
            let token = Query::<Token>::from_query(body)
                .map_err(|_| Failure::Forged("the form has no token, or more than one"))?;
            if !visit.secret.is_csrf(&token.csrf) {
                return Err(Failure::Forged("the token is not that of this session"));
            }
            if visit.is_read_only {
                return Err(Failure::SendAgain);
            }
            let fields = Query::<T>::from_query(body);
            let form = fields.map_err(|error| Failure::Malformed(error.to_string()))?.into_inner();
            Ok(Self { visitor: Visitor::of(visit, language(&request)), form })
        })
    }
}

/// The text of a form in the body of a request.
///
/// # Errors
///
/// [`Failure::Malformed`] for another type.
pub fn form<'a>(request: &HttpRequest, body: &'a Bytes) -> Result<&'a str, Failure> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Failure::Malformed("expected the fields of a form".to_owned()));
    }
    std::str::from_utf8(body).map_err(|_| Failure::Malformed("the form is not UTF-8".to_owned()))
}
