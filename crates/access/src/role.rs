//! What somebody is to the data.
//!
//! Source: decision 0058.

/// A role: what somebody may do, and which events they may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// A party that hands goods on: its own events, and those that name it.
    Custodian,
    /// Whoever is licensed for a GS1 prefix: events about things under it.
    BrandOwner,
    /// An authority: events within its products, parties, places and period. Each read is recorded.
    Regulator,
    /// Whoever runs the installation. Each read is recorded.
    Operator,
    /// Whoever checks the others: every event, and the log of reads.
    Auditor,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Custodian, Self::BrandOwner, Self::Regulator, Self::Operator, Self::Auditor];

    /// Its name in commands, configuration and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Custodian => "custodian",
            Self::BrandOwner => "brand-owner",
            Self::Regulator => "regulator",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether what this role reads is recorded before it is answered.
    #[must_use]
    pub fn is_recorded(self) -> bool {
        matches!(self, Self::Regulator | Self::Operator)
    }
}
