//! Files in a cluster's folder, which belongs to the server's user: they are opened by somebody with more rights.
//!
//! What holds: a symbolic link is never followed, so that nobody who owns the folder can make us write, or repeat in an
//! error, a file elsewhere; of a log of any size only the end is read.
//!
//! Not here: which files there are (`cluster.rs`).
//!
//! Source: open(2), `O_NOFOLLOW`.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use nix::fcntl::OFlag;
use nix::unistd::{Gid, Uid, fchown};

/// Bytes at the end of a log that are read at most.
const END_BYTES: u64 = 16 * 1024;

fn nofollow(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(OFlag::O_NOFOLLOW.bits())
}

/// Opens a file for writing, made if it is not there; what it holds stays.
pub(super) fn open(path: &Path) -> io::Result<File> {
    nofollow(OpenOptions::new().create(true).truncate(false).write(true)).open(path)
}

/// Makes a file anew: what was there is gone.
pub(super) fn make(path: &Path) -> io::Result<File> {
    nofollow(OpenOptions::new().create(true).truncate(true).write(true)).open(path)
}

/// Adds text at the end of a file that is there.
pub(super) fn append(path: &Path, text: &str) -> io::Result<()> {
    nofollow(OpenOptions::new().append(true)).open(path)?.write_all(text.as_bytes())
}

/// Makes a file anew that only its owner reads.
///
/// - `owner`: who that is, if it is not us.
pub(super) fn write_for(path: &Path, text: &str, owner: Option<(Uid, Gid)>) -> io::Result<()> {
    let mut file = make(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    let (uid, gid) = owner.unzip();
    fchown(&file, uid, gid).map_err(io::Error::from)?;
    file.write_all(text.as_bytes())
}

/// The last lines of a file, as far as they are among its last 16 KiB.
pub(super) fn last_lines(path: &Path, most: usize) -> io::Result<String> {
    let mut file = nofollow(OpenOptions::new().read(true)).open(path)?;
    let begin = file.metadata()?.len().saturating_sub(END_BYTES);
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.take(END_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.trim().lines().collect();
    Ok(lines[lines.len().saturating_sub(most)..].join("\n"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_is_followed_neither_for_reading_nor_for_writing() {
        let folder = tempfile::tempdir().unwrap();
        let (theirs, link) = (folder.path().join("theirs"), folder.path().join("server.log"));
        fs::write(&theirs, "secret").unwrap();
        symlink(&theirs, &link).unwrap();
        assert!(open(&link).is_err() && make(&link).is_err());
        assert!(append(&link, "more").is_err() && write_for(&link, "other", None).is_err());
        assert!(last_lines(&link, 3).is_err());
        assert_eq!(fs::read_to_string(&theirs).unwrap(), "secret");
    }

    #[test]
    fn of_a_large_log_the_end_is_read_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.log");
        let mut file = make(&path).unwrap();
        // Larger than memory, if it were read whole; it takes no room on the disk.
        file.set_len(1 << 42).unwrap();
        file.seek(SeekFrom::End(0)).unwrap();
        file.write_all(b"\nfirst\nlast but one\nlast\n").unwrap();
        assert_eq!(last_lines(&path, 2).unwrap(), "last but one\nlast");
        write_for(&path, "one\n", None).unwrap();
        append(&path, "two\n").unwrap();
        assert_eq!(last_lines(&path, 9).unwrap(), "one\ntwo");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
