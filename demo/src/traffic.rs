//! Traffic as partners and consumers make it: EPCIS documents and scans without end, and a driver that sends them.
//!
//! The way through: [`Goods`] makes documents and names items, [`Journeys`] says which document comes when; a [`Workload`]
//! turns that into requests; [`drive`] sends them over many connections, at a rate or as fast as they are answered, and
//! gives a [`Report`] with latencies, statuses and errors.
//!
//! What holds:
//!
//! - the same seed gives the same items, and no two documents of a run name the same item as new;
//! - at a rate, latency counts from the time at which a request was due, also if every connection was busy then;
//! - nothing is lost silently: each request that was begun ends as an answer or as an error in the report.
//!
//! Not here: processes to send to, what is made of the figures (the program's `load` and `bench`).

mod documents;
mod driver;
mod histogram;
mod pace;
mod wire;

pub use documents::{Goods, Journeys, Shape, Step};
pub use driver::{Done, Errors, Plan, Report, Retry, Workload, drive};
pub use histogram::Histogram;
pub use pace::Pace;
pub use wire::{Answer, Request, Target};
