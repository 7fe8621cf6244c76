//! What can be asked for at a door, and which roles may.
//!
//! Source: decision 0058.

use crate::role::Role;

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// Reads events.
    QueryEvents,
    /// Reads what became of captures.
    ReadCaptures,
    /// States events.
    Capture,
    /// Stores and deletes named queries.
    ManageQueries,
    /// Has events sent as they come.
    Subscribe,
    /// Reads parties, places and products.
    ReadMasterData,
    /// Follows things back and forward.
    Trace,
    /// Reads who read what.
    ReadAccessLog,
    /// Asks for, or approves, a right for some hours.
    BreakGlass,
    /// Opens inquiries and works on them.
    WorkOnCases,
    /// Ends sessions of other people.
    EndSessions,
    /// Answers for a company what an authority asks of it.
    AnswerInquiries,
    /// Reads what people report of items.
    ReadReports,
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::QueryEvents,
        Self::ReadCaptures,
        Self::Capture,
        Self::ManageQueries,
        Self::Subscribe,
        Self::ReadMasterData,
        Self::Trace,
        Self::ReadAccessLog,
        Self::BreakGlass,
        Self::WorkOnCases,
        Self::EndSessions,
        Self::AnswerInquiries,
        Self::ReadReports,
    ];

    /// Its name in problems and in the log of reads.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::QueryEvents => "query events",
            Self::ReadCaptures => "read captures",
            Self::Capture => "capture",
            Self::ManageQueries => "manage queries",
            Self::Subscribe => "subscribe",
            Self::ReadMasterData => "read master data",
            Self::Trace => "trace",
            Self::ReadAccessLog => "read the log of reads",
            Self::BreakGlass => "break glass",
            Self::WorkOnCases => "work on cases",
            Self::EndSessions => "end sessions",
            Self::AnswerInquiries => "answer inquiries",
            Self::ReadReports => "read reports",
        }
    }

    /// The act of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.name() == name)
    }

    /// Whether this role may do it. The table is docs/access.md, row by row.
    pub(crate) fn is_of(self, role: Role) -> bool {
        let others: &[Role] = match self {
            Self::QueryEvents | Self::ReadMasterData | Self::Trace => &Role::ALL,
            Self::Capture | Self::AnswerInquiries => &[Role::Custodian, Role::BrandOwner],
            Self::ReadCaptures => &[Role::Custodian, Role::BrandOwner, Role::Operator],
            Self::ManageQueries | Self::Subscribe => {
                &[Role::Custodian, Role::BrandOwner, Role::Regulator]
            }
            Self::ReadAccessLog => &[Role::Regulator, Role::Operator, Role::Auditor],
            Self::BreakGlass | Self::EndSessions => &[Role::Operator],
            Self::WorkOnCases => &[Role::Regulator],
            Self::ReadReports => &[Role::BrandOwner, Role::Regulator],
        };
        others.contains(&role)
    }
}
