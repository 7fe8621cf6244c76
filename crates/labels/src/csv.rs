//! Labels as a table, for a converter that prints and encodes with software of its own.
//!
//! What holds: one line for each label, ended by CR LF (RFC 4180); no cell begins with a character that a spreadsheet takes for a formula.

use crate::label::Label;

/// The heading.
pub const HEADING: &str = "gtin,serial,link,epc_hex\r\n";

/// The heading of labels with hidden codes.
pub const HEADING_HIDDEN: &str = "gtin,serial,link,epc_hex,hidden_code\r\n";

/// The line of a label with its hidden code.
#[must_use]
pub fn line_hidden(label: &Label) -> String {
    let plain = line(label);
    format!("{},{}\r\n", plain.trim_end(), cell(label.hidden.as_deref().unwrap_or_default()))
}

/// The line of a label, without its hidden code.
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
    use crate::label::{ChipEncoding, Wanted};

    #[test]
    fn a_hidden_code_is_in_its_own_column_and_in_no_other_list() {
        let wanted = Wanted {
            base: "https://id.example.com".to_owned(),
            gtin: "09521141123454".to_owned(),
            company_prefix: None,
            encoding: ChipEncoding::SgtinPlus,
            filter: 1,
        };
        let label = Label::of(&wanted, "7").unwrap().with_hidden("6A9Z-XDME-JPB".to_owned());
        let whole = line_hidden(&label);
        assert!(whole.ends_with(",6A9Z-XDME-JPB\r\n"), "{whole}");
        assert_eq!(whole.matches(',').count(), HEADING_HIDDEN.matches(',').count());
        assert!(!line(&label).contains("6A9Z"), "the list of serials has no codes");
    }

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
