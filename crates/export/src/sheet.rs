//! Workbooks (XLSX) of any number of rows, written as the rows come.
//!
//! What holds: memory does not grow with the rows; a sheet that is full is followed by another with the same headings; texts are texts and never
//! formulas, numbers are numbers only where a spreadsheet keeps all their digits.
//!
//! Source: ECMA-376 parts 1 (18.3) and 2; Microsoft's limits of a sheet.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::zip::{Archive, OpenEntry};

/// Rows of a sheet, with the headings.
pub const ROWS_OF_A_SHEET: u32 = 1_048_576;
/// Most digits that a spreadsheet keeps of a number.
const MOST_DIGITS: usize = 15;
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const TYPES: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";

/// A workbook that is written.
pub struct Workbook<W: Write> {
    place: Option<Place<W>>,
    headings: Vec<String>,
    name: &'static str,
    /// Rows of the sheet, with the headings.
    rows: u32,
    most_rows: u32,
    names: Vec<String>,
}

/// Between two sheets, or within one.
enum Place<W: Write> {
    Between(Archive<W>),
    Within(OpenEntry<W>),
}

fn lost() -> io::Error {
    io::Error::other("the workbook could not be continued after an error")
}

impl<W: Write> Workbook<W> {
    /// An empty workbook, whose sheets have these headings.
    ///
    /// - `name`: what its sheets are called, at most 20 characters, none of `[]:*?/\`; further ones get a number.
    /// - `most_rows`: rows of a sheet, with the headings; [`ROWS_OF_A_SHEET`] but in tests.
    pub fn new(sink: W, name: &'static str, headings: &[&str], most_rows: u32) -> Self {
        let headings = headings.iter().map(|it| (*it).to_owned()).collect();
        let place = Some(Place::Between(Archive::new(sink)));
        Self { place, headings, name, rows: 0, most_rows, names: Vec::new() }
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// If the sink takes no more.
    pub fn row<T: AsRef<str>>(&mut self, cells: &[T]) -> io::Result<()> {
        let is_full = self.rows >= self.most_rows.max(2);
        if is_full || !matches!(self.place, Some(Place::Within(_))) {
            self.end_sheet()?;
            let number = self.names.len() + 1;
            let name = match number {
                1 => self.name.to_owned(),
                _ => format!("{} {number}", self.name),
            };
            self.begin_sheet(name)?;
            let headings = self.headings.clone();
            self.write_row(&headings)?;
        }
        self.write_row(cells)
    }

    /// Begins a sheet of another kind, without headings; rows follow by [`Workbook::plain_row`].
    ///
    /// # Errors
    ///
    /// If the sink takes no more.
    pub fn other_sheet(&mut self, name: &str) -> io::Result<()> {
        self.end_sheet()?;
        self.begin_sheet(name.to_owned())
    }

    /// Adds a row to a sheet of another kind.
    ///
    /// # Errors
    ///
    /// If the sink takes no more.
    pub fn plain_row(&mut self, cells: &[&str]) -> io::Result<()> {
        self.write_row(cells)
    }

    fn begin_sheet(&mut self, name: String) -> io::Result<()> {
        let Some(Place::Between(archive)) = self.place.take() else { return Err(lost()) };
        self.names.push(name);
        let mut entry = archive.deflate(&format!("xl/worksheets/sheet{}.xml", self.names.len()))?;
        let pane =
            "<pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/>";
        write!(
            entry.content,
            "{HEAD}<worksheet xmlns=\"{MAIN}\"><sheetViews><sheetView workbookViewId=\"0\">{pane}\
             </sheetView></sheetViews><sheetData>"
        )?;
        self.rows = 0;
        self.place = Some(Place::Within(entry));
        Ok(())
    }

    fn end_sheet(&mut self) -> io::Result<()> {
        self.place = match self.place.take() {
            Some(Place::Within(mut entry)) => {
                entry.content.write_all(b"</sheetData></worksheet>")?;
                Some(Place::Between(entry.end()?))
            }
            other => other,
        };
        Ok(())
    }

    fn write_row<T: AsRef<str>>(&mut self, cells: &[T]) -> io::Result<()> {
        let Some(Place::Within(entry)) = &mut self.place else { return Err(lost()) };
        let mut text = String::from("<row>");
        for cell in cells {
            let cell = cell.as_ref();
            if cell.is_empty() {
                text.push_str("<c/>");
            } else if is_number(cell) {
                text.push_str("<c><v>");
                text.push_str(cell);
                text.push_str("</v></c>");
            } else {
                text.push_str("<c t=\"inlineStr\"><is><t xml:space=\"preserve\">");
                push_escaped(&mut text, cell);
                text.push_str("</t></is></c>");
            }
        }
        text.push_str("</row>");
        entry.content.write_all(text.as_bytes())?;
        self.rows += 1;
        Ok(())
    }

    /// Ends the workbook.
    ///
    /// # Errors
    ///
    /// If the sink takes no more.
    pub fn finish(mut self) -> io::Result<W> {
        if self.names.is_empty() {
            self.begin_sheet(self.name.to_owned())?;
            let headings = self.headings.clone();
            self.write_row(&headings)?;
        }
        self.end_sheet()?;
        let Some(Place::Between(mut archive)) = self.place.take() else { return Err(lost()) };
        for (name, text) in parts(&self.names) {
            let mut entry = archive.deflate(name)?;
            entry.content.write_all(text.as_bytes())?;
            archive = entry.end()?;
        }
        archive.finish()
    }
}

/// The parts beside the sheets.
fn parts(names: &[String]) -> [(&'static str, String); 4] {
    let (mut sheets, mut relations, mut types) = (String::new(), String::new(), String::new());
    for (name, number) in names.iter().zip(1..) {
        let mut escaped = String::new();
        push_escaped(&mut escaped, name);
        let _never_fails =
            write!(sheets, "<sheet name=\"{escaped}\" sheetId=\"{number}\" r:id=\"rId{number}\"/>");
        let _never_fails = write!(
            relations,
            "<Relationship Id=\"rId{number}\" Type=\"{RELATIONS}/worksheet\" Target=\"worksheets/sheet{number}.xml\"/>"
        );
        let _never_fails = write!(
            types,
            "<Override PartName=\"/xl/worksheets/sheet{number}.xml\" ContentType=\"{TYPES}.worksheet+xml\"/>"
        );
    }
    [
        (
            "xl/workbook.xml",
            format!(
                "{HEAD}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><bookViews><workbookView/></bookViews>\
                 <sheets>{sheets}</sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "{HEAD}<Relationships xmlns=\"{PACKAGE}/relationships\">{relations}</Relationships>"
            ),
        ),
        (
            "_rels/.rels",
            format!(
                "{HEAD}<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"rId1\" \
                 Type=\"{RELATIONS}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "[Content_Types].xml",
            format!(
                "{HEAD}<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" \
                 ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Override \
                 PartName=\"/xl/workbook.xml\" ContentType=\"{TYPES}.sheet.main+xml\"/>{types}</Types>"
            ),
        ),
    ]
}

/// Whether a text is a number that a spreadsheet keeps as it is written: no sign, no leading zero, few digits.
fn is_number(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |it: &str| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit());
    is_digits(whole)
        && is_digits(fraction)
        && (whole == "0" || !whole.starts_with('0'))
        && (text == whole || !fraction.ends_with('0'))
        && text.len() <= MOST_DIGITS
}

/// A text in XML. What XML has no character for is written as spreadsheets do, `_x0007_`, and what looks like that with its first sign so.
fn push_escaped(out: &mut String, text: &str) {
    for (at, sign) in text.char_indices() {
        match sign {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '_' if is_like_escape(&text[at..]) => out.push_str("_x005F_"),
            '\t' | '\n' => out.push(sign),
            '\u{fffe}' | '\u{ffff}' | '\0'..='\u{1f}' => {
                let _never_fails = write!(out, "_x{:04X}_", u32::from(sign));
            }
            _ => out.push(sign),
        }
    }
}

fn is_like_escape(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 7
        && bytes.starts_with(b"_x")
        && bytes[6] == b'_'
        && bytes[2..6].iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of a workbook, as Python's library reads them.
    fn parts_of(bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book.xlsx");
        std::fs::write(&path, bytes).unwrap();
        let script = "import sys, zipfile, xml.dom.minidom as m\n\
                      z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None\n\
                      for n in z.namelist():\n  t = z.read(n).decode(); m.parseString(t); print(n, t)";
        let run = std::process::Command::new("python3").args(["-c", script]).arg(&path).output();
        let run = run.expect("python3 is installed");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap()
    }

    #[test]
    fn a_full_sheet_is_followed_by_another_with_the_same_headings() {
        let mut book = Workbook::new(Vec::new(), "Events", &["A", "B"], 3);
        for number in 1..=5 {
            book.row(&[format!("r{number}"), number.to_string()]).unwrap();
        }
        book.other_sheet("About").unwrap();
        book.plain_row(&["hidden", "23"]).unwrap();
        let text = parts_of(&book.finish().unwrap());
        assert_eq!(text.matches(">A</t>").count(), 3, "{text}");
        for part in
            ["sheet1.xml", "sheet3.xml", "sheet4.xml", "name=\"Events 3\"", "name=\"About\""]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.contains("<c><v>5</v></c>"), "{text}");
    }

    #[test]
    fn texts_stay_texts_and_numbers_keep_their_digits() {
        for (text, expected) in [
            ("12", true),
            ("12.5", true),
            ("0", true),
            ("0.5", true),
            ("012", false),
            ("12.50", false),
            ("-1", false),
            ("1e3", false),
            ("1234567890123456", false),
            ("04012345111118", false),
            ("", false),
            (".5", false),
        ] {
            assert_eq!(is_number(text), expected, "{text}");
        }
        let mut out = String::new();
        push_escaped(&mut out, "=1+1 <&\"> _x0041_ \u{7}绿茶");
        assert_eq!(out, "=1+1 &lt;&amp;&quot;&gt; _x005F_x0041_ _x0007_绿茶");
        let mut book = Workbook::new(Vec::new(), "Events", &["A"], ROWS_OF_A_SHEET);
        book.row(&["=HYPERLINK(\"http://x\")"]).unwrap();
        let text = parts_of(&book.finish().unwrap());
        assert!(!text.contains("<f>") && text.contains("=HYPERLINK"), "{text}");
    }

    #[test]
    fn a_workbook_without_rows_has_its_headings() {
        let text = parts_of(&Workbook::new(Vec::new(), "Events", &["A"], 10).finish().unwrap());
        assert!(text.contains(">A</t>"), "{text}");
    }
}
