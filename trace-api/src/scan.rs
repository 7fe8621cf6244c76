//! Who looks: a device mark, a role, a place, and nothing more.
//!
//! What holds: a forwarded address or a place is believed only from a configured proxy; no address is kept.

use std::net::IpAddr;

use actix_web::HttpRequest;
use jiff::Timestamp;
use ledger::hash::hmac_sha256;
use percent_encoding::percent_decode_str;
use sql::scans::{Place, Scan};

use crate::config::Config;

/// Parts of browser names by which robots and link previews are known.
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

/// A look at a tag, before it is answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// When.
    pub at: Timestamp,
    /// Keyed hash of address and browser.
    pub device: Vec<u8>,
    /// `consumer` or `robot`.
    pub role: &'static str,
    /// Where, as a trusted proxy told.
    pub place: Option<Place>,
    /// Address, for rate limits only.
    pub address: IpAddr,
}

impl Look {
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
            role: if is_robot { "robot" } else { "consumer" },
            place: is_trusted.then(|| place(header("Chopmark-Place"))).flatten(),
            address,
        }
    }

    /// The scan to store.
    #[must_use]
    pub fn scan(&self, item: &str, verdict: &str) -> Scan {
        Scan {
            item: item.to_owned(),
            at: self.at,
            device: self.device.clone(),
            role: self.role.to_owned(),
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
    use super::*;

    #[test]
    fn a_place_is_read_or_left_out() {
        let found = place("%E4%B8%8A%E6%B5%B7;31.23;121.47;20").unwrap();
        assert_eq!((found.name.as_str(), found.uncertainty_km), ("上海", 20.0));
        for bad in ["", "x;1;2", "x;91;0;1", "x;a;0;1", "x;0;0;-1", "%ff;0;0;1"] {
            assert_eq!(place(bad), None, "{bad}");
        }
    }
}
