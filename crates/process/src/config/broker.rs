//! `broker` of a device: where an MQTT broker is, and how the bridge logs in there.

use std::fmt;
use std::path::PathBuf;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A broker: `"localhost:1883"`, or with user and password.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum BrokerSection {
    /// `host:port`.
    Address(String),
    /// With user and password.
    Login(BrokerLogin),
}

/// By hand, because the derived one tries both in turn and cannot say which member of a login is wrong.
impl<'de> Deserialize<'de> for BrokerSection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = BrokerSection;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("`host:port` or { address, user, password_file }")
            }

            fn visit_str<E>(self, address: &str) -> Result<BrokerSection, E> {
                Ok(BrokerSection::Address(address.to_owned()))
            }

            fn visit_map<M: MapAccess<'de>>(self, members: M) -> Result<BrokerSection, M::Error> {
                BrokerLogin::deserialize(MapAccessDeserializer::new(members))
                    .map(BrokerSection::Login)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A broker with a login.
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
