//! Labels on sheets, as PDF.
//!
//! What holds: lengths on paper are those of the sheet (print at actual size); a code is drawn as rectangles and is sharp at any resolution; the
//! same labels give the same bytes.
//!
//! Not here: chips, and names of products: the standard fonts of PDF have no Chinese.
//!
//! Source: ISO 32000-1; sheets by their makers' dimensions.

use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str};

use crate::code::QUIET;
use crate::label::Label;

/// Points of a millimetre.
const POINTS: f32 = 72.0 / 25.4;
/// A4, in millimetres.
const PAGE: (f32, f32) = (210.0, 297.0);
/// Size of text, in points.
const TEXT: f32 = 6.0;

/// A sheet of labels, in millimetres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sheet {
    /// Its name.
    pub name: &'static str,
    /// Width and height of a label.
    pub label: (f32, f32),
    /// Columns and rows.
    pub count: (usize, usize),
    /// From the left and upper edge of the page to the first label.
    pub first: (f32, f32),
    /// From one label to the next.
    pub step: (f32, f32),
}

/// The sheets that are known.
pub const SHEETS: [Sheet; 3] = [
    Sheet {
        name: "a4-24",
        label: (70.0, 37.0),
        count: (3, 8),
        first: (0.0, 0.5),
        step: (70.0, 37.0),
    },
    Sheet {
        name: "a4-65",
        label: (38.1, 21.2),
        count: (5, 13),
        first: (4.75, 10.7),
        step: (40.6, 21.2),
    },
    Sheet {
        name: "a4-14",
        label: (99.1, 38.1),
        count: (2, 7),
        first: (4.65, 15.15),
        step: (101.6, 38.1),
    },
];

impl Sheet {
    /// The sheet of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        SHEETS.into_iter().find(|sheet| sheet.name == name)
    }

    /// Labels of a page.
    #[must_use]
    pub fn per_page(&self) -> usize {
        self.count.0 * self.count.1
    }
}

/// The sheets of labels, one document.
#[must_use]
pub fn pdf(labels: &[Label], sheet: &Sheet) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let (catalog, tree, font) = (Ref::new(1), Ref::new(2), Ref::new(3));
    let pages: Vec<&[Label]> = labels.chunks(sheet.per_page()).collect();
    let of = |page: usize| i32::try_from(4 + 2 * page).unwrap_or(i32::MAX - 1);
    let kids = (0..pages.len()).map(|page| Ref::new(of(page)));
    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree).kids(kids).count(count);
    pdf.type1_font(font).base_font(Name(b"Helvetica"));
    for (number, labels) in pages.iter().enumerate() {
        let (page_id, content_id) = (Ref::new(of(number)), Ref::new(of(number) + 1));
        let mut page = pdf.page(page_id);
        page.media_box(Rect::new(0.0, 0.0, PAGE.0 * POINTS, PAGE.1 * POINTS));
        page.parent(tree);
        page.contents(content_id);
        page.resources().fonts().pair(Name(b"F1"), font);
        page.finish();
        let mut content = Content::new();
        for (place, label) in labels.iter().enumerate() {
            let (column, row) = (place % sheet.count.0, place / sheet.count.0);
            draw(&mut content, label, sheet, (column, row));
        }
        pdf.stream(content_id, &content.finish());
    }
    pdf.finish()
}

/// A number of labels as a length.
#[expect(clippy::cast_precision_loss, reason = "columns, rows and modules are small")]
fn length(number: usize) -> f32 {
    number as f32
}

/// Draws a label in its place: the code, and beside it GTIN and serial.
fn draw(content: &mut Content, label: &Label, sheet: &Sheet, (column, row): (usize, usize)) {
    let left = (sheet.first.0 + sheet.step.0 * length(column)) * POINTS;
    let top = (PAGE.1 - sheet.first.1 - sheet.step.1 * length(row)) * POINTS;
    let margin = 2.0 * POINTS;
    let room = sheet.label.1 * POINTS - 2.0 * margin;
    // The quiet zone is part of the room.
    let modules = usize::try_from(label.code.size() + 2 * QUIET).unwrap_or_default();
    let module = room / length(modules);
    let at = |number: i32| module * length(usize::try_from(number + QUIET).unwrap_or_default());
    content.set_fill_gray(0.0);
    for (column, row, run) in label.code.runs() {
        let (x, y) = (left + margin + at(column), top - margin - at(row) - module);
        content.rect(x, y, module * length(usize::try_from(run).unwrap_or_default()), module);
    }
    content.fill_nonzero();
    let (x, middle) = (left + margin + room + POINTS, top - sheet.label.1 * POINTS / 2.0);
    let mut texts = vec![
        (format!("(01) {}", label.gtin), middle + TEXT * 0.4),
        (format!("(21) {}", label.serial), middle - TEXT * 0.9),
    ];
    texts.extend(label.hidden.iter().map(|hidden| (hidden.clone(), middle - TEXT * 2.6)));
    for (text, y) in texts {
        content.begin_text().set_font(Name(b"F1"), TEXT).next_line(x, y);
        content.show(Str(text.as_bytes())).end_text();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::{ChipEncoding, Wanted};

    fn labels(count: usize) -> Vec<Label> {
        let wanted = Wanted {
            base: "https://id.example.com".to_owned(),
            gtin: "09521141123454".to_owned(),
            company_prefix: Some("952114112".to_owned()),
            encoding: ChipEncoding::Sgtin96,
            filter: 1,
        };
        (1..=count).map(|serial| Label::of(&wanted, &serial.to_string()).unwrap()).collect()
    }

    #[test]
    fn labels_lie_within_their_page_and_beside_one_another() {
        for sheet in SHEETS {
            let right = sheet.first.0 + sheet.step.0 * length(sheet.count.0 - 1) + sheet.label.0;
            let bottom = sheet.first.1 + sheet.step.1 * length(sheet.count.1 - 1) + sheet.label.1;
            assert!(right <= PAGE.0 + 0.01 && bottom <= PAGE.1 + 0.01, "{}", sheet.name);
            assert!(sheet.label.0 <= sheet.step.0 && sheet.label.1 <= sheet.step.1);
            // The code is at least ten millimetres wide without its quiet zone, for the longest addresses too.
            let code = (sheet.label.1 - 4.0) * 33.0 / 41.0;
            assert!(code >= 10.0 && sheet.label.0 - sheet.label.1 >= 15.0, "{}", sheet.name);
            assert_eq!(Sheet::from_name(sheet.name), Some(sheet));
        }
        assert_eq!(Sheet::from_name("a5"), None);
    }

    #[test]
    fn a_page_holds_what_the_sheet_has_and_the_same_labels_give_the_same_bytes() {
        let sheet = SHEETS[0];
        for (count, pages) in [(1, 1), (24, 1), (25, 2), (0, 0)] {
            let document = pdf(&labels(count), &sheet);
            let text = String::from_utf8_lossy(&document).into_owned();
            assert!(text.starts_with("%PDF-1.7") && text.trim_end().ends_with("%%EOF"));
            assert_eq!(text.matches("/MediaBox").count(), pages, "{count}");
            assert_eq!(text.matches("(21").count(), count, "{count}");
            assert_eq!(document, pdf(&labels(count), &sheet));
        }
    }
}
