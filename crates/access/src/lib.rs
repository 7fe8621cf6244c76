//! Who may see what: roles, their limits, and the one decision that every door asks for.
//!
//! The way through: a door finds out who asks ([`Identity`]: by an [`ApiKey`] or a token), asks [`decide`] whether they may do what they
//! ask for ([`Act`]), and shows only what the [`Sight`] sees. Where [`Sight::is_recorded`], the read is in the log before
//! anything is answered.
//!
//! What holds:
//!
//! - no I/O, no clock, no randomness;
//! - one function decides, [`decide`], and one says which events are seen, [`Sight::sees`];
//! - a limit that is narrowed never shows more (property test).
//!
//! Not here: tables (`sql::access`), requests (`trace-api`), who may *state* what (`directory`, `history::authority`).
//!
//! Source: decision 0058.

mod act;
mod api_key;
mod break_glass;
mod cookie;
mod decide;
mod fact;
mod grant;
pub mod hidden_code;
mod log_sight;
mod role;
mod scope;
mod serial_token;
mod session;
#[cfg(test)]
mod tests;
mod token;
pub mod typed;

pub use act::Act;
pub use api_key::{ApiKey, PREFIX_BYTES, SECRET_BYTES};
pub use break_glass::{
    BreakGlassError, Exception, MOST_HOURS, StoredException, WAITS, emergency_id,
};
pub use cookie::{Channel, Cookie, SameSite};
pub use decide::{Decision, Sight, decide};
pub use fact::{Facts, ReportFacts};
pub use grant::{EmergencyMark, Grant, GrantError, Identity, Means};
pub use log_sight::{LogFacts, LogMatter, LogSight, RowSight};
pub use role::Role;
pub use scope::{Scope, ScopeError};
pub use serial_token::{LEAST_TOKEN_KEY, TokenKey};
pub use session::{LONGEST, Session, SessionEnded, SessionSecret, Standing, needs_csrf};
pub use token::{
    Algorithm, KeySet, KeySetError, LimitClaims, Login, Provider, Rule, TokenError, stated_issuer,
};
