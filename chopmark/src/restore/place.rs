//! Puts a backup's files into their places, and its database into an empty one.
//!
//! The way through: [`Opened::read`] checks the manifest and every file; [`Opened::put_files`] restores configuration, keys and the others;
//! [`Opened::put_database`] the database, which is then compared with the manifest.
//!
//! What holds: nothing is restored from a backup of which a byte is not as its manifest says; a file that is there already is never
//! overwritten; a manifest that no passphrase authenticates puts files only below `data_dir` and where the configuration names them; sizes and
//! roots of all ledgers are those of the manifest, or the restore failed.
//!
//! Not here: which ledgers may be signed afterwards (`restore.rs`).

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use keystore::Passphrase;
use keystore::sealed::SealKey;
use process::Clock;
use process::config::Installation;
use sql::{Db, Settings};

use crate::backup::files;
use crate::backup::interrupt::Interrupt;
use crate::backup::manifest::{self, BackedUp, Kind, Manifest};
use crate::backup::shelf::private_folder;
use crate::backup::{progress, wait};
use crate::terminal::out;

/// A backup that was found to be whole.
pub struct Opened {
    folder: PathBuf,
    /// What it consists of.
    pub manifest: Manifest,
    key: Option<SealKey>,
}

impl Opened {
    /// Reads the manifest and every file.
    ///
    /// # Errors
    ///
    /// If anything is missing or changed, or the passphrase is another one.
    pub fn read(folder: &Path, passphrase: Option<&Passphrase>) -> anyhow::Result<Self> {
        let path = folder.join(manifest::NAME);
        let text = fs::read_to_string(&path)
            .with_context(|| format!("could not read {}", path.display()))?;
        let manifest = Manifest::parse(&text).with_context(|| format!("{}", path.display()))?;
        let key = match (&manifest.encryption, passphrase) {
            (None, None) => None,
            (None, Some(_)) => {
                bail!("the backup is not encrypted: got a passphrase, expected none")
            }
            (Some(_), None) => {
                bail!("the backup is encrypted: got no passphrase, expected --passphrase-file FILE")
            }
            (Some(encryption), Some(passphrase)) => {
                let key = SealKey::derive(passphrase, encryption.cost, &encryption.salt)?;
                let stated = fs::read_to_string(folder.join(manifest::MAC))
                    .context("could not read manifest.mac")?;
                ensure!(
                    stated == hex::encode(key.mac(text.as_bytes())),
                    "the passphrase is wrong, or the manifest was changed"
                );
                Some(key)
            }
        };
        let total = manifest.files.iter().map(|file| file.bytes).sum();
        let problems = files::check(folder, &manifest.files, progress("checked", total));
        ensure!(
            problems.is_empty(),
            "the backup is not whole; nothing was restored:\n{}",
            problems.join("\n")
        );
        Ok(Self { folder: folder.to_owned(), manifest, key })
    }

    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &BackedUp> {
        self.manifest.files.iter().filter(move |file| file.kind == kind)
    }

    /// Writes one file to a place where none is.
    fn put(&self, file: &BackedUp, to: &Path) -> anyhow::Result<()> {
        if let Some(parent) =
            to.parent().filter(|parent| !parent.exists() && !parent.as_os_str().is_empty())
        {
            fs::create_dir_all(parent)
                .with_context(|| format!("could not make {}", parent.display()))?;
        }
        files::open(&self.folder, file, self.key.as_ref(), to)
    }

