//! What a URI is, and which names before its first colon are schemes that everybody knows.
//!
//! The way through: [`is_uri`] splits a text into the parts of RFC 3986 and looks at the characters of each.
//!
//! What holds: only ASCII, as the RFC has it: other characters are written with percent signs.
//!
//! Not here: which prefixes a document declares ([`crate::Context`]), what a URI names (`epc`).
//!
//! Sources: RFC 3986 appendix A; registry of URI schemes (RFC 7595).

use core::net::Ipv6Addr;

/// Schemes that need no declaration. Whatever else stands before a colon is a prefix, unless `//` follows.
const SCHEMES: &[&str] = &[
    "acct", "ark", "cid", "coap", "coaps", "data", "did", "dns", "doi", "example", "file", "ftp",
    "geo", "gtin", "hdl", "http", "https", "info", "ipfs", "ipns", "ldap", "ldaps", "mailto",
    "mid", "mqtt", "mqtts", "ni", "nih", "oid", "opc.tcp", "s3", "sftp", "sip", "sips", "sms",
    "ssh", "swid", "tag", "tel", "urn", "uuid", "ws", "wss", "xmpp",
];

/// Whether `text` is an absolute URI, with or without a fragment.
pub(crate) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = match place.strip_prefix("//") {
        Some(place) => place.split_at(place.find('/').unwrap_or(place.len())),
        None => ("", place),
    };
    is_scheme
        && is_authority(authority)
        && consists_of(path, b":@/")
        && consists_of(query, b":@/?")
        && consists_of(fragment, b":@/?")
}

/// Whether what stands before the first colon of `uri` is a scheme that everybody knows, or is followed by a host.
pub(crate) fn has_known_scheme(uri: &str) -> bool {
    uri.split_once(':').is_some_and(|(scheme, rest)| {
        rest.starts_with("//") || SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme))
    })
}

fn is_authority(text: &str) -> bool {
    let (user, host) = text.split_once('@').unwrap_or(("", text));
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let named = host.split_at(host.find(':').unwrap_or(host.len()));
    let (is_host, port) = bracketed.map_or_else(
        || (consists_of(named.0, b""), named.1),
        |(literal, port)| (is_literal(literal), port),
    );
    let is_port = port.is_empty()
        || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()));
    consists_of(user, b":") && is_host && is_port
}

/// An address between brackets.
fn is_literal(text: &str) -> bool {
    let is_later = text.strip_prefix('v').and_then(|rest| rest.split_once('.')).is_some_and(
        |(version, rest)| {
            !version.is_empty()
                && version.bytes().all(|b| b.is_ascii_hexdigit())
                && !rest.is_empty()
                && !rest.contains('%')
                && consists_of(rest, b":")
        },
    );
    is_later || text.parse::<Ipv6Addr>().is_ok()
}

/// Whether `text` has only unreserved characters, sub-delimiters, percent-encoded bytes and those in `more`.
fn consists_of(text: &str, more: &[u8]) -> bool {
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, after) {
            (b'%', [high, low, after @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                after
            }
            (byte, after)
                if byte.is_ascii_alphanumeric()
                    || b"-._~!$&'()*+,;=".contains(byte)
                    || more.contains(byte) =>
            {
                after
            }
            _ => return false,
        };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_what_rfc_3986_says() {
        for text in [
            "urn:epc:id:sgtin:9521141.012345.6%2F7",
            "urn:epc:idpat:sgtin:9521141.012345.*",
            "https://user:word@maker.example:8443/a//b;v=1?x=/y?#part/1",
            "http://[2001:db8::7]:80/x",
            "http://[v1.a:b]/",
            "mailto:a@maker.example",
            "maker:weight",
            "maker:",
            "file:///tmp/x",
            "geo:31.2,121.5",
        ] {
            assert!(is_uri(text), "{text}");
        }
        for text in [
            "",
            "weight",
            ":weight",
            "1:weight",
            "ma ker:weight",
            "maker:a b",
            "maker:a\n",
            "maker:重量",
            "maker:100%",
            "maker:%zz",
            "maker:a|b",
            "maker:<a>",
            "maker:a#b#c",
            "https://maker.example:port/",
            "https://[::1/",
            "https://a@b@c/",
            "/relative",
            "_x:y",
        ] {
            assert!(!is_uri(text), "{text}");
        }
    }

    #[test]
    fn a_scheme_is_known_by_its_name_or_by_the_host_that_follows() {
        for (text, is_known) in [
            ("urn:x", true),
            ("HTTPS://maker.example", true),
            ("opc.tcp:x", true),
            ("anything://host", true),
            ("maker:weight", false),
            ("weight", false),
        ] {
            assert_eq!(has_known_scheme(text), is_known, "{text}");
        }
    }
}
