//! Whose a cluster's folder is, and as whom its server runs.
//!
//! What holds: a cluster that is there runs as its owner, and its folder stays that owner's; a folder of somebody else, who
//! may have put links into it, is not made a cluster's. PostgreSQL refuses to run as root.
//!
//! Source: PostgreSQL 15 manual, section 19.1.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use nix::unistd::{Gid, Uid, User, chown, geteuid};

use crate::error::Error;

fn failed(text: impl Into<String>) -> Error {
    Error::Cluster(text.into())
}

/// As whom the server of `folder` runs: if we are root, as the owner of a cluster that is there already.
pub(super) fn server_user(folder: &Path) -> Result<Option<(Uid, Gid)>, Error> {
    let owner = fs::metadata(folder.join("data")).ok().filter(|_| is_made(folder));
    match owner.map(|data| (Uid::from_raw(data.uid()), Gid::from_raw(data.gid()))) {
        Some(owner) if geteuid().is_root() && !owner.0.is_root() => Ok(Some(owner)),
        _ => other_user(),
    }
}

/// Whether `folder` has a cluster.
pub(crate) fn is_made(folder: &Path) -> bool {
    folder.join("data").join("PG_VERSION").exists()
}

/// A folder of somebody else, who may have put links there, is not made a cluster's.
pub(super) fn check_owner(folder: &Path, user: Option<(Uid, Gid)>) -> Result<(), Error> {
    let owner = fs::metadata(folder)
        .map(|data| Uid::from_raw(data.uid()))
        .map_err(|error| failed(format!("{}: {error}", folder.display())))?;
    if owner == geteuid() || user.is_some_and(|(uid, _)| uid == owner) {
        return Ok(());
    }
    Err(failed(format!(
        "{} belongs to user {owner}, expected one that belongs to the user who runs this or to the server's",
        folder.display()
    )))
}

pub(super) fn other_user() -> Result<Option<(Uid, Gid)>, Error> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let Ok(Some(user)) = User::from_name(name) {
            return Ok(Some((user.uid, user.gid)));
        }
    }
    Err(failed(
        "PostgreSQL refuses to run as root: expected a user `postgres` or `nobody`, found neither",
    ))
}

/// Makes `folder` accessible to the server's user only.
pub(super) fn own(folder: &Path, user: Option<(Uid, Gid)>) -> Result<(), Error> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
        .map_err(|error| failed(format!("{}: {error}", folder.display())))?;
    if let Some((uid, gid)) = user {
        chown(folder, Some(uid), Some(gid))
            .map_err(|error| failed(format!("{}: {error}", folder.display())))?;
    }
    Ok(())
}
