//! Rows as RFC 4180 CSV that no spreadsheet takes for a formula.
//!
//! What holds: UTF-8, lines end in CR LF, every row has the same number of cells; a cell that a spreadsheet would calculate, and one that begins with
//! an apostrophe, gets an apostrophe before it: whoever takes one leading apostrophe away has the value.
//!
//! Sources: RFC 4180; OWASP, CSV injection.

use std::borrow::Cow;
use std::io::{self, Write};

/// UTF-8's byte-order mark.
pub const MARK: &[u8] = b"\xef\xbb\xbf";
/// What a spreadsheet calculates, in either width, and the apostrophe that takes this away.
const DANGEROUS: [char; 12] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}', '\''];

/// A cell that is only shown, whatever stands in it.
#[must_use]
pub fn harmless(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(DANGEROUS) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// The value of a cell that [`harmless`] gave.
#[must_use]
pub fn value(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

/// Writes a row.
///
/// # Errors
///
/// If the sink takes no more.
pub fn row<T: AsRef<str>>(sink: &mut dyn Write, cells: &[T]) -> io::Result<()> {
    let mut line = String::new();
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            line.push(',');
        }
        let cell = harmless(cell.as_ref());
        if cell.contains([',', '"', '\r', '\n']) || cell.starts_with(' ') || cell.ends_with(' ') {
            line.push('"');
            line.push_str(&cell.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(&cell);
        }
    }
    line.push_str("\r\n");
    sink.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(cells: &[&str]) -> String {
        let mut written = Vec::new();
        row(&mut written, cells).unwrap();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn cells_with_commas_quotes_and_lines_are_quoted() {
        assert_eq!(line(&["a", "b,c", "d\"e", "f\ng", ""]), "a,\"b,c\",\"d\"\"e\",\"f\ng\",\r\n");
        assert_eq!(line(&["绿茶", " x "]), "绿茶,\" x \"\r\n");
    }

    #[test]
    fn what_a_spreadsheet_would_calculate_is_shown_and_not_lost() {
        for text in [
            "=HYPERLINK(\"http://x\")",
            "+1",
            "-2+3",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "\u{ff1d}1",
            "'=1",
            "''",
        ] {
            let cell = harmless(text);
            assert!(cell.starts_with('\''), "{text:?}");
            assert_eq!(value(&cell), text);
        }
        for text in ["", "a=1", "12", "L-1", "https://x/?a=1"] {
            assert_eq!(value(&harmless(text)), text);
            assert_eq!(harmless(text), text);
        }
    }
}
