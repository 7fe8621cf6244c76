//! Pages of a report: lines of text from above to below, a code, and a foot on each page.
//!
//! What holds: the same calls give the same bytes; no font is in the file: Latin is Helvetica, Chinese the predefined `STSong-Light` with
//! `UniGB-UTF16-H`, for which viewers have a font of their own.
//!
//! Not here: which characters there are and how wide they are ([`super::text`]), what is written ([`super`]).
//!
//! Sources: ISO 32000-1; docs/decisions/0085-a-report-to-print.md.

use labels::{Code, QUIET};
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo};
use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};
use process::language::Language;

use super::text::{Font, runs, shown, wrapped};
use super::words;

/// A4, in points.
const PAGE: (f32, f32) = (595.0, 842.0);
/// Margins: left and right, above, below.
const MARGIN: (f32, f32, f32) = (50.0, 50.0, 60.0);
/// Width of labels before values.
const LABEL: f32 = 110.0;
/// Side of a code with its quiet zone.
const CODE: f32 = 110.0;

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// Size in points.
    pub size: f32,
    /// Bold.
    pub is_bold: bool,
}

/// Text of values and sentences.
pub const BODY: Style = Style { size: 9.5, is_bold: false };
/// The first line of an event.
pub const STRONG: Style = Style { size: 9.5, is_bold: true };
/// Hashes and places in ledgers.
pub const SMALL: Style = Style { size: 8.0, is_bold: false };
const HEADING: Style = Style { size: 12.0, is_bold: true };
const TITLE: Style = Style { size: 18.0, is_bold: true };

/// Pages that are being written.
pub struct Paper {
    language: Language,
    pages: Vec<Content>,
    /// Where the next line hangs, from below.
    y: f32,
}

impl Paper {
    /// The first page.
    #[must_use]
    pub fn new(language: Language) -> Self {
        Self { language, pages: vec![Content::new()], y: PAGE.1 - MARGIN.1 }
    }

    /// Begins another page if less than `height` is left.
    pub fn keep(&mut self, height: f32) {
        if self.y - height < MARGIN.2 {
            self.pages.push(Content::new());
            self.y = PAGE.1 - MARGIN.1;
        }
    }

    fn put(&mut self, line: &str, style: Style, x: f32) {
        let y = self.y;
        if let Some(content) = self.pages.last_mut() {
            write(content, line, style, (x, y));
        }
    }

    /// Lines of a text that begin at `x`.
    fn lines(&mut self, text: &str, style: Style, x: f32) {
        for line in wrapped(&shown(text), room(x, style), style.is_bold) {
            let height = style.size * 1.45;
            self.keep(height);
            self.y -= height;
            self.put(&line, style, x);
        }
    }

    /// The heading of the report.
    pub fn title(&mut self, text: &str) {
        self.lines(text, TITLE, MARGIN.0);
        self.space(6.0);
    }

    /// A heading, on the page of what follows it.
    pub fn heading(&mut self, text: &str) {
        self.space(12.0);
        self.keep(60.0);
        self.lines(text, HEADING, MARGIN.0);
        self.space(3.0);
    }

    /// Text over the whole width.
    pub fn text(&mut self, text: &str, style: Style) {
        self.lines(text, style, MARGIN.0);
    }

    /// A label with a value beside it.
    pub fn pair(&mut self, label: &str, value: &str) {
        self.keep(BODY.size * 1.45);
        let above = self.y;
        self.y -= BODY.size * 1.45;
        self.put(&shown(label), STRONG, MARGIN.0);
        self.y = above;
        self.lines(value, BODY, MARGIN.0 + LABEL);
        self.space(2.0);
    }

    /// Room before the next line.
    pub fn space(&mut self, height: f32) {
        self.y -= height;
    }

    /// A code with text beside it; without a code the text alone.
    pub fn code(&mut self, code: Option<&Code>, texts: &[&str]) {
        let Some(code) = code else {
            for text in texts {
                self.text(text, BODY);
            }
            return;
        };
        self.keep(CODE + 10.0);
        let above = self.y;
        if let Some(content) = self.pages.last_mut() {
            draw(content, code, above);
        }
        for text in texts {
            self.lines(text, BODY, MARGIN.0 + CODE + 10.0);
            self.space(4.0);
        }
        self.y = self.y.min(above - CODE);
    }

