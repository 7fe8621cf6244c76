//! The processes that `chopmark up` can run, and what each needs before it starts.
//!
//! What holds: every role is resolved before any starts, so that a mistake in the section of one does not stop the
//! others halfway.

use std::path::PathBuf;

use process::config::{Installation, Problems};

/// A configuration file, and which of its roles a command is about.
#[derive(Debug, clap::Args)]
pub struct Selected {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
    pub config: PathBuf,
    /// Only this role; may be given several times. Default: every role with a section in the file
    #[arg(long, value_enum)]
    pub role: Vec<Role>,
}

/// A process that `chopmark up` can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Role {
    /// Readers and sensors to signed observations: `[firmware_bridge]`
    Bridge,
    /// Observations and documents to signed records: `[ingest]`
    Ingest,
    /// Checkpoints of all ledgers to a public chain: `[anchor]`
    Anchor,
    /// Answers for the public, from the ledgers: `[trace_api]`
    TraceApi,
    /// Pages for people who log in: `[desk]`
    Desk,
}

/// A role with its configuration, loaded and checked.
pub enum Resolved {
    /// [`Role::Bridge`].
    Bridge(Box<firmware_bridge::config::Config>),
    /// [`Role::Ingest`].
    Ingest(Box<ingest::config::Config>),
    /// [`Role::Anchor`].
    Anchor(Box<anchor::config::Config>),
    /// [`Role::TraceApi`].
    TraceApi(Box<trace_api::config::Config>),
    /// [`Role::Desk`].
    Desk(Box<desk::config::Config>),
}

impl Role {
    /// The roles whose sections the file has.
    pub fn configured(installation: &Installation) -> Vec<Self> {
        [
            (Self::Bridge, installation.firmware_bridge.is_some()),
            (Self::Ingest, installation.ingest.is_some()),
            (Self::Anchor, installation.anchor.is_some()),
            (Self::TraceApi, installation.trace_api.is_some()),
            (Self::Desk, installation.desk.is_some()),
        ]
        .into_iter()
        .filter_map(|(role, is_configured)| is_configured.then_some(role))
        .collect()
    }

    /// The role's configuration, loaded and checked.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn resolve(self, installation: &Installation) -> Result<Resolved, Problems> {
        Ok(match self {
            Self::Bridge => {
                Resolved::Bridge(Box::new(firmware_bridge::config::resolve(installation)?))
            }
            Self::Ingest => Resolved::Ingest(Box::new(ingest::config::resolve(installation)?)),
            Self::Anchor => Resolved::Anchor(Box::new(anchor::config::resolve(installation)?)),
            Self::TraceApi => {
                Resolved::TraceApi(Box::new(trace_api::config::resolve(installation)?))
            }
            Self::Desk => Resolved::Desk(Box::new(desk::config::resolve(installation)?)),
        })
    }
}
