//! Master data: taken from documents, asked by queries, shown on pages.
//!
//! | file | |
//! |---|---|
//! | [`take`] | the projector takes the master data of documents whose events are recorded |
//! | [`known`] | what a query asks of master data |
//! | [`names`] | names of products and places that nobody configured |
//!
//! What holds: only statements that count ([`history::master::standing`]) select events and stand on pages; claims are shown by
//! `GET /master-data/…` alone, with who says them.
//!
//! Not here: the rows (`sql::master`), who may say what (`history::master`), the route ([`crate::epcis_api::master_data`]).
//!
//! Source: docs/decisions/0066-master-data.md.

pub mod known;
pub mod names;
pub mod take;
