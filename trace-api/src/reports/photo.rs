//! Photos of reports: what a camera writes into them besides the picture is taken off, such as where and when it was taken.
//!
//! The way through: [`without_metadata`] tells JPEG, PNG and WebP by their first bytes, walks through their parts and keeps those that a
//! picture needs.
//!
//! What holds: total: any bytes are read or refused; what is kept is a list of parts that are known, not a list of what is taken off; nothing
//! after the end of the picture is kept. Pixels are never decoded here.
//!
//! Not here: what a picture shows.
//!
//! Sources: ITU-T T.81 annex B (JPEG); W3C PNG, third edition, section 5; RFC 9649 (WebP).

/// Bytes that are no picture of a kind that is taken, or end within one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unread;

/// First bytes of a JPEG file.
const JPEG: &[u8] = &[0xff, 0xd8, 0xff];
/// First bytes of a PNG file.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Chunks of PNG that say how the picture looks; all others are taken off.
const PNG_KEPT: [&[u8]; 8] =
    [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"gAMA", b"cHRM", b"sRGB"];
/// Chunks of WebP that are the picture; all others are taken off.
const WEBP_KEPT: [&[u8]; 6] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"];
/// Flags of `VP8X` for a colour profile, EXIF and XMP.
const WEBP_FLAGS: u8 = 0x20 | 0x08 | 0x04;

/// The picture without what was written into it besides.
///
/// # Errors
///
/// [`Unread`].
pub fn without_metadata(bytes: &[u8]) -> Result<Vec<u8>, Unread> {
    let is_webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    let cleaned = if bytes.starts_with(JPEG) {
        jpeg(bytes)
    } else if bytes.starts_with(PNG) {
        png(bytes)
    } else if is_webp {
        webp(bytes)
    } else {
        None
    };
    cleaned.ok_or(Unread)
}

/// How a file with this picture should be named.
#[must_use]
pub fn extension(bytes: &[u8]) -> &'static str {
    if bytes.starts_with(JPEG) {
        "jpg"
    } else if bytes.starts_with(PNG) {
        "png"
    } else {
        "webp"
    }
}

/// Keeps tables, frames and scans; of what applications write only `APP0` and `APP14`, which say how colours are meant.
fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut kept = vec![0xff, 0xd8];
    let mut at = 2;
    let mut has_scan = false;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        match marker {
            // Bytes that fill up before a marker.
            0xff => at += 1,
            0xd9 => {
                kept.extend([0xff, 0xd9]);
                return has_scan.then_some(kept);
            }
            0xc0..=0xcf | 0xda..=0xdf | 0xe0..=0xef | 0xfe => {
                let length =
                    usize::from(u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]));
                let end = at + 2 + length;
                let segment = bytes.get(at..end).filter(|_| length >= 2)?;
                if !matches!(marker, 0xe1..=0xed | 0xef | 0xfe) {
                    kept.extend(segment);
                }
                at = end;
                if marker == 0xda {
                    has_scan = true;
                    let data = scan_data(bytes.get(at..)?)?;
                    kept.extend(bytes.get(at..at + data)?);
                    at += data;
                }
            }
            _ => return None,
        }
    }
}

/// Length of the data of a scan: up to a marker that is neither a stuffed byte nor a restart.
fn scan_data(bytes: &[u8]) -> Option<usize> {
    let is_end = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xd0..=0xd7);
    bytes.windows(2).position(is_end)
}

fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut kept = PNG.to_vec();
    let mut at = PNG.len();
    loop {
        let length = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?);
        let name = bytes.get(at + 4..at + 8)?;
        let end = at.checked_add(12)?.checked_add(usize::try_from(length).ok()?)?;
        let chunk = bytes.get(at..end)?;
        if at == PNG.len() && name != b"IHDR" {
            return None;
        }
        if PNG_KEPT.contains(&name) {
            kept.extend(chunk);
        }
        if name == b"IEND" {
            return Some(kept);
        }
        at = end;
    }
}

