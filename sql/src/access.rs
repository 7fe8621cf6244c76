//! The PostgreSQL roles of the processes.
//!
//! What holds: a role owns nothing and may do only what its process does; `migrations/0002_roles.sql` has the
//! grants and the reasons, `tests/rights.rs` tries what is forbidden.
//!
//! Not here: creating the roles ([`crate::Db::migrate`] does).

/// Whose rights a connection has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// The owner of the tables: migrations only. In the embedded cluster it is also the superuser.
    Owner,
    /// Writes site ledgers and what belongs to them.
    Ingest,
    /// Writes the hub and the anchors; of site ledgers it reads heads, checkpoints and hashes.
    Anchor,
    /// Reads what it shows and writes scans.
    TraceApi,
    /// Keeps the sessions of people who logged in, and reads what it shows them.
    Desk,
}

impl Access {
    /// The roles that are not the owner.
    pub(crate) const PROCESSES: [Self; 4] =
        [Self::Ingest, Self::Anchor, Self::TraceApi, Self::Desk];

    /// Name of the role. An operator's server may call its owner something else than [`Access::Owner`] here.
    #[must_use]
    pub const fn role_name(self) -> &'static str {
        match self {
            Self::Owner => "chopmark",
            Self::Ingest => "chopmark_ingest",
            Self::Anchor => "chopmark_anchor",
            Self::TraceApi => "chopmark_trace_api",
            Self::Desk => "chopmark_desk",
        }
    }
}
