//! The browser's verifier, run by Node on the ledger's golden bundles.

use std::process::Command;

#[test]
fn the_browsers_verifier_agrees_with_ours_on_the_golden_bundles() {
    let output = Command::new("node")
        .args(["--test", "verify.test.mjs"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/pages/verify"))
        .output()
        .expect("Node.js 20 is needed to run the browser's verifier");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("# pass 4"), "{text}");
}
