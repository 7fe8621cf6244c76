//! Text from outside, written so that it cannot change how the text around it is displayed.
//!
//! What holds: [`escaped`] leaves no control character, no mark that changes the direction of text, and nothing
//! invisible; applied to its own result it changes nothing.
//!
//! Not here: which texts come from outside ([`crate::bundle::Report`] escapes its lines, a command what it prints).
//!
//! Sources: Unicode 16, categories Cc, Cf, Zl, Zp; UAX #9 section 2 (directional formatting characters); UTR #36
//! section 3.

use std::fmt::Write as _;

/// Characters that are shown as `\u{…}`: control and format characters, line and paragraph separators, letters
/// without a glyph, noncharacters.
const ESCAPED: &[(char, char)] = &[
    ('\u{0}', '\u{1f}'),
    ('\u{7f}', '\u{9f}'),
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fdd0}', '\u{fdef}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffc}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Whether a character could change how the text around it is displayed, or is invisible.
fn is_escaped(found: char) -> bool {
    let is_noncharacter = u32::from(found) & 0xfffe == 0xfffe;
    is_noncharacter || ESCAPED.iter().any(|(first, last)| (*first..=*last).contains(&found))
}

/// The text with such characters as `\u{…}`, the number in hex.
///
/// A backslash stays as it is, so that a text may be escaped twice.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for found in text.chars() {
        if is_escaped(found) {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(found));
        } else {
            out.push(found);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_change_the_display_is_shown_by_its_number() {
        for (text, expected) in [
            ("", ""),
            ("urn:epc:id:sgtin:4012345.011122.1", "urn:epc:id:sgtin:4012345.011122.1"),
            ("验证 · Prüfung 🙂 e\u{301}", "验证 · Prüfung 🙂 e\u{301}"),
            ("a\nb\r\tc\0", "a\\u{a}b\\u{d}\\u{9}c\\u{0}"),
            ("\u{1b}[2J\u{1b}]0;title\u{7}", "\\u{1b}[2J\\u{1b}]0;title\\u{7}"),
            ("\u{7f}\u{80}\u{9b}31m\u{9f}\u{a0}", "\\u{7f}\\u{80}\\u{9b}31m\\u{9f}\u{a0}"),
            ("\u{202a}\u{202b}\u{202c}", "\\u{202a}\\u{202b}\\u{202c}"),
            ("\u{202d}\u{202e}DEVORP", "\\u{202d}\\u{202e}DEVORP"),
            ("\u{2066}\u{2067}\u{2068}\u{2069}", "\\u{2066}\\u{2067}\\u{2068}\\u{2069}"),
            ("\u{200e}\u{200f}\u{61c}", "\\u{200e}\\u{200f}\\u{61c}"),
            (
                "PRO\u{200b}VED\u{200d}\u{feff}\u{2060}",
                "PRO\\u{200b}VED\\u{200d}\\u{feff}\\u{2060}",
            ),
            ("a\u{ad}b\u{3164}c\u{34f}", "a\\u{ad}b\\u{3164}c\\u{34f}"),
            ("line\u{2028}paragraph\u{2029}", "line\\u{2028}paragraph\\u{2029}"),
            ("\u{fff9}\u{fffe}\u{1ffff}\u{e0041}", "\\u{fff9}\\u{fffe}\\u{1ffff}\\u{e0041}"),
            ("\u{fffd}", "\u{fffd}"),
            ("\\u{202e} \\", "\\u{202e} \\"),
        ] {
            assert_eq!(escaped(text), expected, "{text:?}");
            assert_eq!(escaped(expected), expected, "a second time");
        }
    }
}
