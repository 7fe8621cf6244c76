//! The files of a backup: written, encrypted, hashed, read back.
//!
//! The way through: [`Writer`] collects them; [`Writer::seal_and_check`] encrypts them, if a key is given, writes them to disk and reads every
//! one of them back; [`check`] and [`open`] are for whoever restores.
//!
//! What holds: files are for their owner alone; what is read back must have the hash that was computed when it was written.
//!
//! Not here: which files there are (`named.rs`, `backup.rs`), the manifest (`manifest.rs`).

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use keystore::sealed::SealKey;
use ledger::Hash;
use ledger::keys::SecureRandom;

use super::manifest::{BackedUp, Kind};

/// How much of a file is read at a time.
const PIECE: usize = 256 * 1024;

/// Collects the files of a backup.
pub struct Writer {
    folder: PathBuf,
    /// Path in the folder, what it is, path of the original, its mode.
    files: Vec<(String, Kind, String, u32)>,
}

/// A new file for its owner alone.
fn create(path: &Path) -> anyhow::Result<File> {
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.with_context(|| format!("could not make {}", path.display()))
}

/// Bytes and SHA-256 of a file.
fn measure(path: &Path) -> anyhow::Result<(u64, Hash)> {
    let mut file =
        File::open(path).with_context(|| format!("could not read {}", path.display()))?;
    let (mut digest, mut bytes, mut piece) = (ledger::hash::Sha256::new(), 0, vec![0; PIECE]);
    loop {
        let read =
            file.read(&mut piece).with_context(|| format!("could not read {}", path.display()))?;
        if read == 0 {
            return Ok((bytes, digest.finish()));
        }
        digest.update(&piece[..read]);
        bytes += read as u64;
    }
}

impl Writer {
    /// Begins in the folder of the backup.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), files: Vec::new() }
    }

    /// Takes what `pg_dump` wrote into the folder `database`.
    ///
    /// # Errors
    ///
    /// If it cannot be listed.
    pub fn take_database(&mut self) -> anyhow::Result<()> {
        for entry in fs::read_dir(self.folder.join("database"))
            .context("could not list the copy of the database")?
        {
            let name = entry?.file_name().to_string_lossy().into_owned();
            self.files.push((format!("database/{name}"), Kind::Database, name, 0o600));
        }
        self.files.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(())
    }

    /// Where the next file of this kind goes; it is for the caller to write it.
    ///
    /// - `path`: as the configuration has it.
    ///
    /// # Errors
    ///
    /// If its folder cannot be made.
    pub fn place(&mut self, kind: Kind, path: &str, mode: u32) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join("files");
        if !folder.exists() {
            super::shelf::private_folder(&folder)?;
        }
        let stored = format!("files/{:03}", self.files.len());
        let place = self.folder.join(&stored);
        self.files.push((stored, kind, path.to_owned(), mode));
        Ok(place)
    }

    /// Adds a file with this content.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn add(&mut self, kind: Kind, path: &str, mode: u32, content: &[u8]) -> anyhow::Result<()> {
        let place = self.place(kind, path, mode)?;
        let written = create(&place)?.write_all(content);
        written.with_context(|| format!("could not write {}", place.display()))
    }

    /// Encrypts all files if there is a key, sees to it that they are on disk, and reads each one back.
    ///
    /// - `key`: with random bytes.
    /// - `step`: called with the bytes of each file that is done; it may end it.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or written, or is not read back as it was written; that of `step`.
    pub fn seal_and_check(
        self,
        key: Option<(&SealKey, &dyn SecureRandom)>,
        mut step: impl FnMut(u64) -> anyhow::Result<()>,
    ) -> anyhow::Result<Vec<BackedUp>> {
        let mut stored = Vec::with_capacity(self.files.len());
        for (name, kind, path, mode) in self.files {
            let plain = self.folder.join(&name);
            let (plain_bytes, plain_digest) = measure(&plain)?;
            let (name, at) = match key {
                None => (name, plain),
                Some((key, rng)) => {
                    let name = format!("{name}.sealed");
                    let at = self.folder.join(&name);
                    let mut file = create(&at)?;
                    let sealed = key.seal(&mut File::open(&plain)?, &mut file, rng);
                    sealed.with_context(|| format!("could not encrypt {}", plain.display()))?;
                    fs::remove_file(&plain)?;
                    (name, at)
                }
            };
            fs::set_permissions(&at, fs::Permissions::from_mode(0o600))?;
            File::open(&at)?
                .sync_all()
                .with_context(|| format!("could not write {} to disk", at.display()))?;
            let (bytes, sha256) = measure(&at)?;
            if let Some((key, _)) = key {
                let mut opened = Measure(ledger::hash::Sha256::new());
                key.open(&mut File::open(&at)?, &mut opened)
                    .with_context(|| format!("{} does not open again", at.display()))?;
                ensure!(
                    opened.0.finish() == plain_digest,
                    "{}: read back, it is not what was written",
                    at.display()
                );
            } else {
                ensure!(
                    (bytes, sha256) == (plain_bytes, plain_digest),
                    "{}: read back, it is not what was written",
                    at.display()
                );
            }
            step(plain_bytes)?;
            stored.push(BackedUp { stored: name, kind, path, bytes, sha256, mode });
        }
        for name in ["database", "files"]
            .iter()
            .map(|name| self.folder.join(name))
            .filter(|path| path.exists())
        {
            super::shelf::sync(&name)?;
        }
        Ok(stored)
    }
}

