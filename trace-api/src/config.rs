//! What trace-api works with: its settings, the policy, the secret of scans, names of products and places.
//!
//! The way through: [`resolve`] takes `[trace_api]` from the installation's configuration, loads policy and secret,
//! and gives a [`Config`] that holds no path but those of names, which are read again.
//!
//! What holds: every problem is reported, not only the first; the secret is never printed.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use gate::read_log;
use keystore::wrapped::{LEAST_SECRET, WrapKey};
use ledger::policy::Policy;
use process::config::problem::{read_named, read_policy};
use process::config::trace_api::TraceApiSection;
use process::config::{Installation, Problem, Problems};
use process::tls::{ClientFiles, Tls};
use tag_auth::key_set::PURPOSE;

use crate::names::{Names, Source};
use crate::network::Cidr;
use crate::scanner;

/// How much may be asked for, before the database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Requests of one source in a minute.
    pub requests_per_minute: u32,
    /// Codes without a record of one source in a minute.
    pub unknown_per_minute: u32,
    /// Requests of everybody in a second.
    pub requests_per_second: u32,
}

/// Everything trace-api needs, loaded and checked.
#[derive(Clone)]
pub struct Config {
    /// Address and port on which the public is answered.
    pub listen: SocketAddr,
    /// Certificate and key of that address; without them it speaks plain HTTP.
    pub tls: Option<Tls>,
    /// Address and port on which the operator is answered; loopback.
    pub internal_listen: SocketAddr,
    /// Base address under which people reach it, without a slash at the end.
    pub public_url: String,
    /// Trust roots.
    pub policy: Policy,
    /// Their text, as `/policy` shows it.
    pub policy_text: String,
    /// Secret under which devices are recognised again.
    pub scan_secret: Vec<u8>,
    /// What keys of chips are encrypted under; none if no chip is checked.
    pub tag_key: Option<WrapKey>,
    /// Proxies whose headers are accepted.
    pub trusted_proxies: Vec<Cidr>,
    /// Header in which they report where the client is, in lower case.
    pub place_header: Option<String>,
    /// Whether the public sees names of parties and places.
    pub show_parties: bool,
    /// Whether identified partners are answered queries at the public address.
    pub serve_queries: bool,
    /// Networks besides public addresses to which results of subscriptions may be sent.
    pub webhook_networks: Vec<Cidr>,
    /// Days after which scans are deleted.
    pub keep_scans_days: u16,
    /// How much may be asked.
    pub rates: Rates,
    /// Origin of the hub.
    pub hub: Option<String>,
    /// The ledger of reads.
    pub read_log: Option<read_log::Settings>,
    /// Providers whose tokens are accepted.
    pub gate: gate::Settings,
    /// Where people reach the operator about suspicions.
    pub report_contact: Option<String>,
    /// Whether suspicions are reported on our own page.
    pub takes_reports: bool,
    /// Days after which reports are deleted.
    pub keep_reports_days: u16,
    /// The reader of codes for browsers that have none.
    pub scanner: scanner::Found,
    /// Names of products and places, as they are now.
    pub names: Arc<Names>,
    /// Where these come from when they are read again; the only paths that are kept.
    pub names_source: Source,
}

impl fmt::Debug for Config {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Config")
            .field("listen", &self.listen)
            .field("public_url", &self.public_url)
            .field("hub", &self.hub)
            .finish_non_exhaustive()
    }
}

