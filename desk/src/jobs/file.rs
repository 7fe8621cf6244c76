//! Files of exports: written under another name until they are whole, for their owner alone, and given out only as they were written.
//!
//! What holds: a name is an id of ours and nothing else, so no path leads out of the folder; what a stranger put into the folder is left alone;
//! of a file that was changed on the disk its taker misses the end, so no browser keeps it as whole.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use actix_web::web::Bytes;
use export::Format;
use futures::Stream;
use ledger::Hash;
use ledger::hash::Sha256;

/// Bytes that are read at once.
const ROOM: usize = 256 * 1024;
/// Digits of an id.
const ID: usize = 32;
/// What an unfinished file is called at its end.
const UNFINISHED: &str = "unfinished";

/// Where the file of an export is.
#[must_use]
pub fn path_of(folder: &Path, id: &str, format: Format) -> PathBuf {
    folder.join(format!("{id}.{}", format.extension()))
}

/// The files in a folder that are of exports, with their ids; none if the folder is not there.
pub(super) fn names(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let id = path.file_stem().and_then(|stem| stem.to_str()).filter(|stem| is_id(stem));
        let ending = path.extension().and_then(|it| it.to_str()).unwrap_or_default();
        let is_ours =
            ending == UNFINISHED || Format::ALL.iter().any(|format| format.extension() == ending);
        if let Some(id) = id.filter(|_| is_ours) {
            files.push((id.to_owned(), path.clone()));
        }
    }
    Ok(files)
}

/// Whether a text can be the id of an export.
fn is_id(text: &str) -> bool {
    text.len() == ID && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A file that is removed unless it was finished.
pub(super) struct Unfinished {
    path: PathBuf,
    file: File,
    is_finished: bool,
}

impl Unfinished {
    /// In a folder, which is made if it is not there.
    pub(super) fn create(folder: &Path, id: &str) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let path = folder.join(format!("{id}.{UNFINISHED}"));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self { path, file, is_finished: false })
    }

    /// To write to.
    pub(super) fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Gives it its name, when it is on the disk.
    pub(super) fn finish(mut self, path: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        std::fs::rename(&self.path, path)?;
        self.is_finished = true;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_finished
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(%error, path = %self.path.display(), "an unfinished export is left");
        }
    }
}

/// More bytes than a file may have.
#[derive(Debug, thiserror::Error)]
#[error(
    "got more than {0} bytes, expected at most that: ask for less, or have `export_megabytes` of [desk] raised"
)]
struct Limit(u64);

/// Whether a file was not written because it would have been too large.
pub(super) fn is_limit(error: &io::Error) -> bool {
    matches!(error.get_ref(), Some(inner) if inner.is::<Limit>())
}

/// A sink that takes so many bytes and no more.
pub(super) struct Limited<W> {
    sink: W,
    left: u64,
    most: u64,
}

impl<W: Write> Limited<W> {
    pub(super) fn new(sink: W, most: u64) -> Self {
        Self { sink, left: most, most }
    }
}

impl<W: Write> Write for Limited<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.left {
            return Err(io::Error::other(Limit(self.most)));
        }
        let written = self.sink.write(bytes)?;
        self.left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// A file is not what was written.
#[derive(Debug, thiserror::Error)]
#[error("the file of an export is not what was written: got SHA-256 {got}, expected {expected}")]
pub struct Broken {
    got: Hash,
    expected: Hash,
}

/// A file that is being given out.
struct Giving {
    file: File,
    sha256: Sha256,
    /// What is given only when it is known whether more follows, or all of it was right.
    held: Vec<u8>,
    is_checked: bool,
}

impl Giving {
    /// The next bytes; none at the end of a file that is what was written.
    fn next(mut self, expected: &Hash) -> io::Result<Option<(Bytes, Self)>> {
        loop {
            let mut room = Vec::with_capacity(ROOM);
            (&mut self.file).take(ROOM as u64).read_to_end(&mut room)?;
            self.sha256.update(&room);
            let is_end = room.is_empty();
            let ready = std::mem::replace(&mut self.held, room);
            if is_end && !std::mem::replace(&mut self.is_checked, true) {
                let got = std::mem::replace(&mut self.sha256, Sha256::new()).finish();
                if got != *expected {
                    return Err(io::Error::other(Broken { got, expected: *expected }));
                }
            }
            if !ready.is_empty() {
                return Ok(Some((Bytes::from(ready), self)));
            }
            if is_end {
                return Ok(None);
            }
        }
    }
}

/// The bytes of a file; its last ones only if it has the hash that it was written with.
pub fn checked(file: File, expected: Hash) -> impl Stream<Item = io::Result<Bytes>> {
    let begin = Giving { file, sha256: Sha256::new(), held: Vec::new(), is_checked: false };
    futures::stream::try_unfold(begin, move |giving| async move {
        let next = tokio::task::spawn_blocking(move || giving.next(&expected));
        next.await.map_err(|error| io::Error::other(error.to_string()))?
    })
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;

    use super::*;

    #[test]
    fn only_names_of_ours_are_files_of_exports() {
        let folder = tempfile::tempdir().unwrap();
        let id = "0123456789abcdef0123456789abcdef";
        assert_eq!(names(&folder.path().join("none")).unwrap(), []);
        for name in ["notes.csv", "../x.csv", &format!("{id}.txt"), &format!("{id}.csv")] {
            let path = folder.path().join(Path::new(name).file_name().unwrap());
            std::fs::write(path, "x").unwrap();
        }
        let found = names(folder.path()).unwrap();
        assert_eq!(found, [(id.to_owned(), folder.path().join(format!("{id}.csv")))]);
    }

    #[test]
    fn an_unfinished_file_is_the_owners_alone_and_goes_with_its_work() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("exports");
        let unfinished = Unfinished::create(&below, "a").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&below), mode(&unfinished.path)), (0o700, 0o600));
        let mut sink = Limited::new(unfinished.file().unwrap(), 3);
        sink.write_all(b"abc").unwrap();
        assert!(is_limit(&sink.write_all(b"d").unwrap_err()));
        drop(unfinished);
        assert_eq!(std::fs::read_dir(&below).unwrap().count(), 0);
        let unfinished = Unfinished::create(&below, "a").unwrap();
        unfinished.finish(&below.join("b")).unwrap();
        assert_eq!(std::fs::read_dir(&below).unwrap().count(), 1);
    }

    #[actix_web::test]
    async fn of_a_file_that_was_changed_the_end_is_not_given() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let right = vec![7_u8; 3 * ROOM + 5];
        let hash = ledger::hash::sha256(&right);
        let given = async |content: &[u8]| {
            std::fs::write(&path, content).unwrap();
            let stream = checked(File::open(&path).unwrap(), hash);
            stream.map_ok(|bytes| bytes.len()).try_collect::<Vec<usize>>().await
        };
        assert_eq!(given(&right).await.unwrap().iter().sum::<usize>(), right.len());
        for place in [0, ROOM, right.len() - 1] {
            let mut changed = right.clone();
            changed[place] ^= 1;
            assert!(given(&changed).await.is_err(), "{place}");
        }
        assert!(given(&right[1..]).await.is_err());
        assert!(given(&[]).await.is_err());
    }
}
