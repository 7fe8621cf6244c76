//! Writes the files of an installation.
//!
//! What holds: if one of them exists, nothing is written; a secret has mode 0600 before its first byte is written, and the
//! folder of keys is for its owner alone.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use keystore::{Zeroizing, private};
use ledger::directory::HolderKey;
use ledger::keys::{LedgerKeys, SourceKey};

use super::answers::Answers;
use super::lock::Lock;
use super::made::{Made, public_lines};
use super::place::Place;
use super::plan::File;
use super::{configuration, templates};

/// Fails if one of the files is there already; all that are there are named.
///
/// # Errors
///
/// With their names.
pub fn check_free(place: &Place, files: &[File]) -> anyhow::Result<()> {
    let there: Vec<String> = files
        .iter()
        .map(|file| place.of(*file))
        .filter(|path| path.symlink_metadata().is_ok())
        .map(|path| format!("  {}", path.display()))
        .collect();
    anyhow::ensure!(
        there.is_empty(),
        "nothing was written, because these files exist and none is ever overwritten:\n{}\n\
         choose another folder, or move them away",
        there.join("\n")
    );
    Ok(())
}

/// Writes every file and gives their paths.
///
/// # Errors
///
/// If one cannot be written; those before it stay.
pub fn all(
    place: &Place,
    files: &[File],
    answers: &Answers,
    made: &Made,
    lock: Option<&Lock>,
) -> anyhow::Result<Vec<PathBuf>> {
    for folder in [place.folder(), place.data()] {
        fs::create_dir_all(folder)
            .with_context(|| format!("could not make {}", folder.display()))?;
    }
    let mut written = Vec::new();
    for file in files {
        let path = place.of(*file);
        let mut text = match file {
            File::Config => Zeroizing::new(configuration::text(answers, made, place, lock)),
            _ => text(*file, answers, made)?,
        };
        if let (true, Some(lock)) = (file.is_sealed(), lock) {
            text = lock.seal(&text)?;
        }
        make_folder(&path)?;
        // Addresses of databases and chains may hold passwords.
        if file.is_secret() || *file == File::Config {
            private::create(&path, &text)?;
        } else {
            let created = OpenOptions::new().write(true).create_new(true).open(&path);
            created
                .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
                .with_context(|| format!("could not write {}", path.display()))?;
        }
        written.push(path);
    }
    Ok(written)
}

/// Makes the folder of a file; that of keys for its owner alone.
fn make_folder(path: &Path) -> anyhow::Result<()> {
    let Some(parent) = path.parent().filter(|parent| !parent.exists()) else { return Ok(()) };
    let mode = if parent.ends_with("keys") { 0o700 } else { 0o755 };
    DirBuilder::new()
        .mode(mode)
        .create(parent)
        .with_context(|| format!("could not make {}", parent.display()))
}

fn text(file: File, answers: &Answers, made: &Made) -> anyhow::Result<Zeroizing<String>> {
    let secret = |keys: &Option<LedgerKeys>| keys.as_ref().map(LedgerKeys::to_pem_file);
    let public = |keys: &Option<LedgerKeys>| keys.as_ref().map(public_lines);
    let found: Option<String> = match file {
        // It also needs to know where everything is.
        File::Config => None,
        File::Policy => Some(templates::policy(answers, made)),
        File::SiteKeys => secret(&made.site),
        File::HubKeys => secret(&made.hub),
        File::DirectoryKeys => secret(&made.directory),
        File::SitePublic => public(&made.site),
        File::HubPublic => public(&made.hub),
        File::AdminKey => made.admin.as_ref().map(HolderKey::to_pem_file),
        File::BridgeKey => made.bridge.as_ref().map(SourceKey::to_pem),
        File::Publisher => made.publisher.as_ref().map(|(text, _)| text.to_string()),
        File::ScanSecret => made.scan_secret.as_ref().map(|text| format!("{}\n", **text)),
        File::PartnerToken => made.partner.as_ref().map(|(token, _)| token.to_string()),
        File::Rules => Some(templates::rules(answers)),
        File::Products => Some(templates::products(answers)),
        File::Places => Some(templates::places(answers)),
        File::FirstEvent => Some(templates::first_event(answers)?),
    };
    found.map(Zeroizing::new).with_context(|| format!("nothing was made for {}", file.path()))
}
