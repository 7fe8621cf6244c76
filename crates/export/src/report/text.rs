//! Text as PDF shows it without a font in the file: which characters each of the standard fonts has, how wide they are, and where lines
//! may be broken.
//!
//! The way through: [`runs`] divides a text by font; [`wrapped`] divides it into lines.
//!
//! What holds: a character that no font has is written as its number (`U+202E`), so nothing invisible and nothing that turns a text
//! around reaches the page.
//!
//! Sources: ISO 32000-1, 9.6.2.2 (standard fonts), 9.7.5.2 (`UniGB-UTF16-H`), annex D.2 (`WinAnsiEncoding`); the metrics that Adobe publishes of
//! Helvetica.

use std::fmt::Write as _;

/// Widths of Helvetica from the space to the tilde, in thousandths of the size.
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
/// Width of other characters of that font; wide enough for each.
const OTHER: u16 = 1000;
/// How much wider the bold font is, in hundredths.
const BOLD: u16 = 108;

/// The font that has a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Font {
    /// Helvetica, `WinAnsiEncoding`.
    Latin,
    /// A Chinese font of the viewer, UTF-16.
    Chinese,
}

/// The byte of a character in `WinAnsiEncoding`.
fn latin(character: char) -> Option<u8> {
    Some(match character {
        ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{ff}' => u8::try_from(character).ok()?,
        '…' => 0x85,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '–' => 0x96,
        '—' => 0x97,
        _ => return None,
    })
}

/// Whether the Chinese fonts of viewers have a character.
fn is_chinese(character: char) -> bool {
    matches!(
        character,
        '\u{391}'..='\u{3a1}'
            | '\u{3a3}'..='\u{3a9}'
            | '\u{3b1}'..='\u{3c1}'
            | '\u{3c3}'..='\u{3c9}'
            | '\u{410}'..='\u{44f}'
            | '\u{3001}'..='\u{3003}'
            | '\u{3005}'..='\u{3015}'
            | '\u{3041}'..='\u{3093}'
            | '\u{30a1}'..='\u{30f6}'
            | '\u{4e00}'..='\u{9fa5}'
            | '\u{ff01}'..='\u{ff5e}'
    )
}

/// The text with every character that no font has written as its number.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if latin(character).is_some() || is_chinese(character) {
            shown.push(character);
        } else {
            // Writing to a string does not fail.
            write!(shown, "U+{:04X}", u32::from(character)).ok();
        }
    }
    shown
}

/// The text by font, with its bytes: of the Chinese one two for each character. The text is one that [`shown`] gave.
#[must_use]
pub fn runs(text: &str) -> Vec<(Font, Vec<u8>)> {
    let mut runs: Vec<(Font, Vec<u8>)> = Vec::new();
    for character in text.chars() {
        let (font, bytes) = if let Some(byte) = latin(character) {
            (Font::Latin, vec![byte])
        } else {
            let mut units = [0; 2];
            let units = character.encode_utf16(&mut units).iter();
            (Font::Chinese, units.flat_map(|unit| unit.to_be_bytes()).collect())
        };
        match runs.last_mut() {
            Some((last, run)) if *last == font => run.extend(bytes),
            _ => runs.push((font, bytes)),
        }
    }
    runs
}

/// The width of a character in thousandths of the size.
fn width_of(character: char, is_bold: bool) -> u32 {
    let place = u32::from(character).wrapping_sub(0x20);
    let width = usize::try_from(place).ok().and_then(|place| WIDTHS.get(place));
    let width = u32::from(*width.unwrap_or(&OTHER));
    if is_bold { width * u32::from(BOLD) / 100 } else { width }
}

/// The lines of a text, each at most `room` thousandths of the size wide.
///
/// - Lines end at spaces, behind Chinese characters, and within a word that is longer than a line.
#[must_use]
pub fn wrapped(text: &str, room: u32, is_bold: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut width) = (String::new(), 0);
    // Where the line may end, and how wide what follows is.
    let mut place: Option<usize> = None;
    for character in text.chars() {
        let own = width_of(character, is_bold);
        if width + own > room && !line.is_empty() {
            let rest = match place.filter(|place| *place < line.len() || character == ' ') {
                Some(place) => line.split_off(place),
                None => String::new(),
            };
            lines.push(line.trim_end().to_owned());
            rest.trim_start().clone_into(&mut line);
            width = line.chars().map(|it| width_of(it, is_bold)).sum();
            place = None;
        }
        if character == ' ' && line.is_empty() {
            continue;
        }
        line.push(character);
        width += own;
        if character == ' ' || is_chinese(character) {
            place = Some(line.len());
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_font_has_is_written_as_its_number() {
        assert_eq!(shown("a\u{202e}b\n绿茶“x”"), "aU+202EbU+000A绿茶“x”");
        assert_eq!(shown("한"), "U+D55C");
        let runs = runs("a绿b");
        assert_eq!(
            runs,
            [
                (Font::Latin, b"a".to_vec()),
                (Font::Chinese, vec![0x7e, 0xff]),
                (Font::Latin, b"b".to_vec())
            ]
        );
    }

    #[test]
    fn lines_fit_and_lose_nothing_but_spaces() {
        let long = "f".repeat(300);
        for text in [
            "The quick brown fox jumps over the lazy dog, and back again.",
            "已记录事件报告，按发生时间排列，共一百条。",
            &long,
            "https://id.gs1.org/01/09521141123454/21/602 绿茶 and more words",
            "",
        ] {
            let lines = wrapped(text, 8000, false);
            let squeezed = |text: &str| text.replace(' ', "");
            assert_eq!(squeezed(&lines.concat()), squeezed(text));
            for line in &lines {
                let width: u32 = line.chars().map(|it| width_of(it, false)).sum();
                assert!(width <= 8000, "{line}");
            }
        }
        let lines = wrapped("alpha beta gamma", 6000, false);
        assert_eq!(lines, ["alpha beta", "gamma"]);
    }
}
