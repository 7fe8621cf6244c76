//! Sockets before they are opened: whether one is wanted, its parameters, and how many there are.
//!
//! What holds: connections are counted, at most [`MOST_OPEN`] in a process and [`MOST_OF_ONE`] of one caller; a place is free again
//! when its connection has ended, however it ends.
//!
//! Not here: what is sent ([`super::socket`]).
//!
//! Sources: EPCIS 2.0 REST binding, `/queries/{queryName}/events`; RFC 9110 section 7.8 (`Upgrade`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::HttpRequest;
use actix_web::dev::RequestHead;
use actix_web::http::Method;
use actix_web::http::header::UPGRADE;
use tokio::sync::watch;

use super::address::Parameters;
use super::exception::Exception;
use super::schedule::FIELD_NAMES;

/// Connections of one process.
pub const MOST_OPEN: usize = 256;
/// Connections of one caller to one process.
pub const MOST_OF_ONE: usize = 20;
/// Parameters besides the fields of a schedule.
pub const CONTROLS: [&str; 3] = ["stream", "reportIfEmpty", "initialRecordTime"];

/// The connections of a process.
#[derive(Debug)]
pub struct Sockets {
    open: Mutex<HashMap<String, usize>>,
    closing: watch::Sender<bool>,
}

impl Default for Sockets {
    fn default() -> Self {
        Self { open: Mutex::default(), closing: watch::Sender::new(false) }
    }
}

/// A place among the connections, free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    sockets: Arc<Sockets>,
    subject: String,
}

impl Sockets {
    /// Closes every connection, now and from now on.
    pub fn close_all(&self) {
        self.closing.send_replace(true);
    }

    /// Turns true when every connection is to close.
    #[must_use]
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// A place for one more connection of a caller; none if there are too many.
    pub fn take(self: &Arc<Self>, subject: &str) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.get(subject).copied().unwrap_or_default();
        if own >= MOST_OF_ONE || open.values().sum::<usize>() >= MOST_OPEN {
            return None;
        }
        open.insert(subject.to_owned(), own + 1);
        Some(Place { sockets: Arc::clone(self), subject: subject.to_owned() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.sockets.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.subject) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.subject);
            }
        }
    }
}

/// Whether a request wants its connection to become a WebSocket. Any other upgrade is ignored, as HTTP says.
#[must_use]
pub fn is_wanted(head: &RequestHead) -> bool {
    let wanted = head.headers().get_all(UPGRADE).filter_map(|value| value.to_str().ok());
    let mut names = wanted.flat_map(|value| value.split(',')).map(str::trim);
    head.method == Method::GET && names.any(|name| name.eq_ignore_ascii_case("websocket"))
}

/// Refuses parameters that only a WebSocket has.
///
/// # Errors
///
/// [`Exception::QueryParameter`].
pub fn refuse_controls(request: &HttpRequest) -> Result<(), Exception> {
    let parameters = Parameters::of(request)?.criteria;
    let is_ours = |name: &str| CONTROLS.contains(&name) || FIELD_NAMES.contains(&name);
    match parameters.iter().find(|(name, _)| is_ours(name)) {
        None => Ok(()),
        Some((name, _)) => Err(Exception::QueryParameter(vec![format!(
            "{name}: got it in a request for one answer, expected `Upgrade: websocket` and `Connection: Upgrade` beside it"
        )])),
    }
}
