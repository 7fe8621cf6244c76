//! The temporary folder of a test.

use std::os::unix::fs::PermissionsExt as _;

/// A folder that is removed with the returned value, or kept, and its path printed, if `CHOPMARK_KEEP` is set.
pub fn temporary() -> tempfile::TempDir {
    let mut folder = tempfile::tempdir().expect("a temporary folder can be made");
    // PostgreSQL runs as another user when the test runs as root; that user must be able to enter.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711))
        .expect("the mode of an own folder can be set");
    if std::env::var_os("CHOPMARK_KEEP").is_some() {
        folder.disable_cleanup(true);
        eprintln!("CHOPMARK_KEEP: the test's files stay in {}", folder.path().display());
    }
    folder
}
