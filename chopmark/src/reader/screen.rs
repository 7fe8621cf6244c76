//! A few lines of a terminal that are repainted in place.
//!
//! What holds: no line wraps and the picture is never higher than the terminal, so that the cursor can return to its
//! first line; whatever is cut off is marked by `…`; control characters from a device never reach the terminal.
//!
//! Sources: ECMA-48 sections 8.3.22 (CUU), 8.3.39 (ED), 8.3.41 (EL); Unicode Standard Annex 11 for the width of
//! characters.

use std::io::Write;

use ledger::text::escaped;
use terminal_size::{Height, Width, terminal_size};

/// Columns and lines of a terminal whose size is unknown.
const USUAL: (usize, usize) = (80, 24);

/// What was painted last.
pub struct Screen {
    size: (usize, usize),
    drawn: usize,
}

impl Screen {
    /// Nothing is painted yet.
    pub fn new() -> Self {
        Self { size: size(), drawn: 0 }
    }

    /// Columns, and lines that a picture may have; a resized terminal is cleared, because its lines have moved.
    pub fn measure(&mut self) -> (usize, usize) {
        let size = size();
        if size != self.size {
            self.size = size;
            self.drawn = usize::MAX;
        }
        // The cursor is below the picture.
        (size.0, size.1 - 1)
    }

    /// Paints `lines` over those of the last time.
    pub fn paint(&mut self, out: &mut impl Write, lines: &[String]) -> std::io::Result<()> {
        let (width, height) = self.measure();
        match self.drawn {
            0 => {}
            usize::MAX => write!(out, "\x1b[2J\x1b[H")?,
            drawn => write!(out, "\x1b[{drawn}A")?,
        }
        for line in lines.iter().take(height) {
            writeln!(out, "\x1b[2K{}", cut(line, width))?;
        }
        // Nothing is left of a picture that had more lines.
        write!(out, "\x1b[J")?;
        self.drawn = lines.len().min(height);
        out.flush()
    }
}

fn size() -> (usize, usize) {
    terminal_size().map_or(USUAL, |(Width(width), Height(height))| {
        (usize::from(width).max(1), usize::from(height).max(2))
    })
}

/// The beginning of `text` that fits into `width` columns, with an `…` if it is not all.
fn cut(text: &str, width: usize) -> String {
    let text = escaped(text);
    if text.chars().map(columns).sum::<usize>() <= width {
        return text;
    }
    let mut left = width.saturating_sub(1);
    let mut out = String::new();
    for c in text.chars() {
        let Some(less) = left.checked_sub(columns(c)) else { break };
        left = less;
        out.push(c);
    }
    out.push('…');
    out
}

/// ASCII `text` in at most `width` columns, with an `…` in its middle if it is not all.
pub fn shorten(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count <= width {
        return text.to_owned();
    }
    let left = width.saturating_sub(1);
    let head = left / 3;
    let tail = text.chars().skip(count - (left - head));
    text.chars().take(head).chain(['…']).chain(tail).collect()
}

/// Columns of a character: two for those of East Asian scripts and pictures, none for those that join the last.
fn columns(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036F | 0x200B..=0x200F | 0xFE00..=0xFE0F => 0,
        0x1100..=0x115F
        | 0x2E80..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF01..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1FAFF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_an_ellipsis_and_a_wide_character_takes_two_columns() {
        for (text, width, shown) in [
            ("door-3", 6, "door-3"),
            ("door-33", 6, "door-…"),
            ("仓库一号", 8, "仓库一号"),
            ("仓库一号门", 8, "仓库一…"),
            ("仓库一号门", 7, "仓库一…"),
            ("a\x1b[2Jb", 8, r"a\u{1b}…"),
            ("ab", 1, "…"),
        ] {
            assert_eq!(cut(text, width), shown, "{text} in {width}");
        }
        assert_eq!(shorten("3074257BF7194E4000001A85", 13), "3074…00001A85");
        assert_eq!(shorten("3074257BF7194E4000001A85", 24), "3074257BF7194E4000001A85");
    }
}
