//! Site rules: what an observation at a read point means there, written down, versioned, reviewable.
//!
//! The way through: a TOML text becomes [`SiteRules`] once, at start; [`interpret`] then turns every delivery into
//! events by them.
//!
//! What holds:
//!
//! - a rule decides by the features that the observation carries, so the same delivery under the same rules always
//!   gives the same events; nothing here reads a clock or a table;
//! - every event names the rule and the version of the rules it came from;
//! - an unknown key in a rule is an error.
//!
//! Not here: fetching the facts that a rule needs ([`crate::facts`]), writing ([`crate::writer`]).
//!
//! Source: the bounds for "passed by" against "parked next door" follow the features that Keller, Thiesse
//! and Fleisch found to separate them (RSSI, count, time): docs/decisions/0012-site-rules.md.

pub mod event;
pub mod excursion;
pub mod interpret;
mod site;

pub use excursion::ExcursionRule;
pub use site::{Conclusion, Kind, Rule, RulesError, SiteRules};
