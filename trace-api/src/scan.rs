//! Who scans: a hash of the device, a role, a place, and nothing more.
//!
//! What holds: a forwarded address or a place is used only if a configured proxy sent it; no address is stored.

use std::net::IpAddr;

use actix_web::HttpRequest;
use jiff::Timestamp;
use ledger::hash::hmac_sha256;
use percent_encoding::percent_decode_str;
use sql::scans::{Place, Scan};

use crate::config::Config;

/// Parts of `User-Agent` by which robots and link previews are recognised.
const ROBOTS: [&str; 12] = [
    "bot",
    "crawl",
    "spider",
    "preview",
    "facebookexternalhit",
    "whatsapp",
    "slack",
    "telegram",
    "curl",
    "wget",
    "headlesspreview",
    "monitor",
];

/// Who sent a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanRole {
    /// A person with a browser.
    Consumer,
    /// A robot or a link preview; its scans take part in no rule.
    Robot,
}

impl ScanRole {
    /// Its code in stored scans and metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Consumer => "consumer",
            Self::Robot => "robot",
        }
    }
}

/// A scan before it is answered.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanRequest {
    /// When.
    pub at: Timestamp,
    /// Keyed hash of address and browser.
    pub device: Vec<u8>,
    /// Who.
    pub role: ScanRole,
    /// Where, as a configured proxy reported.
    pub place: Option<Place>,
    /// Network address, for rate limits only; never stored.
    pub address: IpAddr,
}

impl ScanRequest {
    /// Reads a request.
    #[must_use]
    pub fn of(request: &HttpRequest, config: &Config, at: Timestamp) -> Self {
        let header = |name: &str| {
            request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        let peer = request.peer_addr().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.ip());
        let is_trusted = config.trusted_proxies.contains(&peer);
        let forwarded =
            header("X-Forwarded-For").split(',').next().unwrap_or_default().trim().parse();
        let address = forwarded.ok().filter(|_| is_trusted).unwrap_or(peer);
        let agent = header("User-Agent");
        let lower = agent.to_ascii_lowercase();
        let is_robot = agent.is_empty() || ROBOTS.iter().any(|part| lower.contains(part));
        let device = hmac_sha256(&config.scan_secret, format!("{address}\n{agent}").as_bytes())
            [..16]
            .to_vec();
        Self {
            at,
            device,
            role: if is_robot { ScanRole::Robot } else { ScanRole::Consumer },
            place: is_trusted.then(|| place(header("Chopmark-Place"))).flatten(),
            address,
        }
    }

    /// The scan to store.
    ///
    /// - `item`: URI of the item, or the Digital Link of an unknown code.
    /// - `verdict`: code of the answer.
    #[must_use]
    pub fn scan(&self, item: &str, verdict: &str) -> Scan {
        Scan {
            item: item.to_owned(),
            at: self.at,
            device: self.device.clone(),
            role: self.role.code().to_owned(),
            place: self.place.clone(),
            verdict: verdict.to_owned(),
        }
    }
}

/// `name;latitude;longitude;uncertainty in km`, the name with percent escapes.
fn place(text: &str) -> Option<Place> {
    let parts: Vec<&str> = text.split(';').collect();
    let [name, latitude, longitude, uncertainty] = parts[..] else { return None };
    let name = percent_decode_str(name).decode_utf8().ok()?.into_owned();
    let latitude: f64 = latitude.parse().ok()?;
    let longitude: f64 = longitude.parse().ok()?;
    let uncertainty_km: f32 = uncertainty.parse().ok()?;
    let is_sane = (-90.0..=90.0).contains(&latitude)
        && (-180.0..=180.0).contains(&longitude)
        && (0.0..=20_000.0).contains(&uncertainty_km)
        && name.len() <= 100;
    is_sane.then_some(Place { name, latitude, longitude, uncertainty_km })
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use actix_web::test::TestRequest;

    use super::*;
    use crate::testing::config;

    /// The request as trace-api sees it, from the peer 127.0.0.1.
    fn read(headers: &[(&str, &str)], trusted: &[IpAddr]) -> ScanRequest {
        let peer = SocketAddr::from(([127, 0, 0, 1], 40000));
        let mut request = TestRequest::get().peer_addr(peer);
        for (name, value) in headers {
            request = request.insert_header((*name, *value));
        }
        let config = Config { trusted_proxies: trusted.to_vec(), ..config(String::new()) };
        ScanRequest::of(&request.to_http_request(), &config, Timestamp::UNIX_EPOCH)
    }

    const PROXY: [IpAddr; 1] = [IpAddr::V4(Ipv4Addr::LOCALHOST)];

    #[test]
    fn a_forwarded_address_and_a_place_are_used_only_from_a_configured_proxy() {
        let headers = [
            ("X-Forwarded-For", "203.0.113.7, 10.0.0.1"),
            ("Chopmark-Place", "Shanghai;31.23;121.47;20"),
        ];
        let trusted = read(&headers, &PROXY);
        assert_eq!(trusted.address, IpAddr::from([203, 0, 113, 7]));
        assert_eq!(trusted.place.map(|place| place.name).as_deref(), Some("Shanghai"));
        let direct = read(&headers, &[]);
        assert_eq!((direct.address, direct.place), (IpAddr::from([127, 0, 0, 1]), None));
        let malformed = read(&[("X-Forwarded-For", "unknown")], &PROXY);
        assert_eq!(malformed.address, IpAddr::from([127, 0, 0, 1]));
    }

    #[test]
    fn a_device_is_a_keyed_hash_of_address_and_browser() {
        let device = |address, agent| {
            read(&[("X-Forwarded-For", address), ("User-Agent", agent)], &PROXY).device
        };
        let phone = device("203.0.113.7", "Phone");
        assert_eq!(phone.len(), 16);
        assert_eq!(phone, device("203.0.113.7", "Phone"));
        assert_ne!(phone, device("203.0.113.8", "Phone"));
        assert_ne!(phone, device("203.0.113.7", "Phone 2"));
    }

    #[test]
    fn robots_and_link_previews_are_recognised_by_their_browser() {
        for (agent, role) in [
            ("Mozilla/5.0 (Linux; Android 14) Mobile", ScanRole::Consumer),
            ("Googlebot/2.1", ScanRole::Robot),
            ("WhatsApp/2.23", ScanRole::Robot),
            ("curl/8.5", ScanRole::Robot),
            ("", ScanRole::Robot),
        ] {
            assert_eq!(read(&[("User-Agent", agent)], &[]).role, role, "{agent}");
        }
    }

    #[test]
    fn a_place_is_read_or_left_out() {
        let found = place("%E4%B8%8A%E6%B5%B7;31.23;121.47;20").unwrap();
        assert_eq!((found.name.as_str(), found.uncertainty_km), ("上海", 20.0));
        for bad in ["", "x;1;2", "x;91;0;1", "x;a;0;1", "x;0;0;-1", "%ff;0;0;1"] {
            assert_eq!(place(bad), None, "{bad}");
        }
    }
}