    /// Restores the configuration to `path`, unless there is one.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn put_configuration(&self, path: &Path) -> anyhow::Result<()> {
        if path.exists() {
            out!("kept      {} is that of this machine", path.display());
            return Ok(());
        }
        let file =
            self.of_kind(Kind::Configuration).next().context("the backup has no configuration")?;
        self.put(file, path)?;
        out!("restored  {}", path.display());
        Ok(())
    }

    /// Restores the files that the configuration names, and the spool, to where the configuration of this machine has them. Those that are
    /// there stay as they are.
    ///
    /// # Errors
    ///
    /// If one cannot be written, or lies elsewhere than the configuration says.
    pub fn put_files(&self, installation: &Installation) -> anyhow::Result<()> {
        let files: Vec<&BackedUp> =
            self.of_kind(Kind::Named).chain(self.of_kind(Kind::Spool)).collect();
        for file in &files {
            self.refuse_elsewhere(&file.path, installation)?;
        }
        for file in files {
            let at = installation.at(Path::new(&file.path));
            if at.exists() {
                let is_same = files::is_same(&self.folder, file, self.key.as_ref(), &at)
                    .with_context(|| format!("could not compare {}", at.display()))?;
                if is_same {
                    out!("kept      {} was there already, the same", at.display());
                } else {
                    out!(
                        "kept      {} was there already, DIFFERENT from that of the backup",
                        at.display()
                    );
                }
            } else {
                self.put(file, &at)?;
                out!("restored  {}", at.display());
            }
        }
        for path in &self.manifest.left_out {
            let at = installation.at(Path::new(path));
            if !at.exists() {
                out!("MISSING   {}: it was left out of the backup; put it there", at.display());
            }
        }
        Ok(())
    }

    /// Refuses a place outside of `data_dir` that the configuration does not name, unless the manifest is authenticated.
    fn refuse_elsewhere(&self, path: &str, installation: &Installation) -> anyhow::Result<()> {
        let is_below = Path::new(path)
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if is_below || self.key.is_some() {
            return Ok(());
        }
        let text = fs::read_to_string(&installation.path).unwrap_or_default();
        let is_named =
            text.parse::<toml::Table>().is_ok_and(|table| names(&toml::Value::Table(table), path));
        ensure!(
            is_named,
            "the manifest is not authenticated and puts a file to `{path}`: expected a path below data_dir or one that {} names; nothing was restored",
            installation.path.display()
        );
        Ok(())
    }

    /// The text of the configuration, and of a file that it names.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn text_of(
        &self,
        kind: Kind,
        path: Option<&str>,
        work: &Path,
    ) -> anyhow::Result<Option<String>> {
        let Some(file) = self.of_kind(kind).find(|file| path.is_none_or(|path| file.path == path))
        else {
            return Ok(None);
        };
        let to = work.join("text");
        files::open(&self.folder, file, self.key.as_ref(), &to)?;
        let text = fs::read_to_string(&to).with_context(|| format!("{} is no text", file.path));
        fs::remove_file(&to)?;
        Ok(Some(text?))
    }

    /// Restores the database into an empty one, and compares every ledger with the manifest.
    ///
    /// - `db`: prepared ([`sql::backup::prepare`]).
    /// - `work`: an empty folder, for what must be decrypted first; tables that are restored at the same time; what may end it.
    ///
    /// # Errors
    ///
    /// If anything of it cannot be restored or differs.
    pub async fn put_database(
        &self,
        settings: &Settings,
        db: &Db,
        (work, jobs, interrupt): (&Path, usize, &Interrupt),
    ) -> anyhow::Result<()> {
        let mut from = self.folder.join("database");
        if self.key.is_some() {
            from = work.join("database");
            private_folder(&from)?;
            for file in self.of_kind(Kind::Database) {
                self.put(file, &from.join(&file.path))?;
            }
        }
        let child = sql::backup::load(settings, &from, jobs)?;
        wait(child, "pg_restore", interrupt, || "the database is restored".to_owned())?;
        let now = Clock::system().now();
        sql::backup::finish(db, self.manifest.made_at, self.manifest.is_last, now).await?;
        self.compare(db).await
    }

    async fn compare(&self, db: &Db) -> anyhow::Result<()> {
        let rows = sql::ledgers::list_ledgers(db).await?;
        ensure!(
            rows.len() == self.manifest.ledgers.len(),
            "the database has {} ledgers, the manifest {}",
            rows.len(),
            self.manifest.ledgers.len()
        );
        for one in &self.manifest.ledgers {
            let row = rows.iter().find(|row| row.origin == one.origin);
            let row = row.with_context(|| {
                format!("ledger `{}` of the manifest is not in the database", one.origin)
            })?;
            let head = sql::ledgers::head(db, row.id).await?;
            ensure!(
                (head.size, head.root) == (one.size, one.root),
                "ledger `{}`: got size {} and root {}, expected {} and {} as the manifest says",
                one.origin,
                head.size,
                head.root,
                one.size,
                one.root
            );
            out!("same      {}  {} records, root {}", one.origin, one.size, one.root);
        }
        Ok(())
    }
}

/// Whether a value of a configuration is this text.
fn names(value: &toml::Value, path: &str) -> bool {
    match value {
        toml::Value::String(text) => text == path,
        toml::Value::Array(values) => values.iter().any(|value| names(value, path)),
        toml::Value::Table(table) => table.values().any(|value| names(value, path)),
        _ => false,
    }
}
