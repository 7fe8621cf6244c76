//! Addresses of clients, as every process behind a proxy reads them.

pub use process::network::{Cidr, client_address};
