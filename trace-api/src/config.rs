//! What trace-api works with: its settings, the policy, the secret of scans, names of products and places.
//!
//! The way through: [`resolve`] takes `[trace_api]` from the installation's configuration, loads policy and secret,
//! and gives a [`Config`] that holds no path.
//!
//! What holds: every problem is reported, not only the first; the secret is never printed.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use ledger::policy::Policy;
use process::config::problem::{read_named, read_policy};
use process::config::trace_api::TraceApiSection;
use process::config::{Installation, Problem, Problems};

/// Fewest bytes of the secret of scans.
const LEAST_SECRET: usize = 16;

/// A product, as pages name it.
#[derive(Debug, Clone)]
pub struct Product {
    /// GTIN, 14 digits.
    pub gtin: String,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
    /// Features of the pack to compare by eye, Chinese.
    pub pack_zh: String,
    /// Features of the pack to compare by eye, English.
    pub pack_en: String,
}

/// A place, as pages name it.
#[derive(Debug, Clone)]
pub struct PlaceName {
    /// SGLN URI.
    pub sgln: String,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
}

/// Everything trace-api needs, loaded and checked.
#[derive(Clone)]
pub struct Config {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Base address under which people reach it, without a slash at the end.
    pub public_url: String,
    /// Trust roots.
    pub policy: Policy,
    /// Their text, as `/policy` shows it.
    pub policy_text: String,
    /// Secret under which devices are recognised again.
    pub scan_secret: Vec<u8>,
    /// Addresses whose forwarding headers are accepted.
    pub trusted_proxies: Vec<IpAddr>,
    /// Origin of the hub.
    pub hub: Option<String>,
    /// Where people report suspicions.
    pub report_contact: Option<String>,
    /// Products.
    pub products: Vec<Product>,
    /// Places.
    pub places: Vec<PlaceName>,
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
    let scan_secret = problems.keep(load_secret(installation, section));
    let config = policy.zip(scan_secret).map(|((policy, policy_text), scan_secret)| Config {
        listen: section.listen,
        public_url: section.public_url.trim_end_matches('/').to_owned(),
        policy,
        policy_text,
        scan_secret,
        trusted_proxies: section.trusted_proxies.clone(),
        hub: section.hub.clone(),
        report_contact: section.report_contact.clone(),
        products: products(section),
        places: places(section),
    });
    problems.unless_any(config)
}

fn load_secret(installation: &Installation, section: &TraceApiSection) -> Result<Vec<u8>, Problem> {
    let path = installation.at(&section.scan_secret);
    let text = read_named("[trace_api]", "scan_secret", &path)?;
    let secret = text.trim().as_bytes();
    if secret.len() < LEAST_SECRET {
        let got = format!("{} bytes in {}", secret.len(), path.display());
        let expected = format!("at least {LEAST_SECRET} bytes");
        return Err(Problem::value("[trace_api]", "scan_secret", got, expected));
    }
    Ok(secret.to_vec())
}

fn products(section: &TraceApiSection) -> Vec<Product> {
    let product = |from: &process::config::trace_api::ProductSection| Product {
        gtin: from.gtin.clone(),
        name_zh: from.name_zh.clone(),
        name_en: from.name_en.clone(),
        pack_zh: from.pack_zh.clone(),
        pack_en: from.pack_en.clone(),
    };
    section.products.iter().map(product).collect()
}

fn places(section: &TraceApiSection) -> Vec<PlaceName> {
    let place = |from: &process::config::trace_api::PlaceSection| PlaceName {
        sgln: from.sgln.clone(),
        name_zh: from.name_zh.clone(),
        name_en: from.name_en.clone(),
    };
    section.places.iter().map(place).collect()
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
        let resolved = || {
            let file = folder.path().join("chopmark.toml");
            Installation::parse(&file, text).and_then(|installation| resolve(&installation))
        };
        let found = resolved().unwrap_err().to_string();
        for words in [
            "[trace_api] policy: ",
            "policy.txt: policy line 2: ",
            "[trace_api] scan_secret: got 9 bytes in ",
            "expected at least 16 bytes",
        ] {
            assert!(found.contains(words), "`{words}` is not in:\n{found}");
        }
        fs::write(folder.path().join("policy.txt"), "quorum none\n").unwrap();
        fs::write(folder.path().join("scan.secret"), "0123456789abcdef\n").unwrap();
        let config = resolved().unwrap();
        assert_eq!(config.public_url, "https://id.example");
        assert!(!format!("{config:?}").contains("0123456789"), "{config:?}");
    }
}
