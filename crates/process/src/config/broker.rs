//! `broker` of a device: where an MQTT broker is, how the bridge logs in there, and how the connection is protected.

use std::fmt;
use std::path::PathBuf;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A broker: `"localhost:1883"`, or with a login, TLS or a limit of its own.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum BrokerSection {
    /// `host:port`.
    Address(String),
    /// With more than its address.
    Login(Box<BrokerLogin>),
}

/// By hand, because the derived one tries both in turn and cannot say which member of a login is wrong.
impl<'de> Deserialize<'de> for BrokerSection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = BrokerSection;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("`host:port` or { address, user, password_file, tls, ca_file }")
            }

            fn visit_str<E>(self, address: &str) -> Result<BrokerSection, E> {
                Ok(BrokerSection::Address(address.to_owned()))
            }

            fn visit_map<M: MapAccess<'de>>(self, members: M) -> Result<BrokerSection, M::Error> {
                BrokerLogin::deserialize(MapAccessDeserializer::new(members))
                    .map(|login| BrokerSection::Login(Box::new(login)))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A broker with a login, TLS, or another limit than the usual one.
///
/// ```toml
/// [firmware_bridge.reader.device.shelly]
/// broker = { address = "broker.example:8883", user = "bridge", password_file = "keys/mqtt.txt", ca_file = "keys/ca.pem" }
/// sensors = { shellyht-a = "urn:epc:id:giai:9521142.COLD1" }
/// ```
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BrokerLogin {
    /// `host:port`.
    pub address: String,
    /// User name. Default: none, the broker asks for no login.
    #[serde(default)]
    pub user: Option<String>,
    /// File with the password of `user`. Default: none.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Whether the connection is encrypted (TLS). Default: true with `ca_file` or `client_certificate_file`, otherwise
    /// false.
    #[serde(default)]
    pub tls: Option<bool>,
    /// File with the certificates, PEM, that may sign the broker's. Default: those that the operating system trusts.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// File with the certificate that the bridge shows to the broker, PEM. Default: none.
    #[serde(default)]
    pub client_certificate_file: Option<PathBuf>,
    /// File with the private key of `client_certificate_file`, PEM, mode 0600. Default: none.
    #[serde(default)]
    pub client_key_file: Option<PathBuf>,
    /// Largest packet that is taken from the broker, 1024 to 268435460 bytes. Default: 262144 (256 KiB). The content of
    /// a larger message is dropped while it arrives; it is counted and kept as a dead letter with its beginning.
    #[serde(default)]
    pub max_packet_bytes: Option<usize>,
}

impl From<String> for BrokerLogin {
    /// The broker at this address, with nothing else.
    fn from(address: String) -> Self {
        Self {
            address,
            user: None,
            password_file: None,
            tls: None,
            ca_file: None,
            client_certificate_file: None,
            client_key_file: None,
            max_packet_bytes: None,
        }
    }
}