/// Loads policy and secret.
///
/// # Errors
///
/// Everything that is wrong, with section, key and value.
pub fn resolve(installation: &Installation) -> Result<Config, Problems> {
    let Some(section) = &installation.trace_api else {
        return Err(Problem::missing("[trace_api]", "trace-api").into());
    };
    let mut problems = Problems::default();
    let policy =
        problems.keep(read_policy("[trace_api]", "policy", &installation.at(&section.policy)));
    let scan_secret = problems.keep(load_secret(installation, "scan_secret", &section.scan_secret));
    let tag_key = problems.keep(tag_key(installation, section)).flatten();
    let trusted_proxies = problems.keep(networks("trusted_proxies", &section.trusted_proxies));
    let webhook_networks =
        problems.keep(networks("webhook_networks", &section.webhook_networks)).unwrap_or_default();
    let place_header = problems.keep(place_header(section));
    let (certificate, key) = (section.tls_certificate.as_deref(), section.tls_key.as_deref());
    let clients = ClientFiles {
        authorities: section.tls_client_ca.as_deref(),
        lists: section.tls_client_crl.as_deref(),
    };
    let tls = Tls::of_section(installation, "[trace_api]", (certificate, key), clients);
    let tls = problems.keep(tls).flatten();
    problems.keep(check_numbers(section));
    let origin = section.read_log.as_deref();
    let read_log = problems.keep(read_log::settings(installation, "[trace_api]", origin)).flatten();
    let gate = problems.keep(gate::settings::resolve(installation)).unwrap_or_default();
    let names_source = Source::of(installation, section);
    let names = problems.keep(names_source.load());
    let loaded = policy.zip(scan_secret).zip(trusted_proxies).zip(place_header).zip(names);
    let config =
        loaded.map(|(((((policy, policy_text), scan_secret), proxies), header), names)| Config {
            listen: section.listen,
            tls,
            internal_listen: section.internal_listen,
            public_url: section.public_url.trim_end_matches('/').to_owned(),
            policy,
            policy_text,
            scan_secret,
            tag_key,
            trusted_proxies: proxies,
            place_header: header,
            show_parties: section.show_parties,
            serve_queries: section.serve_queries,
            webhook_networks,
            keep_scans_days: section.keep_scans_days,
            rates: Rates {
                requests_per_minute: section.requests_per_minute,
                unknown_per_minute: section.unknown_per_minute,
                requests_per_second: section.requests_per_second,
            },
            hub: section.hub.clone(),
            read_log,
            gate,
            report_contact: section.report_contact.clone(),
            takes_reports: section.takes_reports,
            keep_reports_days: section.keep_reports_days,
            scanner: scanner_of(installation, section),
            names: Arc::new(names),
            names_source,
        });
    problems.unless_any(config)
}

/// The reader of codes that the section names; nothing if it names none.
fn scanner_of(installation: &Installation, section: &TraceApiSection) -> scanner::Found {
    let folder = section.scanner.as_ref().map(|folder| installation.at(folder));
    folder.as_deref().map(scanner::Found::in_folder).unwrap_or_default()
}

fn load_secret(installation: &Installation, key: &str, path: &Path) -> Result<Vec<u8>, Problem> {
    let path = installation.at(path);
    let text = read_named("[trace_api]", key, &path)?;
    let secret = text.trim().as_bytes();
    if secret.len() < LEAST_SECRET {
        let got = format!("{} bytes in {}", secret.len(), path.display());
        let expected = format!("at least {LEAST_SECRET} bytes");
        return Err(Problem::value("[trace_api]", key, got, expected));
    }
    Ok(secret.to_vec())
}

/// What keys of chips are encrypted under, for the process and for the command that imports them; none if no secret is configured.
///
/// # Errors
///
/// If the file of `tag_secret` cannot be read or is too short.
pub fn tag_key(
    installation: &Installation,
    section: &TraceApiSection,
) -> Result<Option<WrapKey>, Problem> {
    let Some(path) = &section.tag_secret else { return Ok(None) };
    Ok(WrapKey::of_secret(&load_secret(installation, "tag_secret", path)?, PURPOSE))
}

/// The networks that a key lists.
fn networks(key: &str, texts: &[String]) -> Result<Vec<Cidr>, Problems> {
    let mut problems = Problems::default();
    let parsed = |text: &String| {
        text.parse().map_err(|expected: &'static str| {
            Problem::value("[trace_api]", key, format!("`{text}`"), expected)
        })
    };
    let networks: Vec<Cidr> = texts.iter().filter_map(|text| problems.keep(parsed(text))).collect();
    problems.unless_any(Some(networks))
}

fn place_header(section: &TraceApiSection) -> Result<Option<String>, Problem> {
    let Some(name) = &section.place_header else { return Ok(None) };
    let lower = name.to_ascii_lowercase();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_other = ["x-forwarded-for", "user-agent", "accept", "accept-language", "cookie", "host"]
        .contains(&&*lower);
    if lower.is_empty() || !lower.chars().all(is_name) || is_other {
        let expected = "the name of a header of its own, letters, digits and `-`";
        return Err(Problem::value("[trace_api]", "place_header", format!("`{name}`"), expected));
    }
    Ok(Some(lower))
}

