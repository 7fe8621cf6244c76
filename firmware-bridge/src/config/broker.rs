//! Where a broker is and how the bridge logs in there, from the TOML section.

use std::path::Path;

use process::config::broker::BrokerSection;

use super::error::ConfigError;
use crate::broker::Broker;

/// The broker with its login.
///
/// - `base`: folder that relative paths start from.
/// - `client_id`: name of the session.
///
/// # Errors
///
/// [`ConfigError`] if the address is not `host:port` or the password cannot be read.
pub fn resolve(
    section: &BrokerSection,
    base: &Path,
    client_id: String,
) -> Result<Broker, ConfigError> {
    let (address, login) = match section {
        BrokerSection::Address(address) => (address, None),
        BrokerSection::Login(login) => {
            let path = base.join(&login.password_file);
            let password = std::fs::read_to_string(&path)
                .map_err(|source| ConfigError::Read { path, source })?;
            (&login.address, Some((login.user.clone(), password.trim_end().to_owned())))
        }
    };
    let (host, port) = address
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)))
        .ok_or_else(|| {
            ConfigError::Value(format!(
                "got broker `{address}`, expected `host:port` such as `localhost:1883`"
            ))
        })?;
    Ok(Broker { host, port, client_id, is_lasting: true, login })
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
