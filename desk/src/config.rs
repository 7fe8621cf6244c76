//! What the desk works with: its addresses, how browsers reach it, and how people log in.
//!
//! The way through: [`resolve`] takes `[desk]` and `[[oidc]]` from the installation's configuration.
//!
//! What holds: every problem is reported, not only the first; cookies go without TLS to this machine alone: where browsers are told an
//! address without TLS, that address and the one that is listened on are of this machine.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use access::Channel;
use actix_web::http::Uri;
use gate::read_log;
use jiff::SignedDuration;
use ledger::policy::Policy;
use process::config::desk::DeskSection;
use process::config::problem::read_policy;
use process::config::{Installation, Problem, Problems};
use process::network::Cidr;
use process::tls::Tls;

/// Where providers send browsers after a login.
pub const CALLBACK: &str = "/login/callback";

/// Most days for which reads of regulators are not told to operators.
const MOST_DELAY: u32 = 366;

/// Everything that the desk needs, loaded and checked.
#[derive(Clone)]
pub struct Config {
    /// Address and port on which people are answered.
    pub listen: SocketAddr,
    /// Certificate and key of that address; without them it speaks plain HTTP.
    pub tls: Option<Tls>,
    /// Address and port of readiness and metrics; loopback.
    pub internal_listen: SocketAddr,
    /// How browsers reach it.
    pub origin: Origin,
    /// Proxies whose headers are accepted.
    pub trusted_proxies: Vec<Cidr>,
    /// Whether people log in with a key.
    pub key_login: bool,
    /// Attempts to log in of one source in a minute.
    pub logins_per_minute: u32,
    /// Providers at which people log in.
    pub gate: gate::Settings,
    /// Trust roots, under which records are shown; none if the desk shows none.
    pub policy: Option<Policy>,
    /// Origin of the hub.
    pub hub: Option<String>,
    /// Where reads are recorded.
    pub read_log: Option<read_log::Settings>,
    /// For how long reads of regulators are not told to operators.
    pub read_delay: SignedDuration,
    /// Files that people export; none if nobody does.
    pub exports: Option<ExportSettings>,
}

/// Files that people export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportSettings {
    /// Where they are.
    pub folder: PathBuf,
    /// How long each is kept.
    pub keep: SignedDuration,
    /// Most bytes of one.
    pub most_bytes: u64,
    /// Address of a page that verifies bundles.
    pub verifier: Option<String>,
    /// The policy as its file writes it, for evidence packs.
    pub policy_text: String,
}

/// Without keys and policy.
impl fmt::Debug for Config {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = out.debug_struct("Config");
        out.field("listen", &self.listen).field("origin", &self.origin);
        out.field("hub", &self.hub).finish_non_exhaustive()
    }
}

/// How browsers reach us: what they write as `Origin`, and as `Host`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Scheme, host and port, as browsers serialise them: `https://desk.example.com`.
    pub text: String,
    /// Host and port: `desk.example.com`.
    pub host: String,
    /// Whether there is TLS.
    pub channel: Channel,
}

/// What `public_url` must be.
const EXPECTED: &str =
    "`https://` and a host, or `http://` and an address of this machine, without a path";

