//! The one decision: may this caller do this, and which events may they see?
//!
//! What holds: without a grant that holds now and allows the act there is no [`Sight`], and without a [`Sight`] no door
//! shows an event. A grant never takes away what another one gives.
//!
//! Source: decision 0058.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::act::Act;
use crate::fact::{Facts, ReportFacts};
use crate::grant::{EmergencyMark, Grant, Identity};
use crate::role::Role;

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Not allowed.
    Refused {
        /// Why, for the caller.
        why: String,
        /// Whether a caller who shows who they are could be allowed.
        is_unknown: bool,
    },
    /// Allowed, within limits.
    Allowed(Sight),
}

/// Which events a caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    grants: Vec<Grant>,
}

/// Decides.
///
/// - `identity`: the caller, if they showed who they are.
/// - `now`: grants that have expired by then give nothing.
#[must_use]
pub fn decide(identity: Option<&Identity>, act: Act, now: Timestamp) -> Decision {
    let Some(identity) = identity else {
        let why = format!("nobody is named who may {}", act.name());
        return Decision::Refused { why, is_unknown: true };
    };
    let (held, ended): (Vec<&Grant>, Vec<&Grant>) =
        identity.grants.iter().partition(|grant| grant.holds_at(now));
    let grants: Vec<Grant> =
        held.iter().filter(|grant| gives(grant, act)).map(|grant| (*grant).clone()).collect();
    if !grants.is_empty() {
        return Decision::Allowed(Sight { grants });
    }
    let roles = |grants: &[&Grant]| {
        let mut names: Vec<&str> = grants.iter().map(|grant| grant.role().name()).collect();
        names.dedup();
        names.join(", ")
    };
    let why = match (held.is_empty(), ended.is_empty()) {
        (true, true) => format!("`{}` has no role", identity.subject),
        (true, false) => {
            format!("the role of `{}` has expired: {}", identity.subject, roles(&ended))
        }
        (false, _) => {
            format!("`{}` may not {} as {}", identity.subject, act.name(), roles(&held))
        }
    };
    Decision::Refused { why, is_unknown: false }
}

/// Whether a grant that holds gives an act. A right of an emergency gives nobody the say over other rights of an emergency:
/// otherwise two people could make a third one who makes a fourth.
fn gives(grant: &Grant, act: Act) -> bool {
    act.is_of(grant.role()) && !(act == Act::BreakGlass && grant.emergency().is_some())
}

impl Sight {
    /// Whether the caller may see an event that names this.
    #[must_use]
    pub fn sees(&self, facts: &Facts<'_>) -> bool {
        self.grants.iter().any(|grant| grant.scope().covers(facts))
    }

    /// Whether the caller may see what somebody reported of an item. A report names an item and a time, and neither parties nor places, so
    /// products and period are compared. A brand owner sees all reports of its products, everybody else those that are for the authorities.
    #[must_use]
    pub fn sees_report(&self, report: &ReportFacts<'_>) -> bool {
        self.grants.iter().any(|grant| {
            let is_for_them = report.for_authorities || grant.role() == Role::BrandOwner;
            is_for_them && grant.scope().covers_item(report.item, report.received_at)
        })
    }

    /// Whether the caller may be told that something was said of an item at a time, whatever it was: its limits of products and period allow
    /// it. Without an item they must have none of products, parties and places.
    #[must_use]
    pub fn sees_item(&self, item: Option<&str>, at: Timestamp) -> bool {
        let item = item.unwrap_or_default();
        self.grants.iter().any(|grant| grant.scope().covers_item(item, at))
    }

    /// Whether a grant shows what is for the authorities; whoever has one is told how much of that is beyond their limits.
    #[must_use]
    pub fn is_of_authority(&self) -> bool {
        self.grants.iter().any(|grant| grant.role() == Role::Regulator)
    }

    /// Whether a grant shows also what is not for the authorities.
    #[must_use]
    pub fn is_of_brand(&self) -> bool {
        self.grants.iter().any(|grant| grant.role() == Role::BrandOwner)
    }

    /// The parties that the caller speaks for, by their keys: those that a custodian or brand owner was given. A right of an emergency
    /// makes nobody speak for a party.
    #[must_use]
    pub fn own_parties(&self) -> BTreeSet<&str> {
        let speaks = |grant: &&Grant| {
            let is_company = matches!(grant.role(), Role::Custodian | Role::BrandOwner);
            is_company && grant.emergency().is_none()
        };
        let grants = self.grants.iter().filter(speaks);
        grants.flat_map(|grant| grant.scope().parties()).map(String::as_str).collect()
    }

    /// Whether the read must be recorded before it is answered.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.grants.iter().any(Grant::is_recorded)
    }

    /// The rights of an emergency among the grants it comes from.
    pub fn emergencies(&self) -> impl Iterator<Item = &EmergencyMark> {
        self.grants.iter().filter_map(Grant::emergency)
    }

    /// The grants it comes from.
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }
}
