//! The names of the files of a pack.

use std::collections::BTreeMap;

use ledger::Hash;

/// Files that are the same in every pack.
pub const CONSTANT: [(&str, &str); 6] = [
    ("README.en.md", include_str!("readme.en.md")),
    ("README.zh.md", include_str!("readme.zh.md")),
    ("verifier/verify.py", include_str!("../../../../tests/verifiers/verify.py")),
    ("verifier/directory.py", include_str!("../../../../tests/verifiers/directory.py")),
    ("verifier/names.py", include_str!("../../../../tests/verifiers/names.py")),
    ("verifier/pack.py", include_str!("../../../../tests/verifiers/pack.py")),
];
/// The policy of whoever made it.
pub const POLICY: &str = "policy.txt";
/// The proof of the directory.
pub const DIRECTORY: &str = "directory.json";
/// The events with their proofs.
pub const PROOFS: &str = "events.jsonl";
/// The document of events.
pub const EVENTS: &str = "events.jsonld";
/// What all this is.
pub const MANIFEST: &str = "manifest.json";
/// The hashes of all other files.
pub const SUMS: &str = "SHA256SUMS";

/// The hashes of all other files, as `sha256sum --check` reads them.
pub fn sums(files: &BTreeMap<String, Hash>) -> String {
    let line = |(name, hash): (&String, &Hash)| format!("{hash}  {name}\n");
    files.iter().map(line).collect::<Vec<_>>().concat()
}
