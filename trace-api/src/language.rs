//! The two languages of pages and answers, as every process with pages has them.

pub use process::language::{Language, Pair};
