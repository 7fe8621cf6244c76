//! Pictures of products: read from files that the configuration names, and served by this server under names that change with
//! them.
//!
//! What holds: a picture is what its first bytes say, one of four types, and at most `MOST_BYTES` long; a script in an SVG
//! does not run, since pages show it as an image and the content policy of every answer allows no script in it.
//!
//! Sources: PNG (ISO/IEC 15948) section 5.2; JPEG (ISO/IEC 10918-1) annex B; WebP (RFC 9649) section 2; SVG 2.

use std::path::Path;
use std::sync::Arc;

use ledger::hash::sha256;

/// Longest picture: with the page, what a phone loads in a second over a slow line.
const MOST_BYTES: usize = 100_000;
/// Digits of the hash in a name.
const DIGITS: usize = 16;
/// Type of a picture by its first bytes: ending, media type.
const SVG: (&str, &str) = ("svg", "image/svg+xml");

/// A picture.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Its name: hash and ending.
    pub name: String,
    /// Media type.
    pub media_type: &'static str,
    /// Its content.
    pub body: Arc<[u8]>,
}

impl Picture {
    /// Reads a picture.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and what was expected.
    pub fn read(path: &Path) -> Result<Self, String> {
        let body = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        if body.len() > MOST_BYTES {
            return Err(format!("got {} bytes, expected at most {MOST_BYTES}", body.len()));
        }
        let Some((ending, media_type)) = kind(&body) else {
            return Err("got a file of another type, expected PNG, JPEG, WebP or SVG".to_owned());
        };
        let hash: String = sha256(&body).to_string().chars().take(DIGITS).collect();
        Ok(Self { name: format!("{hash}.{ending}"), media_type, body: body.into() })
    }

    /// Its address.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/assets/{FOLDER}/{}", self.name)
    }
}

/// Where pictures are among the assets.
pub const FOLDER: &str = "picture";

fn kind(body: &[u8]) -> Option<(&'static str, &'static str)> {
    let begins = |bytes: &[u8]| body.starts_with(bytes);
    match () {
        () if begins(b"\x89PNG\r\n\x1a\n") => Some(("png", "image/png")),
        () if begins(b"\xff\xd8\xff") => Some(("jpg", "image/jpeg")),
        () if begins(b"RIFF") && body.get(8..12) == Some(b"WEBP") => Some(("webp", "image/webp")),
        () if begins(b"<svg ") || begins(b"<?xml ") => Some(SVG),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_what_its_bytes_say_and_its_name_changes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let read = |body: &[u8]| {
            let path = folder.path().join("a.png");
            std::fs::write(&path, body).unwrap();
            Picture::read(&path)
        };
        for (body, media_type) in [
            (&b"\x89PNG\r\n\x1a\nxx"[..], "image/png"),
            (b"\xff\xd8\xff\xe0", "image/jpeg"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "image/svg+xml"),
        ] {
            assert_eq!(read(body).unwrap().media_type, media_type);
        }
        let (one, other) = (read(b"<svg >1").unwrap(), read(b"<svg >2").unwrap());
        assert_ne!(one.name, other.name);
        assert!(one.path().starts_with("/assets/picture/") && one.path().contains(".svg"));
    }

    #[test]
    fn another_type_too_many_bytes_and_a_missing_file_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.svg");
        assert!(Picture::read(&path).unwrap_err().contains("a.svg"));
        std::fs::write(&path, "<html><script>").unwrap();
        assert!(Picture::read(&path).unwrap_err().contains("another type"));
        std::fs::write(&path, vec![b' '; MOST_BYTES + 1]).unwrap();
        assert_eq!(Picture::read(&path).unwrap_err(), "got 100001 bytes, expected at most 100000");
    }
}