impl Origin {
    /// Reads an address without a path.
    ///
    /// # Errors
    ///
    /// What was expected.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.strip_suffix('/').unwrap_or(text).to_ascii_lowercase();
        let uri: Uri = text.parse().map_err(|_| EXPECTED)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(EXPECTED)?;
        let (channel, default_port) = match uri.scheme_str() {
            Some("https") => (Channel::Tls, 443),
            Some("http") if is_loopback(host) => (Channel::Loopback, 80),
            _ => return Err(EXPECTED),
        };
        // Browsers leave out the port that the scheme has anyway.
        let port = uri.port_u16().filter(|port| *port != default_port);
        let host = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let scheme = if channel == Channel::Tls { "https" } else { "http" };
        let rest = text.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://"));
        let is_bare = rest.is_some_and(|rest| {
            !rest.is_empty()
                && rest.chars().all(|c| c.is_ascii_alphanumeric() || "-._:[]".contains(c))
        });
        if !is_bare {
            return Err(EXPECTED);
        }
        Ok(Self { text: format!("{scheme}://{host}"), host, channel })
    }

    /// What the address begins with.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        match self.channel {
            Channel::Tls => "https://",
            Channel::Loopback => "http://",
        }
    }

    /// Where providers send browsers after a login.
    #[must_use]
    pub fn callback(&self) -> String {
        format!("{}{}", self.text, CALLBACK)
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Reads `[desk]`.
///
/// # Errors
///
/// Everything that is wrong, with section, key and value.
pub fn resolve(installation: &Installation) -> Result<Config, Problems> {
    let Some(section) = &installation.desk else {
        let expected = "a section for this role";
        return Err(Problem::value("[desk]", "section", "none", expected).into());
    };
    let mut problems = Problems::default();
    let tls = Tls::from_files(
        installation,
        "[desk]",
        section.tls_certificate.as_deref(),
        section.tls_key.as_deref(),
    );
    let tls = problems.keep(tls);
    let origin = problems.keep(origin(section));
    let proxies = problems.keep(trusted_proxies(section));
    let gate = problems.keep(gate::settings::resolve_with_logins(installation));
    problems.keep(check_addresses(section));
    let policy = section.policy.as_ref().and_then(|path| {
        let read = read_policy("[desk]", "policy", &installation.at(path));
        problems.keep(read)
    });
    let exports = problems.keep(exports(installation, section, policy.as_ref()));
    let reads = read_log::settings(installation, "[desk]", section.read_log.as_deref());
    let read_log = problems.keep(reads).flatten();
    let config = (|| {
        let gate = gate?;
        let has_login = gate.providers.iter().any(|provider| provider.client.is_some());
        Some(Config {
            listen: section.listen,
            tls: tls?,
            internal_listen: section.internal_listen,
            origin: origin?,
            trusted_proxies: proxies?,
            key_login: section.key_login.unwrap_or(!has_login),
            logins_per_minute: section.logins_per_minute,
            gate,
            policy: policy.map(|(policy, _)| policy),
            hub: section.hub.clone(),
            read_log,
            read_delay: SignedDuration::from_hours(
                24 * i64::from(section.operator_sees_reads_after_days),
            ),
            exports: exports.flatten(),
        })
    })();
    if let Some(config) = &config
        && !config.key_login
        && config.gate.providers.iter().all(|provider| provider.client.is_none())
    {
        let expected = "true, or an [[oidc]] with [oidc.login]: otherwise nobody can log in";
        problems.push(Problem::value("[desk]", "key_login", "false", expected));
    }
    problems.unless_any(config)
}

fn origin(section: &DeskSection) -> Result<Origin, Problem> {
    let got = format!("`{}`", section.public_url);
    let wrong = |expected: &str| Problem::value("[desk]", "public_url", got.clone(), expected);
    let origin = Origin::parse(&section.public_url).map_err(wrong)?;
    if origin.channel == Channel::Loopback {
        if section.tls_certificate.is_some() {
            return Err(wrong(
                "an address that begins with `https://`, since there is a certificate",
            ));
        }
        if !section.listen.ip().is_loopback() {
            let expected = "an address that begins with `https://`, since `listen` is not on the loopback interface";
            return Err(wrong(expected));
        }
    }
    Ok(origin)
}

/// Files that people export: a folder that can be written, for the owner of the process alone.
fn exports(
    installation: &Installation,
    section: &DeskSection,
    policy: Option<&(Policy, String)>,
) -> Result<Option<ExportSettings>, Problems> {
    let Some(folder) = &section.exports else { return Ok(None) };
    let mut problems = Problems::default();
    let folder = installation.at(folder);
    if !(1..=720).contains(&section.export_hours) {
        let got = section.export_hours;
        problems.push(Problem::value("[desk]", "export_hours", got, "1 to 720"));
    }
    if !(1..=1_000_000).contains(&section.export_megabytes) {
        let got = section.export_megabytes;
        problems.push(Problem::value("[desk]", "export_megabytes", got, "1 to 1000000"));
    }
    if policy.is_none() {
        let (got, expected) =
            (folder.display(), "`policy` beside it: without one no records are shown");
        problems.push(Problem::value("[desk]", "exports", got, expected));
    }
    let public = installation.trace_api.as_ref().map(|section| section.public_url.as_str());
    let verifier = section.verifier.clone();
    let verifier = verifier
        .or_else(|| public.map(|public| format!("{}/verify", public.trim_end_matches('/'))))
        .filter(|verifier| !verifier.is_empty());
    if let Some(got) = verifier.as_ref().filter(|it| it.len() > 120 || !it.starts_with("http")) {
        let expected = "an address of at most 120 characters that begins with `http`";
        problems.push(Problem::value("[desk]", "verifier", got, expected));
    }
    let settings = policy.map(|(_, text)| ExportSettings {
        folder,
        keep: SignedDuration::from_hours(i64::from(section.export_hours)),
        most_bytes: section.export_megabytes.saturating_mul(1_000_000),
        verifier,
        policy_text: text.clone(),
    });
    problems.unless_any(Some(settings))
}

fn trusted_proxies(section: &DeskSection) -> Result<Vec<Cidr>, Problems> {
    let mut problems = Problems::default();
    let parsed = |text: &String| {
        text.parse().map_err(|expected: &'static str| {
            Problem::value("[desk]", "trusted_proxies", format!("`{text}`"), expected)
        })
    };
    let parsed = section.trusted_proxies.iter().filter_map(|text| problems.keep(parsed(text)));
    let networks = parsed.collect();
    problems.unless_any(Some(networks))
}