    /// The document.
    ///
    /// - `name`: of the document, in its properties.
    /// - `foot`: what stands below on each page, before its number.
    #[must_use]
    pub fn finish(mut self, name: &str, foot: &str) -> Vec<u8> {
        let count = self.pages.len();
        for (number, content) in (1..).zip(&mut self.pages) {
            let text = format!("{foot} · {}", words::page(number, count, self.language));
            write(content, &shown(&text), SMALL, (MARGIN.0, MARGIN.2 / 2.0));
        }
        let mut pdf = Pdf::new();
        let (catalog, tree, info) = (Ref::new(1), Ref::new(2), Ref::new(3));
        let of = |page: usize| Ref::new(i32::try_from(9 + 2 * page).unwrap_or(i32::MAX - 1));
        pdf.catalog(catalog).pages(tree).lang(TextStr(self.language.html()));
        pdf.document_info(info).title(TextStr(name)).producer(TextStr("Chopmark"));
        let kids = (0..count).map(of);
        pdf.pages(tree).kids(kids).count(i32::try_from(count).unwrap_or(i32::MAX));
        add_fonts(&mut pdf);
        for (place, content) in self.pages.into_iter().enumerate() {
            let id = of(place);
            let stream = Ref::new(id.get() + 1);
            let mut page = pdf.page(id);
            page.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).parent(tree).contents(stream);
            let mut resources = page.resources();
            let mut fonts = resources.fonts();
            for (name, font) in FONTS {
                fonts.pair(Name(name), Ref::new(font));
            }
            fonts.finish();
            resources.finish();
            page.finish();
            pdf.stream(stream, &content.finish());
        }
        pdf.finish()
    }
}

/// Fonts by name, with their numbers; two more numbers are the Chinese one's.
const FONTS: [(&[u8], i32); 3] = [(b"F1", 4), (b"F2", 5), (b"F3", 6)];

fn add_fonts(pdf: &mut Pdf) {
    for (number, name) in [(4, &b"Helvetica"[..]), (5, &b"Helvetica-Bold"[..])] {
        let mut font = pdf.type1_font(Ref::new(number));
        font.base_font(Name(name)).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    let name = Name(b"STSong-Light");
    let (own, descriptor) = (Ref::new(7), Ref::new(8));
    let mut font = pdf.type0_font(Ref::new(6));
    font.base_font(name).encoding_predefined(Name(b"UniGB-UTF16-H")).descendant_font(own);
    font.finish();
    let mut cid = pdf.cid_font(own);
    let collection = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"GB1"), supplement: 4 };
    cid.subtype(CidFontType::Type0).base_font(name).system_info(collection);
    cid.font_descriptor(descriptor).default_width(1000.0);
    cid.finish();
    let mut described = pdf.font_descriptor(descriptor);
    described.name(name).flags(FontFlags::SYMBOLIC | FontFlags::SERIF);
    described.bbox(Rect::new(-25.0, -254.0, 1000.0, 880.0)).italic_angle(0.0);
    described.ascent(880.0).descent(-120.0).cap_height(880.0).stem_v(93.0);
}

/// Thousandths of the size that are left to the right of `x`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part of the width of a page"
)]
fn room(x: f32, style: Style) -> u32 {
    ((PAGE.0 - MARGIN.0 - x) / style.size * 1000.0) as u32
}

fn write(content: &mut Content, line: &str, style: Style, (x, y): (f32, f32)) {
    content.begin_text().next_line(x, y);
    for (font, bytes) in runs(line) {
        let name: &[u8] = match (font, style.is_bold) {
            (Font::Chinese, _) => b"F3",
            (Font::Latin, true) => b"F2",
            (Font::Latin, false) => b"F1",
        };
        content.set_font(Name(name), style.size).show(Str(&bytes));
    }
    content.end_text();
}

#[expect(clippy::cast_precision_loss, reason = "a code has few modules")]
fn draw(content: &mut Content, code: &Code, above: f32) {
    let module = CODE / (code.size() + 2 * QUIET) as f32;
    for (column, row, run) in code.runs() {
        let x = MARGIN.0 + module * (column + QUIET) as f32;
        let y = above - module * (row + QUIET + 1) as f32;
        content.rect(x, y, module * run as f32, module);
    }
    content.fill_nonzero();
}
