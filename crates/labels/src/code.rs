//! The QR code of a label.
//!
//! What holds: error correction is at least M (15 %), as GS1 recommends for codes that consumers scan; a code that would need a version
//! above [`MOST_VERSION`] is refused, since phones do not read it at the size of a label.
//!
//! Source: ISO/IEC 18004; GS1 General Specifications 5.12.3.

use qrcodegen::{Mask, QrCode, QrCodeEcc, QrSegment, Version};

/// The largest version: 49 modules a side.
pub const MOST_VERSION: u8 = 8;
/// Modules around a code that stay white.
pub const QUIET: i32 = 4;

/// A code, in modules.
#[derive(Clone)]
pub struct Code(QrCode);

impl std::fmt::Debug for Code {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "Code(version {})", self.version())
    }
}

impl Code {
    /// The code of a text; none if it would be too large.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let segments = QrSegment::make_segments(text);
        let (least, most) = (Version::MIN, Version::new(MOST_VERSION));
        let medium = QrCodeEcc::Medium;
        // The mask is chosen by the standard's rules; more correction is taken where it needs no larger version.
        let mask: Option<Mask> = None;
        QrCode::encode_segments_advanced(&segments, medium, least, most, mask, true).ok().map(Self)
    }

    /// Its version, 1 to [`MOST_VERSION`].
    #[must_use]
    pub fn version(&self) -> u8 {
        self.0.version().value()
    }

    /// Modules of a side, without the quiet zone.
    #[must_use]
    pub fn size(&self) -> i32 {
        self.0.size()
    }

    /// The dark modules as horizontal runs: column, row, length; rows from the top.
    pub fn runs(&self) -> impl Iterator<Item = (i32, i32, i32)> {
        let size = self.size();
        (0..size).flat_map(move |row| {
            let mut column = 0;
            std::iter::from_fn(move || {
                while column < size && !self.0.get_module(column, row) {
                    column += 1;
                }
                let first = column;
                while column < size && self.0.get_module(column, row) {
                    column += 1;
                }
                (column > first).then_some((first, row, column - first))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a decoder that others wrote reads, four pixels a module.
    fn read(code: &Code) -> String {
        let side = usize::try_from((code.size() + 2 * QUIET) * 4).unwrap();
        let mut pixels = vec![255_u8; side * side];
        for (column, row, length) in code.runs() {
            for y in (row + QUIET) * 4..(row + QUIET + 1) * 4 {
                for x in (column + QUIET) * 4..(column + QUIET + length) * 4 {
                    pixels[usize::try_from(y).unwrap() * side + usize::try_from(x).unwrap()] = 0;
                }
            }
        }
        let mut image =
            rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| pixels[y * side + x]);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1, "one code");
        grids[0].decode().unwrap().1
    }

    #[test]
    fn a_decoder_of_others_reads_what_was_encoded() {
        for text in [
            "https://id.example.com/01/09521141123454/21/6789",
            "https://id.example.com/01/09521141123454/21/98765432101",
            "https://id.a-brand-with-a-long-name.example.com/01/09521141123454/10/LOT-7/21/98765432101",
            "HTTPS://ID.EXAMPLE.COM/01/09521141123454/21/98765432101",
        ] {
            let code = Code::of(text).unwrap();
            assert_eq!(read(&code), text);
        }
    }

    #[test]
    fn the_version_grows_with_the_text_and_one_that_is_too_large_is_refused() {
        let version = |length: usize| Code::of(&"a".repeat(length)).map(|code| code.version());
        // Bytes that each version holds at M: 62, 84, 106, 122, 152.
        assert_eq!(version(62), Some(4));
        assert_eq!(version(63), Some(5));
        assert_eq!(version(152), Some(8));
        assert_eq!(version(153), None);
    }
}
