//! Labels as a table, for a converter that prints and encodes with software of its own.
//!
//! What holds: one line for each label, ended by CR LF (RFC 4180); no cell begins with a character that a spreadsheet takes for a formula.

use crate::label::Label;

/// The heading.
pub const HEADING: &str = "gtin,serial,link,epc_hex\r\n";

/// The line of a label.
#[must_use]
pub fn line(label: &Label) -> String {
    let Label { gtin, serial, link, .. } = label;
    format!("{gtin},{},{},{}\r\n", cell(serial), cell(link), label.epc_hex())
}

/// A cell in quotes if it needs them. What would be a formula gets an apostrophe in front, as spreadsheets write text themselves.
fn cell(text: &str) -> String {
    let text =
        if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_are_no_formulas() {
        for (text, expected) in [
            ("6789", "6789"),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("=1+1", "'=1+1"),
            ("-1", "'-1"),
            ("@x,y", "\"'@x,y\""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
