//! Who scans: a network, a browser, a role, a place, and of these only marks and the place are kept.
//!
//! What holds: a forwarded address or a place is used only if a configured proxy sent it, and a place only from the
//! header that is configured and that came once; no address is stored.
//!
//! Not here: marks ([`crate::marks`]), addresses and networks ([`crate::network`]).

use std::net::IpAddr;

use actix_web::{HttpMessage as _, HttpRequest};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use sql::scans::{Place, Scan};

use crate::config::Config;
use crate::marks::{MarkKeys, Marks};
use crate::network::client_address;

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
/// Most bytes of `User-Agent` that tell browsers apart.
const MAX_AGENT: usize = 512;

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

/// Path and query of a request as they were sent, before slashes at the end of its path were taken away.
#[derive(Debug, Clone)]
pub struct Target(pub String);

/// A scan before it is answered.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanRequest {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub role: ScanRole,
    /// Where, as a configured proxy reported.
    pub place: Option<Place>,
    /// In which country, as it reported: a code of ISO 3166-1 in two capitals; never stored but as evidence of a hint.
    pub country: Option<String>,
    /// Network address, for limits and marks only; never stored.
    pub address: IpAddr,
    /// Browser, for marks only; never stored.
    pub agent: String,
    /// [`Target`]; never stored.
    pub target: String,
}

/// The address of the client of a request.
#[must_use]
pub fn address_of(request: &HttpRequest, config: &Config) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.ip());
    let forwarded: Vec<&str> = request
        .headers()
        .get_all("X-Forwarded-For")
        .map(|value| value.to_str().unwrap_or_default())
        .collect();
    client_address(peer, &forwarded, &config.trusted_proxies)
}

fn target_of(request: &HttpRequest) -> String {
    let sent = request.extensions().get::<Target>().map(|target| target.0.clone());
    sent.unwrap_or_else(|| request.uri().to_string())
}

/// Where the client is, as a trusted proxy says in the configured header, and in which country.
fn place_of(request: &HttpRequest, config: &Config) -> Option<(Place, Option<String>)> {
    let peer = request.peer_addr()?.ip().to_canonical();
    if !config.trusted_proxies.iter().any(|proxy| proxy.contains(peer)) {
        return None;
    }
    // Two of them: one may be the client's own.
    let mut values = request.headers().get_all(config.place_header.as_deref()?);
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    place(value.to_str().ok()?)
}

impl ScanRequest {
    /// Reads a request.
    #[must_use]
    pub fn of(request: &HttpRequest, config: &Config, at: Timestamp) -> Self {
        let agent = request.headers().get("User-Agent").and_then(|value| value.to_str().ok());
        let agent: String = agent.unwrap_or_default().chars().take(MAX_AGENT).collect();
        let lower = agent.to_ascii_lowercase();
        let is_robot = agent.is_empty() || ROBOTS.iter().any(|part| lower.contains(part));
        let (place, country) = place_of(request, config).unzip();
        Self {
            at,
            role: if is_robot { ScanRole::Robot } else { ScanRole::Consumer },
            place,
            country: country.flatten(),
            address: address_of(request, config),
            agent,
            target: target_of(request),
        }
    }

    /// Its marks as a scan of `item`: the same for every spelling, which the parties that record the item choose.
    #[must_use]
    pub fn marks(&self, item: &str, keys: &MarkKeys) -> Marks {
        keys.marks(&epc::thing_key(item), self.at, self.address, &self.agent)
    }

    /// The scan to store.
    ///
    /// - `item`: URI of the item, or the Digital Link of an unknown code.
    /// - `marks`: of this scan of it.
    /// - `verdict`: code of the answer.
    #[must_use]
    pub fn scan(&self, item: &str, marks: Marks, verdict: &str) -> Scan {
        let Marks { device, network } = marks;
        Scan {
            item: item.to_owned(),
            at: self.at,
            device,
            network,
            role: self.role.code().to_owned(),
            place: self.place.clone(),
            verdict: verdict.to_owned(),
        }
    }
}

