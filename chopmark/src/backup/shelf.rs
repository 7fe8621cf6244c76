//! The folder that holds backups: one folder for each, named after its time.
//!
//! The way through: [`Shelf::open`] locks the folder; [`Shelf::begin`] makes the folder of a backup under a name that is none yet,
//! [`Shelf::finish`] gives it its name; [`Shelf::keep`] removes the oldest; [`newest`] finds the newest one.
//!
//! What holds: a folder whose name ends with `.unfinished`, or that has no manifest, is no backup; only what has the name of a backup is
//! ever removed; of two commands at the same time the second is refused.
//!
//! Not here: what is in a backup.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use nix::fcntl::{Flock, FlockArg};

use super::manifest;

const PREFIX: &str = "chopmark-";
const UNFINISHED: &str = ".unfinished";

/// A folder of backups, for this command alone.
pub struct Shelf {
    folder: PathBuf,
    _lock: Flock<fs::File>,
}

/// A folder for its owner alone.
pub fn private_folder(path: &Path) -> anyhow::Result<()> {
    fs::DirBuilder::new()
        .mode(0o700)
        .create(path)
        .with_context(|| format!("could not make {}", path.display()))
}

/// Sees to it that the names in a folder are on disk.
pub fn sync(folder: &Path) -> anyhow::Result<()> {
    let file = fs::File::open(folder).and_then(|folder| folder.sync_all());
    file.with_context(|| format!("could not write {} to disk", folder.display()))
}

impl Shelf {
    /// Opens the folder, made if it is not there, and removes what a killed command left.
    ///
    /// # Errors
    ///
    /// If it cannot be written, or another backup is being made in it.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        if !folder.exists() {
            fs::create_dir_all(folder.parent().unwrap_or(Path::new("/")))?;
            private_folder(folder)?;
            // The file with the time of the newest backup is for others, who may pass and not list.
            fs::set_permissions(folder, fs::Permissions::from_mode(0o711))?;
        }
        let path = folder.join(".lock");
        let file = fs::File::create(&path)
            .with_context(|| format!("could not write {}", path.display()))?;
        let Ok(lock) = Flock::lock(file, FlockArg::LockExclusiveNonblock) else {
            bail!("{}: another backup is being made in this folder", folder.display());
        };
        for name in names(folder)?.iter().filter(|name| name.ends_with(UNFINISHED)) {
            fs::remove_dir_all(folder.join(name))
                .with_context(|| format!("could not remove the unfinished {name}"))?;
        }
        Ok(Self { folder: folder.to_owned(), _lock: lock })
    }

    /// Makes the folder of a new backup, which is none until [`Self::finish`].
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn begin(&self, now: Timestamp) -> anyhow::Result<PathBuf> {
        let path =
            self.folder.join(format!("{PREFIX}{}{UNFINISHED}", now.strftime("%Y%m%dT%H%M%S%3fZ")));
        private_folder(&path)?;
        Ok(path)
    }

    /// Gives a backup its name; everything in it is on disk already.
    ///
    /// # Errors
    ///
    /// If it cannot be renamed.
    pub fn finish(&self, unfinished: &Path) -> anyhow::Result<PathBuf> {
        let name = unfinished
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let finished = self.folder.join(name.trim_end_matches(UNFINISHED));
        sync(unfinished)?;
        fs::rename(unfinished, &finished)
            .with_context(|| format!("could not make {}", finished.display()))?;
        sync(&self.folder)?;
        Ok(finished)
    }

    /// Removes the oldest backups until `count` are left; gives the names that were removed.
    ///
    /// # Errors
    ///
    /// If one cannot be removed.
    pub fn keep(&self, count: usize) -> anyhow::Result<Vec<String>> {
        let mut finished = finished(&self.folder)?;
        let rest = finished.split_off(finished.len().saturating_sub(count.max(1)));
        debug_assert!(!rest.is_empty() || finished.is_empty());
        for name in &finished {
            let path = self.folder.join(name);
            // Without its manifest it is no backup any more, whatever happens next.
            fs::remove_file(path.join(manifest::NAME))
                .and_then(|()| fs::remove_dir_all(&path))
                .with_context(|| format!("could not remove {}", path.display()))?;
        }
        Ok(finished)
    }
}

/// Names of what could be backups, finished or not, the oldest first.
fn names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("could not read {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.with_context(|| format!("could not read {}", folder.display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let stem = name.strip_prefix(PREFIX).map(|rest| rest.trim_end_matches(UNFINISHED));
        let is_time = stem.is_some_and(|stem| {
            stem.len() == 19
                && stem.bytes().all(|byte| byte.is_ascii_digit() || byte == b'T' || byte == b'Z')
        });
        if is_time && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn finished(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = names(folder)?;
    names.retain(|name| {
        !name.ends_with(UNFINISHED) && folder.join(name).join(manifest::NAME).is_file()
    });
    Ok(names)
}

/// The folder of a backup: `folder` itself if it has a manifest, or else the newest backup in it.
///
/// # Errors
///
/// If there is none.
pub fn newest(folder: &Path) -> anyhow::Result<PathBuf> {
    if folder.join(manifest::NAME).is_file() {
        return Ok(folder.to_owned());
    }
    let newest = finished(folder)?.pop();
    newest.map(|name| folder.join(name)).with_context(|| {
        format!(
            "{}: got no {} and no folder chopmark-… with one, expected a backup; a folder without a manifest is none",
            folder.display(),
            manifest::NAME
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backup(shelf: &Shelf, second: i64) -> PathBuf {
        let path = shelf.begin(Timestamp::from_second(1_700_000_000 + second).unwrap()).unwrap();
        fs::write(path.join(manifest::NAME), "{}").unwrap();
        shelf.finish(&path).unwrap()
    }

    #[test]
    fn only_what_is_finished_is_a_backup_and_only_backups_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("backups");
        let shelf = Shelf::open(&folder).unwrap();
        assert!(Shelf::open(&folder).is_err(), "one at a time");
        assert!(newest(&folder).is_err());
        let made: Vec<PathBuf> = (0..4).map(|second| backup(&shelf, second)).collect();
        let unfinished = shelf.begin(Timestamp::from_second(1_700_000_100).unwrap()).unwrap();
        for other in ["chopmark-notes", "photographs", "chopmark-20260101T000000000Z.old"] {
            fs::create_dir(folder.join(other)).unwrap();
        }
        assert_eq!(newest(&folder).unwrap(), made[3]);
        assert_eq!(newest(&made[1]).unwrap(), made[1]);
        assert_eq!(shelf.keep(2).unwrap().len(), 2);
        assert_eq!(
            made.iter().map(|path| path.exists()).collect::<Vec<_>>(),
            [false, false, true, true]
        );
        assert!(unfinished.exists() && folder.join("photographs").exists());
        drop(shelf);
        Shelf::open(&folder).unwrap();
        assert!(!unfinished.exists(), "what a killed command left is removed");
        assert!(folder.join("chopmark-notes").exists());
        assert!(folder.join("chopmark-20260101T000000000Z.old").exists());
    }
}
