//! The address of a broker, and the login there: `broker = "localhost:1883"`, or with a login.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::error::{ConfigError, read};
use crate::broker::Broker;

/// A broker: `"localhost:1883"`, or with user and password.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum BrokerAt {
    /// `host:port`.
    Address(String),
    /// With a login.
    Login(BrokerLogin),
}

/// Written by hand, because the derived one tries both in turn and cannot report which member of a login is wrong.
impl<'de> Deserialize<'de> for BrokerAt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = BrokerAt;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("`host:port` or { address, user, password_file }")
            }

            fn visit_str<E>(self, address: &str) -> Result<BrokerAt, E> {
                Ok(BrokerAt::Address(address.to_owned()))
            }

            fn visit_map<M: MapAccess<'de>>(self, members: M) -> Result<BrokerAt, M::Error> {
                BrokerLogin::deserialize(MapAccessDeserializer::new(members)).map(BrokerAt::Login)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A broker that requires a login.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BrokerLogin {
    /// `host:port`.
    pub address: String,
    /// User name.
    pub user: String,
    /// File with the password.
    pub password_file: PathBuf,
}

impl BrokerAt {
    /// The broker with its login.
    ///
    /// - `base`: folder that relative paths start from.
    /// - `client_id`: name of the session.
    ///
    /// # Errors
    ///
    /// [`ConfigError`].
    pub fn resolve(&self, base: &Path, client_id: String) -> Result<Broker, ConfigError> {
        let (address, login) = match self {
            Self::Address(address) => (address, None),
            Self::Login(login) => {
                let password = read(&base.join(&login.password_file))?.trim_end().to_owned();
                (&login.address, Some((login.user.clone(), password)))
            }
        };
        let (host, port) = address
            .rsplit_once(':')
            .and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)))
            .ok_or_else(|| {
                ConfigError::Value(format!(
                    "broker: got `{address}`, expected `host:port`, like `localhost:1883`"
                ))
            })?;
        Ok(Broker { host, port, client_id, is_lasting: true, login })
    }
}

/// Whether `filter` is valid: levels between slashes, `+` for a whole level, `#` for all that follow.
///
/// # Source
///
/// MQTT 3.1.1 sections 4.7.1 and 4.7.3.
pub fn is_filter(filter: &str) -> bool {
    let levels: Vec<&str> = filter.split('/').collect();
    let are_right = levels.iter().enumerate().all(|(place, level)| match *level {
        "+" => true,
        "#" => place + 1 == levels.len(),
        other => !other.contains(['+', '#', '\0']),
    });
    !filter.is_empty() && u16::try_from(filter.len()).is_ok() && are_right
}
