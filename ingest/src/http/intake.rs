//! Receives the body of a request whose head was accepted, within limits of size, time and memory.
//!
//! What holds:
//!
//! - memory for bodies is taken from one budget before it is allocated, and given back when the body is dropped:
//!   however many bodies are half-sent, they hold no more than the budget;
//! - a body that says that it is too large is refused before it is read, another one as soon as it is;
//! - a body that does not arrive in time is given up, and one address sends only so many at once.
//!
//! Not here: who may send ([`crate::admit`]).

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, error::PayloadError};
use futures::Stream as _;
use prometheus::IntGauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::addresses::Addresses;
use crate::config::Settings;
use crate::problem::Problem;

/// What a body begins with, in bytes; it doubles as it grows.
const FIRST: usize = 16 * 1024;

/// The budget and the limits.
#[derive(Debug)]
pub(super) struct Intake {
    budget: Arc<Semaphore>,
    held: IntGauge,
    within_s: u64,
}

/// A body, and what it holds until it is dropped.
#[derive(Debug)]
pub(super) struct Body {
    pub bytes: Vec<u8>,
    permit: Option<OwnedSemaphorePermit>,
    held: IntGauge,
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        let bytes = self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        self.held.sub(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}

/// The address that sent a request.
pub(super) fn address_of(request: &HttpRequest) -> Option<IpAddr> {
    request.peer_addr().map(|address| address.ip())
}

impl Intake {
    /// - `held`: where the bytes that are held are shown.
    pub fn new(settings: &Settings, held: IntGauge) -> Self {
        let bytes = settings.body_memory_bytes.min(Semaphore::MAX_PERMITS);
        Self { budget: Arc::new(Semaphore::new(bytes)), held, within_s: settings.body_within_s }
    }

    /// Receives a body of at most `limit` bytes.
    pub async fn receive(
        &self,
        addresses: &Addresses,
        request: &HttpRequest,
        payload: Payload,
        limit: usize,
    ) -> Result<Body, Problem> {
        let said = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let said = said.and_then(|text| text.parse::<usize>().ok());
        if said.is_some_and(|bytes| bytes > limit) {
            return Err(Problem::TooLarge { limit_bytes: limit });
        }
        // Until the body is there: what is done with it may go on when its sender is gone.
        let _turn = addresses.begin(address_of(request)).ok_or(Problem::Busy)?;
        let body = Body { bytes: Vec::new(), permit: None, held: self.held.clone() };
        let filled = self.fill(body, payload, said, limit);
        match tokio::time::timeout(Duration::from_secs(self.within_s), filled).await {
            Ok(filled) => filled,
            Err(_) => Err(Problem::TooSlow { limit_s: self.within_s }),
        }
    }

    async fn fill(
        &self,
        mut body: Body,
        mut payload: Payload,
        said: Option<usize>,
        limit: usize,
    ) -> Result<Body, Problem> {
        while let Some(chunk) = poll_fn(|cx| Pin::new(&mut payload).poll_next(cx)).await {
            let chunk: Bytes = chunk.map_err(|error| match error {
                PayloadError::Overflow => Problem::TooLarge { limit_bytes: limit },
                other => Problem::BadRequest(format!("the body could not be received: {other}")),
            })?;
            let needed = body.bytes.len() + chunk.len();
            if needed > limit {
                return Err(Problem::TooLarge { limit_bytes: limit });
            }
            if needed > body.bytes.capacity() {
                let most = said.unwrap_or(limit).max(needed);
                self.grow(&mut body, (needed * 2).max(FIRST).min(most))?;
            }
            body.bytes.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Takes the memory for `capacity` bytes from the budget, and only then allocates it.
    fn grow(&self, body: &mut Body, capacity: usize) -> Result<(), Problem> {
        let has = body.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = u32::try_from(capacity.saturating_sub(has)).map_err(|_| Problem::Busy)?;
        let permit = Arc::clone(&self.budget).try_acquire_many_owned(more);
        let permit = permit.map_err(|_| Problem::Busy)?;
        match &mut body.permit {
            Some(held) => held.merge(permit),
            None => body.permit = Some(permit),
        }
        self.held.add(i64::from(more));
        body.bytes.reserve_exact(capacity - body.bytes.len());
        Ok(())
    }
}
