//! The address of keys in a token: `pkcs11:token=chopmark;object=factory?module-path=/usr/lib/softhsm/libsofthsm2.so`.
//!
//! What holds: an address names one module by its path, one token and one object; a part that is not understood is
//! refused, since it might narrow down what is meant; a PIN in the address is refused, since addresses are no secrets.
//!
//! Source: RFC 7512.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use thiserror::Error;

/// How an address begins.
pub const SCHEME: &str = "pkcs11:";

/// The address of keys in a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenUri {
    /// Label of the token.
    pub token: String,
    /// Label of the keys: a ledger's two pairs have the same.
    pub object: String,
    /// The library that speaks with the token.
    pub module: PathBuf,
    pin_file: Option<PathBuf>,
}

/// Why a text is not the address of keys in a token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UriError {
    /// A part is missing.
    #[error(
        "got no `{0}` in the token's address, expected `pkcs11:token=…;object=…?module-path=…`"
    )]
    Missing(&'static str),
    /// A part is not understood.
    #[error(
        "got `{0}` in the token's address, expected token, object, module-path and pin-source, each once"
    )]
    Unknown(String),
    /// The PIN itself.
    #[error("got a PIN in the token's address, expected it in a file or a credential")]
    PinValue,
    /// A percent sign without two hex digits, or not UTF-8.
    #[error("got `{0}` in the token's address, expected two hex digits after each percent sign")]
    Escape(String),
}

impl TokenUri {
    /// The file with the PIN, if the address names one (`pin-source`).
    #[must_use]
    pub fn pin_file(&self) -> Option<&Path> {
        self.pin_file.as_deref()
    }
}

impl FromStr for TokenUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let rest = text.strip_prefix(SCHEME).ok_or(UriError::Missing("pkcs11:"))?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (mut token, mut object, mut module, mut pin_file) = (None, None, None, None);
        let parts = path.split(';').chain(query.split('&')).filter(|part| !part.is_empty());
        for part in parts {
            let unknown = || UriError::Unknown(part.chars().take(60).collect());
            let (name, value) = part.split_once('=').ok_or_else(unknown)?;
            let place = match name {
                "token" => &mut token,
                "object" => &mut object,
                "module-path" => &mut module,
                "pin-source" => &mut pin_file,
                "pin-value" => return Err(UriError::PinValue),
                _ => return Err(unknown()),
            };
            let value = unescaped(value)?;
            if value.is_empty() || place.replace(value).is_some() {
                return Err(unknown());
            }
        }
        let pin_file = pin_file
            .map(|file| PathBuf::from(file.strip_prefix("file:").unwrap_or(&file).to_owned()));
        Ok(Self {
            token: token.ok_or(UriError::Missing("token"))?,
            object: object.ok_or(UriError::Missing("object"))?,
            module: module.ok_or(UriError::Missing("module-path"))?.into(),
            pin_file,
        })
    }
}

impl fmt::Display for TokenUri {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "token `{}`, object `{}`", self.token, self.object)
    }
}

fn unescaped(text: &str) -> Result<String, UriError> {
    let wrong = || UriError::Escape(text.chars().take(60).collect());
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first != b'%' {
            bytes.push(*first);
            rest = after;
            continue;
        }
        let (digits, after) = after.split_at_checked(2).ok_or_else(wrong)?;
        // The library's parser would take a sign as well.
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(wrong());
        }
        let digits = std::str::from_utf8(digits).map_err(|_| wrong())?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_module_token_and_object() {
        let text = "pkcs11:token=my%20token;object=factory?module-path=/lib/hsm.so&pin-source=file:/run/pin";
        let uri: TokenUri = text.parse().unwrap();
        assert_eq!((&*uri.token, &*uri.object), ("my token", "factory"));
        assert_eq!(uri.module, Path::new("/lib/hsm.so"));
        assert_eq!(uri.pin_file(), Some(Path::new("/run/pin")));
    }

    #[test]
    fn what_is_missing_not_understood_or_secret_is_refused() {
        let parse = |text: &str| text.parse::<TokenUri>().unwrap_err();
        assert_eq!(parse("pkcs11:object=a?module-path=/l"), UriError::Missing("token"));
        assert_eq!(parse("pkcs11:token=a?module-path=/l"), UriError::Missing("object"));
        assert_eq!(parse("pkcs11:token=a;object=b"), UriError::Missing("module-path"));
        let whole = "pkcs11:token=a;object=b?module-path=/l";
        assert_eq!(parse(&format!("{whole}&pin-value=1234")), UriError::PinValue);
        for (more, shown) in
            [("&slot-id=3", "slot-id=3"), ("&module-path=/m", "module-path=/m"), ("&x", "x")]
        {
            assert_eq!(parse(&format!("{whole}{more}")), UriError::Unknown(shown.into()));
        }
        for wrong in ["%", "%2", "%zz", "%ff", "%+1"] {
            assert!(
                matches!(parse(&whole.replace("=a", &format!("={wrong}"))), UriError::Escape(_)),
                "{wrong}"
            );
        }
    }
}
