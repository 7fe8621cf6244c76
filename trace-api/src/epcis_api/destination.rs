//! Where results of subscriptions may be sent, so that nobody makes this server ask machines that only it can reach.
//!
//! The way through: [`Destination::parse`] reads the address that a subscriber gives; [`may_reach`] decides, for every address
//! that its name leads to, at the moment of connecting.
//!
//! What holds: HTTPS to public addresses; plain HTTP and other addresses only in the networks that the configuration names. An
//! address inside another (IPv4 in IPv6, in every form) counts as what it leads to. No I/O.
//!
//! Not here: the lookup and the connection ([`super::webhook`]).
//!
//! Sources: IANA's registries of special-purpose addresses (RFC 6890, RFC 4291, RFC 6052); OWASP, Server-Side Request Forgery.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use actix_web::http::Uri;
use thiserror::Error;

use crate::network::Cidr;

/// Longest address of a subscriber.
const LONGEST: usize = 2048;

/// A subscriber's address, of a form that can be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// As the subscriber wrote it.
    pub url: String,
    /// Whether it is HTTPS.
    pub is_https: bool,
}

/// What is wrong with a subscriber's address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("dest: got `{got}`, expected {expected}")]
pub struct DestinationError {
    /// The address, at most 200 characters.
    pub got: String,
    /// What was expected.
    pub expected: &'static str,
}

impl Destination {
    /// Reads an address; where it leads to is not looked up here.
    ///
    /// # Errors
    ///
    /// [`DestinationError`].
    pub fn parse(text: &str, own_networks: &[Cidr]) -> Result<Self, DestinationError> {
        let wrong = |expected| DestinationError { got: text.chars().take(200).collect(), expected };
        let form =
            "an address that begins with https://, without user name, at most 2048 characters";
        if text.len() > LONGEST || text.contains('#') {
            return Err(wrong(form));
        }
        let uri: Uri = text.parse().map_err(|_| wrong(form))?;
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if !own_networks.is_empty() => false,
            _ => return Err(wrong(form)),
        };
        let authority = uri.authority().ok_or_else(|| wrong(form))?;
        let host = authority.host();
        if authority.as_str().contains('@') || host.is_empty() || authority.port_u16() == Some(0) {
            return Err(wrong(form));
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>()
            && !may_reach(address, is_https, own_networks)
        {
            return Err(wrong("a public address; this one is reserved for networks of one's own"));
        }
        Ok(Self { url: text.to_owned(), is_https })
    }
}

/// Whether a message may be sent to this address.
///
/// - `own_networks`: those that the configuration names.
#[must_use]
pub fn may_reach(address: IpAddr, is_https: bool, own_networks: &[Cidr]) -> bool {
    let address = address.to_canonical();
    own_networks.iter().any(|network| network.contains(address)) || is_https && is_public(address)
}

/// Whether an address belongs to the public network.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && b & 0xc0 == 64;
    let is_protocol = (a, b, c) == (192, 0, 0) || (a, b, c) == (192, 88, 99);
    let is_benchmark = a == 198 && b & 0xfe == 18;
    !(a == 0
        || a >= 224
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || is_shared
        || is_protocol
        || is_benchmark)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let inner = |high: u16, low: u16| {
        is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
    };
    match segments {
        // IPv4-mapped, NAT64, 6to4: the address inside decides.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            inner(high, low)
        }
        [0x2002, high, low, ..] => inner(high, low),
        // Teredo, protocols, benchmarks, ORCHID, documentation.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        // Global unicast is 2000::/3; all else is special.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_enough_and_no_address_of_an_inner_network_is_reached() {
        for inner in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "3fff::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
        ] {
            let address: IpAddr = inner.parse().unwrap();
            assert!(!may_reach(address, true, &[]), "{inner}");
        }
        for public in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::1",
            "2001:200::1",
        ] {
            let address: IpAddr = public.parse().unwrap();
            assert!(may_reach(address, true, &[]), "{public}");
            assert!(!may_reach(address, false, &[]), "{public} without TLS");
        }
        let own = ["127.0.0.0/8".parse().unwrap()];
        for (address, is_https, expected) in [
            ("127.0.0.1", false, true),
            ("::ffff:127.0.0.1", false, true),
            ("10.0.0.1", true, false),
            ("1.1.1.1", false, false),
        ] {
            assert_eq!(may_reach(address.parse().unwrap(), is_https, &own), expected, "{address}");
        }
    }

    #[test]
    fn an_address_that_is_no_https_address_of_a_public_host_is_refused() {
        for good in [
            "https://partner.example/hook",
            "https://partner.example:8443/a?b=c",
            "https://[2606:4700::1]/",
        ] {
            assert!(Destination::parse(good, &[]).is_ok(), "{good}");
        }
        let long = format!("https://partner.example/{}", "a".repeat(2048));
        for bad in [
            "",
            "partner.example/hook",
            "/hook",
            "http://partner.example/",
            "ftp://partner.example/",
            "https://user@partner.example/",
            "https://user:secret@partner.example/",
            "https://partner.example:0/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://169.254.169.254/latest",
            "https://10.0.0.1:9/",
            "https://partner.example/#part",
            "file:///etc/passwd",
            &*long,
        ] {
            let error = Destination::parse(bad, &[]).unwrap_err().to_string();
            assert!(error.starts_with("dest: got `"), "{bad}: {error}");
        }
        let own = ["127.0.0.1".parse().unwrap()];
        assert!(Destination::parse("http://127.0.0.1:9/hook", &own).is_ok());
        assert!(Destination::parse("http://127.0.0.2:9/hook", &own).is_err());
    }
}
