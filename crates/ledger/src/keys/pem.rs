//! PEM blocks of private keys, read and written.
//!
//! What holds: only blocks labelled `PRIVATE KEY` (PKCS#8), one after the other, nothing between them but white
//! space; base64 is strict.
//!
//! Not here: what is in a block.
//!
//! Source: RFC 7468.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----\n";
const END: &str = "-----END PRIVATE KEY-----\n";
/// Characters of a line; RFC 7468 section 2.
const LINE: usize = 64;

/// One block, ended by a newline.
pub(super) fn encode(der: &[u8]) -> String {
    let base64 = BASE64.encode(der);
    let mut out = String::from(BEGIN);
    for (place, character) in base64.chars().enumerate() {
        if place > 0 && place % LINE == 0 {
            out.push('\n');
        }
        out.push(character);
    }
    out.push('\n');
    out.push_str(END);
    out
}

/// The contents of all blocks; `None` if anything else is there.
pub(super) fn decode_all(text: &str) -> Option<Vec<Vec<u8>>> {
    let text = text.replace("\r\n", "\n");
    let (mut rest, mut blocks) = (text.trim_start(), Vec::new());
    while !rest.is_empty() {
        let (base64, after) = rest.strip_prefix(BEGIN)?.split_once(END.trim_end())?;
        blocks.push(BASE64.decode(base64.replace('\n', "")).ok()?);
        rest = after.trim_start();
    }
    Some(blocks)
}
