//! Disks: whether folders can be written, and how full they are.
//!
//! What holds: nothing is written to find out; a folder that is not there yet is judged by the one that it would be made in.

use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};
use process::config::Installation;

use super::check::Check;

/// Part of a disk, in hundredths, from which it should be looked at.
const WARNING: u64 = 70;
/// Part from which it is too full.
const FULL: u64 = 90;
/// Least free space for a new installation, in GiB.
const NEEDED_GIB: u64 = 2;
const GIB: u64 = 1 << 30;

/// The folders of an installation.
pub fn look(installation: &Installation) -> Vec<Check> {
    let mut folders: Vec<(&str, PathBuf)> = vec![("data folder", data_dir(installation))];
    if let Some(bridge) = &installation.firmware_bridge {
        let spool = installation.at(&bridge.spool);
        folders.push(("spool", parent(&spool)));
    }
    let database = installation.database.as_ref();
    if database.is_some_and(|section| section.embedded && section.url.is_none()) {
        folders.push(("database folder", data_dir(installation).join("postgres")));
    }
    let mut checks = Vec::new();
    for (name, folder) in &folders {
        // The private database's folder belongs to the user that PostgreSQL runs as.
        if *name != "database folder" {
            checks.push(writable(name, folder));
        }
        checks.push(fill(name, folder));
    }
    checks.extend(spool_room(installation));
    checks
}

/// The folder of the data; that of a file that was named without its folder is the present one.
fn data_dir(installation: &Installation) -> PathBuf {
    Path::new(".").join(&installation.data_dir)
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The folder itself, or the nearest one above it that exists.
fn existing(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    absolute.ancestors().find(|above| above.exists()).unwrap_or(Path::new("/")).to_owned()
}

/// Whether a folder can be written, or made.
pub fn writable(what: &str, folder: &Path) -> Check {
    let there = existing(folder);
    let shown = folder.display();
    match access(&there, AccessFlags::W_OK | AccessFlags::X_OK) {
        Ok(()) if folder.exists() => Check::ok(what, format!("{shown} can be written")),
        Ok(()) => Check::ok(what, format!("{shown} can be made in {}", there.display())),
        Err(error) => Check::failed(
            what,
            format!("{shown} cannot be written: {} says {error}", there.display()),
            "give it to the user of the processes, or name another folder",
        ),
    }
}

/// Bytes that are free for us, and of the whole disk.
fn free(folder: &Path) -> Result<(u64, u64), String> {
    let there = existing(folder);
    nix::sys::statvfs::statvfs(&there)
        .map(|stat| {
            let size = stat.fragment_size();
            (stat.blocks_available() * size, stat.blocks() * size)
        })
        .map_err(|error| format!("{}: {error}", there.display()))
}

/// Whether there is room for a new installation.
pub fn space(what: &str, folder: &Path) -> Check {
    match free(folder) {
        Ok((free, _)) if free < NEEDED_GIB * GIB => Check::failed(
            what,
            format!("got {} GiB free, expected at least {NEEDED_GIB} GiB", free / GIB),
            "name a folder on another disk with --data",
        ),
        Ok((free, _)) => Check::ok(what, format!("{} GiB", free / GIB)),
        Err(error) => Check::failed(what, error, "name another folder"),
    }
}

/// How full the disk of a folder is.
fn fill(name: &str, folder: &Path) -> Check {
    let what = format!("disk of the {name}");
    let (free, size) = match free(folder) {
        Ok(found) => found,
        Err(error) => return Check::failed(what, error, "name another folder"),
    };
    let used = (100 * (size.saturating_sub(free))).checked_div(size).unwrap_or_default();
    judged(what, used, free)
}

fn judged(what: String, used: u64, free: u64) -> Check {
    let found = format!("{used} % used, {} GiB free", free / GIB);
    match used {
        FULL.. => Check::failed(what, found, "free or add space now: a full disk stops recording"),
        WARNING.. => Check::warning(what, found, "plan more space before 90 % are used"),
        _ => Check::ok(what, found),
    }
}

/// Whether the spool has the room that it may take.
fn spool_room(installation: &Installation) -> Option<Check> {
    let bridge = installation.firmware_bridge.as_ref()?;
    let spool = installation.at(&bridge.spool);
    let (free, _) = free(&parent(&spool)).ok()?;
    let held = std::fs::metadata(&spool).map_or(0, |data| data.len());
    let wanted = bridge.max_spool_bytes.saturating_sub(held);
    (wanted > free).then(|| {
        Check::warning(
            "room of the spool",
            format!("max_spool_bytes allows {wanted} more bytes, the disk has {free}"),
            "lower max_spool_bytes or free space: the bridge waits when the disk is full",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    #[test]
    fn a_disk_is_judged_by_its_used_part() {
        for (used, state) in [
            (0, State::Ok),
            (69, State::Ok),
            (70, State::Warning),
            (89, State::Warning),
            (90, State::Failed),
            (100, State::Failed),
        ] {
            assert_eq!(judged("disk".to_owned(), used, GIB).state, state, "{used}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        assert_eq!(writable("data", &deep).state, State::Ok);
        assert!(!folder.path().join("a").exists());
    }
}
