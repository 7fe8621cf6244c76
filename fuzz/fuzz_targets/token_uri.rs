//! Addresses of keys in a token (RFC 7512): read to all parts or refused, and never a PIN.
#![no_main]

use keystore::uri::TokenUri;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| match text.parse::<TokenUri>() {
    Ok(uri) => {
        assert!(!uri.token.is_empty() && !uri.object.is_empty());
        assert!(!uri.module.as_os_str().is_empty());
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let mut parts = path.trim_start_matches("pkcs11:").split(';').chain(query.split('&'));
        let is_pin = |part: &str| part.starts_with("pin-value=");
        assert!(!parts.any(is_pin), "a PIN is not taken from an address");
        let escaped = |text: &str| {
            text.bytes().fold(String::new(), |all, byte| all + &format!("%{byte:02x}"))
        };
        let again = format!(
            "pkcs11:token={};object={}?module-path={}",
            escaped(&uri.token),
            escaped(&uri.object),
            escaped(&uri.module.to_string_lossy()),
        );
        let again: TokenUri = again.parse().expect("escaped in full");
        assert_eq!((again.token, again.object, again.module), (uri.token, uri.object, uri.module));
    }
    Err(error) => fuzz::contract::reason(&error.to_string()),
});
