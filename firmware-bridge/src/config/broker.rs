//! Where a broker is, how the bridge logs in there and what it trusts, from the TOML section.

use std::ops::RangeInclusive;
use std::path::Path;

use process::config::broker::{BrokerLogin, BrokerSection};

use super::error::ConfigError;
use crate::broker::Broker;
use crate::tls::Tls;

/// Largest packet that is taken where the section does not say, in bytes.
const USUAL_PACKET: usize = 256 * 1024;
/// What `max_packet_bytes` may be; the upper bound is that of the protocol.
const PACKET_BYTES: RangeInclusive<usize> = 1024..=268_435_460;

/// The broker with its login and its certificates.
///
/// - `base`: folder that relative paths start from.
/// - `client_id`: name of the session.
///
/// # Errors
///
/// [`ConfigError`] if the address is not `host:port`, a file cannot be used, or the members do not fit together.
pub fn resolve(
    section: &BrokerSection,
    base: &Path,
    client_id: String,
) -> Result<Broker, ConfigError> {
    let plain;
    let section = match section {
        BrokerSection::Address(address) => {
            plain = BrokerLogin::from(address.clone());
            &plain
        }
        BrokerSection::Login(section) => section,
    };
    let address = &section.address;
    let (host, port) = address
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)))
        .ok_or_else(|| {
            ConfigError::Value(format!(
                "got broker `{address}`, expected `host:port` such as `localhost:1883`"
            ))
        })?;
    let max_packet_bytes = section.max_packet_bytes.unwrap_or(USUAL_PACKET);
    if !PACKET_BYTES.contains(&max_packet_bytes) {
        let (least, most) = (PACKET_BYTES.start(), PACKET_BYTES.end());
        return Err(ConfigError::Value(format!(
            "got max_packet_bytes {max_packet_bytes}, expected {least} to {most}"
        )));
    }
    let login = login(section, base)?;
    let tls = tls(section, &host, base)?;
    Ok(Broker { host, port, client_id, is_lasting: true, login, tls, max_packet_bytes })
}

fn login(section: &BrokerLogin, base: &Path) -> Result<Option<(String, String)>, ConfigError> {
    match (&section.user, &section.password_file) {
        (None, None) => Ok(None),
        (Some(user), Some(file)) => {
            let path = base.join(file);
            let password = std::fs::read_to_string(&path)
                .map_err(|source| ConfigError::Read { path, source })?;
            Ok(Some((user.clone(), password.trim_end().to_owned())))
        }
        (Some(_), None) => {
            Err(ConfigError::Value("got `user`, expected `password_file` with it".into()))
        }
        (None, Some(_)) => {
            Err(ConfigError::Value("got `password_file`, expected `user` with it".into()))
        }
    }
}

fn tls(section: &BrokerLogin, host: &str, base: &Path) -> Result<Option<Tls>, ConfigError> {
    let wrong = |text: &str| Err(ConfigError::Value(text.to_owned()));
    let (certificate, key) = (&section.client_certificate_file, &section.client_key_file);
    let names_files = [&section.ca_file, certificate, key].into_iter().any(Option::is_some);
    match section.tls {
        Some(false) if names_files => {
            return wrong(
                "got `tls = false` with certificates, expected `tls = true` or no certificates",
            );
        }
        Some(false) => return Ok(None),
        None if !names_files => return Ok(None),
        Some(true) | None => {}
    }
    let ca = section.ca_file.as_ref().map(|path| base.join(path));
    match (certificate, key) {
        (None, None) => Tls::to(host, ca.as_deref(), None).map(Some),
        (Some(certificate), Some(key)) => {
            let (certificate, key) = (base.join(certificate), base.join(key));
            keystore::file::check_mode(&key)
                .map_err(|error| ConfigError::Value(format!("client_key_file: {error}")))?;
            Tls::to(host, ca.as_deref(), Some((&certificate, &key))).map(Some)
        }
        _ => wrong("got one of `client_certificate_file` and `client_key_file`, expected both"),
    }
}

/// Whether a broker accepts `filter`: levels between slashes, `+` for a whole one, `#` for all that follow.
///
/// # Source
///
/// MQTT 3.1.1 sections 4.7.1 and 4.7.3.
pub fn is_filter(filter: &str) -> bool {
    let levels: Vec<&str> = filter.split('/').collect();
    let are_valid = levels.iter().enumerate().all(|(place, level)| match *level {
        "+" => true,
        "#" => place + 1 == levels.len(),
        other => !other.contains(['+', '#', '\0']),
    });
    !filter.is_empty() && u16::try_from(filter.len()).is_ok() && are_valid
}
