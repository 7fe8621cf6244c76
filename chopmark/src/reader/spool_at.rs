//! Which spool a command works on: that of a configuration file, or a file of its own.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use firmware_bridge::spool::Spool;
use process::config::Installation;
use process::config::bridge::FirmwareBridgeSection;

/// The spool of a bridge, as options of a command.
#[derive(clap::Args)]
pub struct SpoolAt {
    /// The bridge's configuration file, which names the spool
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml", conflicts_with = "spool")]
    config: PathBuf,
    /// The spool itself
    #[arg(long, value_name = "FILE")]
    spool: Option<PathBuf>,
}

impl SpoolAt {
    /// Opens the spool for reading; a running bridge is not disturbed.
    ///
    /// # Errors
    ///
    /// If the file or the spool cannot be read.
    pub fn look(&self) -> anyhow::Result<Spool> {
        let path = self.path()?;
        Spool::look(&path).with_context(|| format!("could not open the spool {}", path.display()))
    }

    /// Opens the spool for writing; it is not created.
    ///
    /// # Errors
    ///
    /// As [`Self::look`].
    pub fn open(&self) -> anyhow::Result<Spool> {
        drop(self.look()?);
        let path = self.path()?;
        Spool::open(&path).with_context(|| format!("could not open the spool {}", path.display()))
    }

    fn path(&self) -> anyhow::Result<PathBuf> {
        match &self.spool {
            Some(path) => Ok(path.clone()),
            None => spool_of(&self.config),
        }
    }
}

fn spool_of(config: &Path) -> anyhow::Result<PathBuf> {
    let installation = Installation::read(config)?;
    let section = bridge_section(&installation)?;
    Ok(firmware_bridge::config::spool(&installation, section))
}

/// The bridge's section of the file.
///
/// # Errors
///
/// If the file has none.
pub fn bridge_section(installation: &Installation) -> anyhow::Result<&FirmwareBridgeSection> {
    installation.firmware_bridge.as_ref().with_context(|| {
        format!("{}: got no [firmware_bridge], expected one", installation.path.display())
    })
}