/// `name;latitude;longitude;uncertainty in km`, the name with percent escapes; with `;country` behind it, or without.
fn place(text: &str) -> Option<(Place, Option<String>)> {
    let parts: Vec<&str> = text.split(';').collect();
    let (parts, country) = match parts[..] {
        [.., country] if parts.len() == 5 => (&parts[..4], Some(country)),
        _ => (&parts[..], None),
    };
    let &[name, latitude, longitude, uncertainty] = parts else { return None };
    let name = percent_decode_str(name).decode_utf8().ok()?.into_owned();
    let latitude: f64 = latitude.parse().ok()?;
    let longitude: f64 = longitude.parse().ok()?;
    let uncertainty_km: f32 = uncertainty.parse().ok()?;
    let is_sane = (-90.0..=90.0).contains(&latitude)
        && (-180.0..=180.0).contains(&longitude)
        && (0.0..=20_000.0).contains(&uncertainty_km)
        && name.len() <= 100
        && !name.chars().any(char::is_control);
    let is_code =
        |code: &&str| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    let country = country.filter(is_code).map(str::to_owned);
    is_sane.then_some((Place { name, latitude, longitude, uncertainty_km }, country))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use actix_web::test::TestRequest;

    use super::*;
    use crate::testing::config;

    /// The request as trace-api sees it, from the peer 127.0.0.1.
    fn read(headers: &[(&str, &str)], trusted: &[&str]) -> ScanRequest {
        let peer = SocketAddr::from(([127, 0, 0, 1], 40000));
        let mut request = TestRequest::get().peer_addr(peer);
        for (name, value) in headers {
            request = request.append_header((*name, *value));
        }
        let config = Config {
            trusted_proxies: trusted.iter().map(|text| text.parse().unwrap()).collect(),
            place_header: Some("x-place".into()),
            ..config(String::new())
        };
        ScanRequest::of(&request.to_http_request(), &config, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_place_is_used_only_from_a_trusted_proxy_in_the_configured_header_and_alone() {
        let shanghai = ("X-Place", "Shanghai;31.23;121.47;20");
        let name = |headers: &[(&str, &str)], trusted: &[&str]| {
            read(headers, trusted).place.map(|place| place.name)
        };
        assert_eq!(name(&[shanghai], &["127.0.0.1"]).as_deref(), Some("Shanghai"));
        assert_eq!(name(&[shanghai], &[]), None, "not from a proxy");
        assert_eq!(name(&[("Chopmark-Place", shanghai.1)], &["127.0.0.1"]), None, "another header");
        let twice = [shanghai, ("X-Place", "Chengdu;30.57;104.07;20")];
        assert_eq!(name(&twice, &["127.0.0.1"]), None, "one may be the client's");
    }

    #[test]
    fn all_forwarding_headers_are_one_list_of_which_the_end_counts() {
        let headers =
            [("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-For", "203.0.113.7, 10.0.0.1")];
        let trusted = read(&headers, &["127.0.0.1", "10.0.0.0/8"]);
        assert_eq!(trusted.address, IpAddr::from([203, 0, 113, 7]));
        assert_eq!(read(&headers, &[]).address, IpAddr::from([127, 0, 0, 1]));
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
        let (found, country) = place("%E4%B8%8A%E6%B5%B7;31.23;121.47;20").unwrap();
        assert_eq!((found.name.as_str(), found.uncertainty_km, country), ("上海", 20.0, None));
        for (code, expected) in [("CN", Some("CN")), ("cn", None), ("", None), ("156", None)] {
            let (_, country) = place(&format!("x;31.23;121.47;20;{code}")).unwrap();
            assert_eq!(country.as_deref(), expected, "{code}");
        }
        assert_eq!(place("x;31.23;121.47;20;CN;SG"), None);
        for bad in
            ["", "x;1;2", "x;91;0;1", "x;a;0;1", "x;0;0;-1", "x;NaN;0;1", "%ff;0;0;1", "%00;0;0;1"]
        {
            assert_eq!(place(bad), None, "{bad}");
        }
    }
}
