//! Reads become observations and movements: windows, settling, presence, neighbours.
//!
//! The way through:
//!
//! ```text
//! reads, edges, readings -> tracker (open windows) -> Closing + raw reads -> settle -> deliveries, presence
//! ```
//!
//! What holds: pure; every time is a parameter, so an evaluation that plays traffic decides as production does. A
//! closed window can be stored ([`stored`]) and settled again to the same bytes.
//!
//! Not here: the spool and its threads (`firmware-bridge`), drivers (`devices`), what an observation means (`ingest`).
//!
//! Source: docs/decisions/0015-settling.md, docs/formats/observation-v1.md.

pub mod availability;
pub mod clock;
pub mod closing;
pub mod moment;
pub mod nearby;
pub mod settings;
pub mod settle;
pub mod stored;
pub mod tracker;