fn check_addresses(section: &DeskSection) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let got = section.internal_listen;
    if !got.ip().is_loopback() {
        let expected = "an address of the loopback interface: nobody is asked who they are there";
        problems.push(Problem::value("[desk]", "internal_listen", got, expected));
    }
    if got == section.listen && got.port() != 0 {
        let expected = "another address and port than `listen`";
        problems.push(Problem::value("[desk]", "internal_listen", got, expected));
    }
    if !(1..=1000).contains(&section.logins_per_minute) {
        let got = section.logins_per_minute;
        problems.push(Problem::value("[desk]", "logins_per_minute", got, "1 to 1000"));
    }
    if section.operator_sees_reads_after_days > MOST_DELAY {
        let (got, expected) = (section.operator_sees_reads_after_days, "0 to 366");
        problems.push(Problem::value("[desk]", "operator_sees_reads_after_days", got, expected));
    }
    problems.unless_any(Some(()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn resolved(text: &str) -> Result<Config, String> {
        let installation = Installation::parse(Path::new("/nowhere/chopmark.toml"), text);
        resolve(&installation.expect("TOML")).map_err(|problems| problems.to_string())
    }

    #[test]
    fn cookies_without_tls_are_for_this_machine_alone() {
        let plain = resolved("[desk]\npublic_url = \"http://127.0.0.1:8087\"\n").unwrap();
        assert_eq!(plain.origin.channel, Channel::Loopback);
        assert_eq!(plain.origin.callback(), "http://127.0.0.1:8087/login/callback");
        for (text, words) in [
            ("public_url = \"http://desk.example\"", "public_url: got `http://desk.example`"),
            ("public_url = \"http://10.0.0.1:8087\"", "public_url: got `http://10.0.0.1:8087`"),
            (
                "public_url = \"http://localhost:8087\"\nlisten = \"0.0.0.0:8087\"",
                "since `listen` is not on the loopback interface",
            ),
            (
                "public_url = \"http://localhost.evil.example\"",
                "public_url: got `http://localhost.evil.example`",
            ),
            ("public_url = \"https://desk.example/x\"", "without a path"),
            ("public_url = \"https://a@desk.example\"", "without a path"),
            ("public_url = \"desk.example\"", "expected `https://` and a host"),
            (
                "public_url = \"https://desk.example\"\nkey_login = false",
                "key_login: got false, expected true",
            ),
            (
                "public_url = \"https://desk.example\"\ninternal_listen = \"0.0.0.0:1\"\n\
                 logins_per_minute = 0\ntrusted_proxies = [\"x\"]",
                "internal_listen: got 0.0.0.0:1",
            ),
        ] {
            let refused = resolved(&format!("[desk]\n{text}\n")).unwrap_err();
            assert!(refused.contains(words), "{text}: {refused}");
        }
    }

    #[test]
    fn exports_need_a_policy_and_have_bounds() {
        let desk = "[desk]\npublic_url = \"https://desk.example\"\nexports = \"x\"\n";
        let more = "export_hours = 0\nexport_megabytes = 0\nverifier = \"ftp://x\"\n";
        let refused = resolved(&format!("{desk}{more}")).unwrap_err();
        for words in [
            "exports: got /nowhere/x, expected `policy` beside it",
            "export_hours: got 0, expected 1 to 720",
            "export_megabytes: got 0",
            "verifier: got ftp://x",
        ] {
            assert!(refused.contains(words), "{words}: {refused}");
        }
        let none = "[desk]\npublic_url = \"https://desk.example\"\n";
        assert_eq!(resolved(none).unwrap().exports, None);
    }

    #[test]
    fn a_legal_delay_is_of_days_and_bounded() {
        let desk = |days: &str| {
            resolved(&format!("[desk]\npublic_url = \"https://desk.example\"\n{days}\n"))
        };
        assert_eq!(desk("").unwrap().read_delay, SignedDuration::ZERO);
        let month = desk("operator_sees_reads_after_days = 30").unwrap().read_delay;
        assert_eq!(month, SignedDuration::from_hours(720));
        let refused = desk("operator_sees_reads_after_days = 367").unwrap_err();
        assert!(refused.contains("got 367, expected 0 to 366"), "{refused}");
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (text, origin, host) in [
            ("https://Desk.Example.com/", "https://desk.example.com", "desk.example.com"),
            ("https://desk.example:443", "https://desk.example", "desk.example"),
            ("https://desk.example:8087", "https://desk.example:8087", "desk.example:8087"),
            ("http://[::1]:8087", "http://[::1]:8087", "[::1]:8087"),
            ("http://localhost:80", "http://localhost", "localhost"),
        ] {
            let found = Origin::parse(text).unwrap();
            assert_eq!((&*found.text, &*found.host), (origin, host), "{text}");
        }
    }

    #[test]
    fn keys_are_taken_unless_people_log_in_at_a_provider() {
        let desk = "[desk]\npublic_url = \"https://desk.example\"\n";
        assert!(resolved(desk).unwrap().key_login);
        let oidc = "[[oidc]]\nissuer = \"https://login.example\"\naudience = \"chopmark\"\n[oidc.login]\nclient_id = \"desk\"\n";
        let config = resolved(&format!("{desk}{oidc}")).unwrap();
        assert!(!config.key_login);
        let client = config.gate.providers[0].client.as_ref().unwrap();
        assert_eq!(
            (&*client.name, &client.scopes[..]),
            ("login.example", &["openid".to_owned()][..])
        );
        assert!(resolved(&format!("{desk}key_login = true\n{oidc}")).unwrap().key_login);
        for (more, words) in [
            ("scopes = [\"groups\"]", "scopes: got groups, expected `openid` among them"),
            ("client_secret_file = \"missing.secret\"", "client_secret_file: "),
        ] {
            let refused = resolved(&format!("{desk}{oidc}{more}\n")).unwrap_err();
            assert!(refused.contains(words), "{more}: {refused}");
        }
    }
}
