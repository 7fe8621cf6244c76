//! The programs under test, built before the first test of a process uses one.
//!
//! What holds: a test never runs a program older than the sources. `cargo test` builds tests and what they depend on,
//! but not the programs of other packages, so the first test that needs one runs `cargo build` for them, with the
//! profile and the target folder of the test itself. That takes less than a second if nothing changed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The product's program.
pub fn chopmark() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| folder().join("chopmark"))
}

/// The demo's program.
pub fn demo() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| folder().join("chopmark-demo"))
}

/// The folder of the programs, after a build.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let own = std::env::current_exe().expect("a test knows its own path");
        // TARGET/PROFILE/deps/NAME-HASH
        let folder = own.ancestors().nth(2).expect("a test lies below the target folder");
        build(folder);
        folder.to_owned()
    })
}

fn build(folder: &Path) {
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(name) => name,
        None => panic!("{} is not the folder of a profile", folder.display()),
    };
    let target = folder.parent().expect("a profile's folder lies in the target folder");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        // The whole workspace is selected, as by the Makefile: with fewer packages Cargo would build everything below
        // once more with fewer features.
        .args(["build", "--quiet", "--workspace", "--bin", "chopmark", "--bin", "chopmark-demo"])
        .args(["--profile", profile, "--target-dir"])
        .arg(target)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    // What cargo tells this test about its own package would look like a changed environment to build scripts.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
        {
            command.env_remove(&*name);
        }
    }
    let output = command.output().expect("cargo starts");
    assert!(
        output.status.success(),
        "the programs under test do not compile:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
