//! Whether files have changed, and whether whoever writes them has finished.
//!
//! What holds: files that are being replaced are read when all of them have stayed the same for one look.
//!
//! Not here: reading them.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// What changes when a file is written, replaced, or made readable for somebody: times, length and number of each.
pub(super) type Stamp = Vec<((i64, i64), (i64, i64), u64, u64)>;

/// The files as they are now; none while one is missing.
pub(super) fn stamp<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Option<Stamp> {
    let of = |path: &Path| {
        let data = std::fs::metadata(path).ok()?;
        // A key that others may read is refused; that it was put right shows in the time of its status only.
        let (content, status) =
            ((data.mtime(), data.mtime_nsec()), (data.ctime(), data.ctime_nsec()));
        Some((content, status, data.len(), data.ino()))
    };
    paths.into_iter().map(of).collect()
}

/// What is known of changes of files.
pub(super) struct Changes {
    /// Of the files that were read last.
    used: Option<Stamp>,
    /// As seen at the last look.
    seen: Option<Stamp>,
}

impl Changes {
    /// - `used`: the files that were read last.
    pub(super) fn new(used: Option<Stamp>) -> Self {
        Self { seen: used.clone(), used }
    }

    /// Whether the files are others than those in use, and the same as at the look before. While one is missing, its
    /// replacement is under way.
    pub(super) fn are_complete(&mut self, now: Option<Stamp>) -> bool {
        let is_calm = now.is_some() && now == self.seen;
        self.seen = now;
        is_calm && self.seen != self.used
    }

    /// The files are read as they were seen last.
    pub(super) fn use_seen(&mut self) {
        self.used.clone_from(&self.seen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_taken_when_all_have_stayed_the_same() {
        let stamp = |number| Some(vec![((number, 0), (0, 0), 1, 1), ((number, 0), (0, 0), 1, 2)]);
        let mut changes = Changes::new(stamp(1));
        assert!(!changes.are_complete(stamp(1)));
        assert!(!changes.are_complete(stamp(2)), "the first of two files was replaced");
        assert!(!changes.are_complete(stamp(3)), "the second as well");
        assert!(!changes.are_complete(None), "one is missing");
        assert!(!changes.are_complete(stamp(3)));
        assert!(changes.are_complete(stamp(3)));
        changes.use_seen();
        assert!(!changes.are_complete(stamp(3)));
    }
}
