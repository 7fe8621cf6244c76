//! Where a backup is decrypted and rehearsed: a folder of this command alone, which is removed again.
//!
//! The way through: [`Work::new`] makes it and removes those of commands that were killed; [`Work::cluster`] starts a private database
//! that ends with it.
//!
//! What holds: a folder is locked as long as its command lives, so one that can be locked belongs to nobody; it gets its name only when it is
//! locked. A server that a killed command left behind is stopped before its folder is removed.
//!
//! Not here: what is done in it (`restore.rs`, `place.rs`).

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use nix::fcntl::{Flock, FlockArg};
use nix::unistd::geteuid;
use sql::cluster::Cluster;

use crate::backup::shelf;
use crate::terminal::{out, problem};

const PREFIX: &str = "chopmark-restore-";

/// The folder of one command.
pub struct Work {
    path: PathBuf,
    cluster: Option<Cluster>,
    _lock: Flock<fs::File>,
}

fn lock(folder: &Path) -> Option<Flock<fs::File>> {
    let file = fs::File::open(folder).ok()?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).ok()
}

/// Stops the database of such a folder and removes both.
fn remove(path: &Path) -> anyhow::Result<()> {
    let place = Cluster::place(&path.join("postgres"))?;
    if place.exists() {
        Cluster::stop_left_over(&place)?;
        fs::remove_dir_all(&place)
            .with_context(|| format!("could not remove {}", place.display()))?;
    }
    fs::remove_dir_all(path).with_context(|| format!("could not remove {}", path.display()))
}

/// Removes what killed commands of this user left behind.
fn sweep(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_named = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let is_own = entry
            .metadata()
            .is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == geteuid().as_raw());
        if !(is_named && is_own) {
            continue;
        }
        let Some(_lock) = lock(&path) else { continue };
        match remove(&path) {
            Ok(()) => out!("removed   {}: an interrupted restore left it", path.display()),
            Err(error) => problem!("{}: an interrupted restore left it: {error:#}", path.display()),
        }
    }
}

impl Work {
    /// Makes it, in the folder for temporary files.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn new() -> anyhow::Result<Self> {
        Self::new_in(&std::env::temp_dir())
    }

    fn new_in(base: &Path) -> anyhow::Result<Self> {
        sweep(base);
        let (name, _) = crate::keys::new_token()?;
        let unnamed = base.join(format!("chopmark-unnamed-{}", &name[..12]));
        shelf::private_folder(&unnamed)?;
        let Some(lock) = lock(&unnamed) else { bail!("{} could not be locked", unnamed.display()) };
        let path = base.join(format!("{PREFIX}{}", &name[..12]));
        fs::rename(&unnamed, &path)
            .with_context(|| format!("could not make {}", path.display()))?;
        Ok(Self { path, cluster: None, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Starts a private database; gives its URL.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub fn cluster(&mut self) -> anyhow::Result<String> {
        let cluster = Cluster::start_anywhere(&self.path.join("postgres"))?;
        let url = cluster.url().to_owned();
        self.cluster = Some(cluster);
        Ok(url)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        drop(self.cluster.take());
        if let Err(error) = remove(&self.path) {
            problem!("{error:#}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_command_left_is_removed_and_what_another_one_uses_stays() {
        let base = tempfile::tempdir().unwrap();
        let killed = base.path().join(format!("{PREFIX}killed"));
        let other = base.path().join("chopmark-other");
        fs::create_dir(&killed).unwrap();
        fs::write(killed.join("toc.dat"), "in the clear").unwrap();
        fs::create_dir(&other).unwrap();
        let first = Work::new_in(base.path()).unwrap();
        assert!(!killed.exists() && other.exists());
        let second = Work::new_in(base.path()).unwrap();
        assert!(first.path().exists() && second.path().exists());
        let path = first.path().to_owned();
        drop(first);
        assert!(!path.exists() && second.path().exists());
    }
}
