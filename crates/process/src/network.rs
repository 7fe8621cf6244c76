//! Addresses of clients: which one a request comes from, and the networks in which they are counted.
//!
//! What holds: an address that a client wrote itself is never taken for its own: of `X-Forwarded-For` only what a
//! trusted proxy appended is read, from the end.
//!
//! Source: RFC 4291 (IPv6), RFC 4632 (CIDR); MDN on `X-Forwarded-For` and its last untrusted address.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A network: an address and the number of leading bits that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    address: IpAddr,
    bits: u8,
}

impl Cidr {
    /// The network of `bits` leading bits that `address` is in.
    fn of(address: IpAddr, bits: u8) -> Self {
        let address = match address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
        };
        Self { address, bits }
    }

    /// What one subscriber usually has: an IPv4 address, an IPv6 network of 64 bits.
    #[must_use]
    pub fn source_of(address: IpAddr) -> Self {
        Self::of(address, if address.is_ipv4() { 32 } else { 64 })
    }

    /// What one place or provider usually has: 24 bits of IPv4, 48 of IPv6.
    #[must_use]
    pub fn network_of(address: IpAddr) -> Self {
        Self::of(address, if address.is_ipv4() { 24 } else { 48 })
    }

    /// Whether `address` is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4() && Self::of(address, self.bits) == *self
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.address, self.bits)
    }
}

impl FromStr for Cidr {
    /// What was expected.
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "an address, or a network such as `10.0.0.0/8`";
        let (address, bits) = text.split_once('/').unwrap_or((text, ""));
        let address = address.parse::<IpAddr>().map_err(|_| expected)?.to_canonical();
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = if text.contains('/') { bits.parse().map_err(|_| expected)? } else { most };
        if bits > most {
            return Err(expected);
        }
        Ok(Self::of(address, bits))
    }
}

/// The address of the client: the peer, or the last one in `forwarded` that is no trusted proxy.
///
/// - `forwarded`: the values of all `X-Forwarded-For` headers, in order. Whatever stands before the first address
///   that is not trusted, or is no address, was written by somebody else and is not read.
#[must_use]
pub fn client_address(peer: IpAddr, forwarded: &[&str], trusted: &[Cidr]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|cidr| cidr.contains(address));
    let mut client = peer.to_canonical();
    let hops = forwarded.iter().rev().flat_map(|value| value.rsplit(','));
    for hop in hops {
        if !is_trusted(client) {
            break;
        }
        let Some(address) = hop_address(hop.trim()) else { break };
        client = address;
    }
    client
}

/// An address as proxies write it: alone, with a port, in brackets.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let alone = hop.parse::<IpAddr>().ok();
    let with_port = || hop.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    let in_brackets = || hop.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    alone.or_else(with_port).or_else(in_brackets).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_client_is_the_last_address_that_is_no_trusted_proxy() {
        let trusted: Vec<Cidr> =
            ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"].map(|text| text.parse().unwrap()).into();
        for (peer, forwarded, client) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &["203.0.113.7"], "203.0.113.7"),
            ("127.0.0.1", &["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
            ("127.0.0.1", &["198.51.100.1", "203.0.113.7, 10.1.2.3"], "203.0.113.7"),
            ("127.0.0.1", &["203.0.113.7", "unknown"], "127.0.0.1"),
            ("127.0.0.1", &["203.0.113.7, , 10.0.0.1"], "10.0.0.1"),
            ("127.0.0.1", &["10.0.0.1, 10.0.0.2"], "10.0.0.1"),
            ("127.0.0.1", &["203.0.113.7:4711"], "203.0.113.7"),
            ("::ffff:127.0.0.1", &["::ffff:203.0.113.7"], "203.0.113.7"),
            ("2001:db8::1", &["[2001:db9::7]:443"], "2001:db9::7"),
            ("2001:db8::1", &["[2001:db9::7]"], "2001:db9::7"),
        ] {
            let found = client_address(ip(peer), forwarded, &trusted);
            assert_eq!(found, ip(client), "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn sources_and_networks_are_counted_by_their_leading_bits() {
        for (address, source, network) in [
            ("203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"),
            ("2001:db8:1:2:3::4", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ] {
            assert_eq!(Cidr::source_of(ip(address)).to_string(), source);
            assert_eq!(Cidr::network_of(ip(address)).to_string(), network);
        }
    }

    #[test]
    fn a_network_is_read_with_or_without_bits() {
        let any: Cidr = "0.0.0.0/0".parse().unwrap();
        assert!(any.contains(ip("203.0.113.7")) && !any.contains(ip("::1")));
        let one: Cidr = "::1".parse().unwrap();
        assert!(one.contains(ip("::1")) && !one.contains(ip("::2")));
        for bad in ["", "x", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0.0/8/8"] {
            assert!(bad.parse::<Cidr>().is_err(), "{bad}");
        }
    }
}