/// Checks what is a number or an address, all of it.
fn check_numbers(section: &TraceApiSection) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let mut check = |key: &str, got: u32, least: u32, most: u32| {
        if !(least..=most).contains(&got) {
            problems.push(Problem::value("[trace_api]", key, got, format!("{least} to {most}")));
        }
    };
    check("keep_scans_days", u32::from(section.keep_scans_days), 9, 3650);
    check("keep_reports_days", u32::from(section.keep_reports_days), 30, 3650);
    check("requests_per_minute", section.requests_per_minute, 10, 1_000_000);
    check("unknown_per_minute", section.unknown_per_minute, 1, 1_000_000);
    check("requests_per_second", section.requests_per_second, 1, 1_000_000);
    if !section.internal_listen.ip().is_loopback() {
        let expected = "an address of the loopback interface: nobody is asked who they are there";
        let got = section.internal_listen;
        problems.push(Problem::value("[trace_api]", "internal_listen", got, expected));
    }
    if section.internal_listen == section.listen && section.listen.port() != 0 {
        let expected = "another address and port than `listen`";
        let got = section.internal_listen;
        problems.push(Problem::value("[trace_api]", "internal_listen", got, expected));
    }
    problems.unless_any(Some(()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_problem_is_reported_with_section_key_value_and_what_was_expected() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("policy.txt"), "quorum none\nlogs x\n").unwrap();
        fs::write(folder.path().join("scan.secret"), "too short\n").unwrap();
        let text = "[trace_api]\npublic_url = \"https://id.example/\"\npolicy = \"policy.txt\"\n\
                    scan_secret = \"scan.secret\"\n";
        let bad = "tag_secret = \"scan.secret\"\ninternal_listen = \"0.0.0.0:8086\"\ntrusted_proxies = [\"10.0.0.0/8\", \"10.0.0.0/33\", \"x\"]\n\
                   place_header = \"X-Forwarded-For\"\nkeep_scans_days = 8\nkeep_reports_days = 29\nunknown_per_minute = 0\n\
                   [[trace_api.product]]\ngtin = \"04012345111118\"\nname_zh = \"x\"\nname_en = \"x\"\npack_zh = \"\"\n\
                   pack_en = \"\"\nrecall_url = \"javascript:alert(1)\"\n";
        let resolved = |more: &str| {
            let text = &format!("{text}{more}");
            let file = folder.path().join("chopmark.toml");
            Installation::parse(&file, text).and_then(|installation| resolve(&installation))
        };
        let found = resolved(bad).unwrap_err().to_string();
        for words in [
            "[trace_api] policy: ",
            "policy.txt: policy line 2: ",
            "[trace_api] scan_secret: got 9 bytes in ",
            "expected at least 16 bytes",
            "[trace_api] tag_secret: got 9 bytes in ",
            "[trace_api] internal_listen: got 0.0.0.0:8086, expected an address of the loopback",
            "[trace_api] trusted_proxies: got `10.0.0.0/33`, expected an address, or",
            "[trace_api] trusted_proxies: got `x`, expected an address, or",
            "[trace_api] place_header: got `X-Forwarded-For`, expected the name of a header of its own",
            "[trace_api] keep_scans_days: got 8, expected 9 to 3650",
            "[trace_api] keep_reports_days: got 29, expected 30 to 3650",
            "[trace_api] unknown_per_minute: got 0, expected 1 to 1000000",
            "[[trace_api.product]] `04012345111118` recall_url: got `javascript:alert(1)`, expected an address that begins",
        ] {
            assert!(found.contains(words), "`{words}` is not in:\n{found}");
        }
        fs::write(folder.path().join("policy.txt"), "quorum none\n").unwrap();
        fs::write(folder.path().join("scan.secret"), "0123456789abcdef\n").unwrap();
        let config = resolved("").unwrap();
        assert_eq!(config.public_url, "https://id.example");
        assert_eq!(config.internal_listen.to_string(), "127.0.0.1:8086");
        assert!(!config.show_parties && config.place_header.is_none() && config.tag_key.is_none());
        let same = resolved("internal_listen = \"127.0.0.1:8084\"\n").unwrap_err().to_string();
        assert!(same.contains("expected another address and port than `listen`"), "{same}");
        assert!(!format!("{config:?}").contains("0123456789"), "{config:?}");
    }
}