/// Hashes what is written to it.
struct Measure(ledger::hash::Sha256);

impl io::Write for Measure {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Checks that every file of a backup is there and as the manifest says; gives every one that is not.
pub fn check(folder: &Path, files: &[BackedUp], mut step: impl FnMut(u64)) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        match measure(&folder.join(&file.stored)) {
            Ok((bytes, sha256)) if (bytes, sha256) == (file.bytes, file.sha256) => {}
            Ok((bytes, sha256)) => problems.push(format!(
                "{}: got {bytes} bytes with SHA-256 {sha256}, expected {} bytes with {}",
                file.stored, file.bytes, file.sha256
            )),
            Err(error) => problems.push(format!("{error:#}")),
        }
        step(file.bytes);
    }
    problems
}

/// Whether a file is what a backup has of it.
///
/// # Errors
///
/// If one of them cannot be read, or not be decrypted.
pub fn is_same(
    folder: &Path,
    file: &BackedUp,
    key: Option<&SealKey>,
    there: &Path,
) -> anyhow::Result<bool> {
    let (_, digest) = measure(there)?;
    let Some(key) = key else { return Ok(digest == file.sha256) };
    let mut plain = Measure(ledger::hash::Sha256::new());
    let at = folder.join(&file.stored);
    let mut from = File::open(&at).with_context(|| format!("could not read {}", at.display()))?;
    key.open(&mut from, &mut plain).with_context(|| format!("could not decrypt {}", file.path))?;
    Ok(plain.0.finish() == digest)
}

/// Writes a file of a backup, decrypted if there is a key, to a new file, which is there whole or not at all.
///
/// # Errors
///
/// If the target is there, or the file cannot be read or decrypted.
pub fn open(
    folder: &Path,
    file: &BackedUp,
    key: Option<&SealKey>,
    to: &Path,
) -> anyhow::Result<()> {
    let at = folder.join(&file.stored);
    let mut from = File::open(&at).with_context(|| format!("could not read {}", at.display()))?;
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".restoring");
    let begun = to.with_file_name(name);
    if begun.is_file() {
        // An interrupted restore left it.
        fs::remove_file(&begun).ok();
    }
    let mut target = create(&begun)?;
    let written = match key {
        Some(key) => key.open(&mut from, &mut target),
        None => io::copy(&mut from, &mut target).map(drop),
    };
    written
        .and_then(|()| target.sync_all())
        .with_context(|| format!("could not restore {}", file.path))?;
    fs::set_permissions(&begun, fs::Permissions::from_mode(file.mode & 0o777))?;
    // A link, unlike a new name, replaces nothing.
    let linked = fs::hard_link(&begun, to);
    fs::remove_file(&begun)?;
    linked.with_context(|| format!("could not make {}", to.display()))
}
