//! Character sets of keys, serials and lots, and their escapes in URNs and URLs.
//!
//! What holds: values are stored unescaped; a URN and a URL escape different characters.
//!
//! Sources: GS1 General Specifications, figure 7.11-1 (82 characters); TDS 2.x, table A-1 (URN escapes);
//! RFC 3986 section 2.3 (URL escapes).

/// The punctuation among GS1's 82 characters.
const PUNCTUATION: &[u8] = b"!\"%&'()*+,-./:;<=>?_";

/// Whether all characters of `text` are among GS1's 82.
pub(crate) fn is_gs1_text(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || PUNCTUATION.contains(&byte))
}

/// Whether `text` consists of decimal digits, at least one.
pub(crate) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `text` consists of decimal digits without leading zeros.
pub(crate) fn is_number(text: &str) -> bool {
    is_digits(text) && (text.len() == 1 || !text.starts_with('0'))
}

/// Whether all characters of `text` are allowed in a component or part reference: digits, capitals, `# - /`.
pub(crate) fn is_part_text(text: &str) -> bool {
    text.bytes().all(|byte| {
        byte.is_ascii_digit() || byte.is_ascii_uppercase() || matches!(byte, b'#' | b'-' | b'/')
    })
}

/// Escapes for a URN: `" % & / < > ?` and `#`.
pub(crate) fn escape_urn(text: &str) -> String {
    escape(text, |byte| !b"\"%&/<>?#".contains(&byte))
}

/// Escapes for a URL path segment: every character except letters, digits and `- . _ ~`.
pub(crate) fn escape_url(text: &str) -> String {
    escape(text, |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

fn escape(text: &str, is_plain: impl Fn(u8) -> bool) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

/// Decodes `%XX` escapes; `None` if an escape is incomplete or the result is not ASCII.
pub(crate) fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let plain = if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            u8::try_from(high * 16 + low).ok()?
        } else {
            byte
        };
        if !plain.is_ascii() {
            return None;
        }
        out.push(char::from(plain));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        let text = "a/b%c\"d&e<f>g?h+i";
        assert_eq!(unescape(&escape_urn(text)).as_deref(), Some(text));
        assert_eq!(unescape(&escape_url(text)).as_deref(), Some(text));
        assert_eq!(escape_urn("32a/b"), "32a%2Fb");
        for bad in ["%", "%2", "%zz", "%80", "é"] {
            assert_eq!(unescape(bad), None, "{bad}");
        }
    }
}
