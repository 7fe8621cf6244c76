//! The words for what is known of the record of a result.

use process::language::{Language, Pair};

/// Column.
pub const STANDING: Pair = ("签名、见证与锚定", "Signature, witnesses, anchor");

/// How many independent witnesses cosigned a checkpoint.
#[must_use]
pub fn witnesses(count: usize, language: Language) -> String {
    match count {
        0 => language.of(("独立见证：无", "witnesses: none")).to_owned(),
        count => language.of((format!("独立见证：{count}"), format!("witnesses: {count}"))),
    }
}
