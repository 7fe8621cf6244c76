//! A role with its limits, and who holds it.
//!
//! What holds: a role that is about something cannot be granted without saying about what: a custodian without a party, or a
//! brand owner without a product, would see everything.
//!
//! Source: decision 0058.

use jiff::Timestamp;

use crate::role::Role;
use crate::scope::Scope;

/// A role within limits, until it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    role: Role,
    scope: Scope,
    expires: Option<Timestamp>,
    emergency: Option<EmergencyMark>,
}

/// What names a right that two people gave for some hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmergencyMark {
    /// Its id.
    pub id: String,
    /// Who proposed it.
    pub proposed_by: String,
    /// Who approved it.
    pub approved_by: String,
}

/// Why a grant cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a {role} without {missing} would see the events of others; expected at least one", role = .role.name())]
pub struct GrantError {
    role: Role,
    missing: &'static str,
}

impl Grant {
    /// A role within `scope`.
    ///
    /// - `expires`: from when on it gives nothing; `None` for a role that is taken back by hand.
    ///
    /// # Errors
    ///
    /// [`GrantError`]: a custodian needs a party, a brand owner a product, a regulator any limit.
    pub fn new(role: Role, scope: Scope, expires: Option<Timestamp>) -> Result<Self, GrantError> {
        let missing = match role {
            Role::Custodian if scope.parties().is_empty() => Some("a party"),
            Role::BrandOwner if scope.products().is_empty() => Some("a product"),
            Role::Regulator if scope == Scope::default() => {
                Some("a product, party, jurisdiction or period")
            }
            _ => None,
        };
        match missing {
            Some(missing) => Err(GrantError { role, missing }),
            None => Ok(Self { role, scope, expires, emergency: None }),
        }
    }

    /// The same grant as one that two people gave for some hours: what is read under it is recorded, whatever the role.
    #[must_use]
    pub fn in_emergency(mut self, mark: EmergencyMark) -> Self {
        self.emergency = Some(mark);
        self
    }

    /// What names the right, if two people gave it for some hours.
    #[must_use]
    pub fn emergency(&self) -> Option<&EmergencyMark> {
        self.emergency.as_ref()
    }

    /// The role.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Its limits.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// When it ends.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// Whether what is read under it is recorded before it is answered.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.emergency.is_some() || self.role.is_recorded()
    }

    pub(crate) fn holds_at(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

/// How somebody showed who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Means {
    /// A key of ours.
    ApiKey,
    /// A token of an OIDC provider.
    Oidc,
    /// A client certificate.
    Certificate,
    /// A session after logging in.
    Session,
}

impl Means {
    /// Its name in the log of reads.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "api-key",
            Self::Oidc => "oidc",
            Self::Certificate => "certificate",
            Self::Session => "session",
        }
    }
}

/// Somebody who showed who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Their name in the log of reads.
    pub subject: String,
    /// How they showed it.
    pub means: Means,
    /// What they were given.
    pub grants: Vec<Grant>,
}