fn webp(bytes: &[u8]) -> Option<Vec<u8>> {
    let size = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    let end = usize::try_from(size).ok()?.checked_add(8)?;
    let body = bytes.get(12..end)?;
    let mut kept = b"WEBP".to_vec();
    let mut at = 0;
    while at < body.len() {
        let name = body.get(at..at + 4)?;
        let length = u32::from_le_bytes(body.get(at + 4..at + 8)?.try_into().ok()?);
        let length = usize::try_from(length).ok()?;
        // Chunks have an even number of bytes.
        let end = at.checked_add(8)?.checked_add(length)?.checked_add(length % 2)?;
        let chunk = body.get(at..end)?;
        if WEBP_KEPT.contains(&name) {
            let from = kept.len();
            kept.extend(chunk);
            if name == b"VP8X" {
                *kept.get_mut(from + 8)? &= !WEBP_FLAGS;
            }
        }
        at = end;
    }
    // Nothing but the name of the format.
    if kept.len() == 4 {
        return None;
    }
    let mut whole = b"RIFF".to_vec();
    whole.extend(u32::try_from(kept.len()).ok()?.to_le_bytes());
    whole.extend(kept);
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A segment of JPEG.
    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker][..], &length, body].concat()
    }

    fn chunk(name: &[u8], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&length[..], name, body, &[0; 4]].concat()
    }

    fn riff(name: &[u8], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_le_bytes();
        let fill: &[u8] = if body.len() % 2 == 1 { &[0] } else { &[] };
        [name, &length[..], body, fill].concat()
    }

    fn riff_file(chunks: &[Vec<u8>]) -> Vec<u8> {
        let body = [b"WEBP".to_vec(), chunks.concat()].concat();
        riff(b"RIFF", &body)
    }

    /// Of each kind a file with metadata, and the same as it is kept.
    fn pictures() -> [(&'static str, Vec<u8>, Vec<u8>); 3] {
        let (start, end) = (vec![0xff, 0xd8], vec![0xff, 0xd9]);
        let (jfif, tables) = (segment(0xe0, b"JFIF\0"), segment(0xdb, &[1; 65]));
        let scan = [segment(0xda, &[1, 1, 0]), vec![7, 0xff, 0, 0xff, 0xd3, 9]].concat();
        let (exif, said) = (segment(0xe1, b"Exif\0\0GPS here"), segment(0xfe, b"GPS there"));
        let parts =
            [&*start, &jfif, &exif, &tables, &said, &scan, &exif, &scan, &end, b"GPS after"];
        let kept = [&*start, &jfif, &tables, &scan, &scan, &end];
        let png = |with: bool| {
            let extra = |part: Vec<u8>| if with { part } else { Vec::new() };
            let chunks = [
                PNG.to_vec(),
                chunk(b"IHDR", &[1; 13]),
                extra(chunk(b"eXIf", b"GPS")),
                chunk(b"IDAT", &[2; 9]),
                extra(chunk(b"tEXt", b"GPS")),
                chunk(b"IEND", b""),
                extra(b"GPS after".to_vec()),
            ];
            chunks.concat()
        };
        let plain = [riff(b"VP8X", &[0x10, 0, 0, 0, 1, 0, 0, 1, 0, 0]), riff(b"VP8 ", b"pixel")];
        let [_, pixels] = plain.clone();
        let said = riff(b"VP8X", &[0x1c, 0, 0, 0, 1, 0, 0, 1, 0, 0]);
        let webp = riff_file(&[said, pixels, riff(b"EXIF", b"GPS"), riff(b"XMP ", b"GPS")]);
        [
            ("jpg", parts.concat(), kept.concat()),
            ("png", png(true), png(false)),
            ("webp", webp, riff_file(&plain)),
        ]
    }

    #[test]
    fn what_a_camera_writes_beside_the_picture_is_taken_off() {
        for (name, sent, kept) in pictures() {
            assert_eq!(without_metadata(&sent).as_ref(), Ok(&kept), "{name}");
            assert_eq!(without_metadata(&kept).as_ref(), Ok(&kept), "{name}: nothing more");
            assert_eq!(extension(&kept), name);
            assert!(!kept.windows(3).any(|part| part == b"GPS"), "{name}");
        }
    }

    #[test]
    fn a_picture_that_ends_early_is_refused_at_every_length_and_so_is_anything_else() {
        for (name, _, kept) in pictures() {
            for length in 0..kept.len() {
                assert_eq!(without_metadata(&kept[..length]), Err(Unread), "{name} {length}");
            }
        }
        for other in [&b"GIF89a"[..], b"<svg onload=\"alert(1)\">", b"MZ", b"%PDF-1.7", b""] {
            assert_eq!(without_metadata(other), Err(Unread));
        }
        let no_scan = [&[0xff, 0xd8][..], &segment(0xdb, &[1; 65]), &[0xff, 0xd9]].concat();
        assert_eq!(without_metadata(&no_scan), Err(Unread));
        assert_eq!(without_metadata(&riff_file(&[riff(b"EXIF", b"GPS")])), Err(Unread));
    }

    #[test]
    fn no_change_of_a_byte_brings_metadata_through_or_stops_the_program() {
        for (_, sent, _) in pictures() {
            for at in 0..sent.len() {
                for value in [0, 1, 0x7f, 0xff] {
                    let mut other = sent.clone();
                    other[at] = value;
                    without_metadata(&other).ok();
                }
            }
        }
    }
}
