//! What the page of the browser's verifier shows, in the reader's language.

use std::process::Command;

use trace_api::language::Language;
use trace_api::words::verifier::for_page;

use crate::three::repository;

/// The lines that the page shows for checks of (name, outcome, detail).
fn lines(language: Language, checks: &[[&str; 3]]) -> Vec<String> {
    let script = format!(
        "import {{ lineOf }} from {}; const [words, checks] = process.argv.slice(1).map(JSON.parse); \
         console.log(JSON.stringify(checks.map((check) => lineOf(words, check))));",
        serde_json::json!(repository("trace-api/pages/verify/page.js").canonicalize().unwrap())
    );
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", &script, for_page(language)]);
    let output = node.arg(serde_json::to_string(checks).unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_line_is_wholly_in_the_readers_language() {
    let licences = "prefix 4012345: Factory from 2026-01-01T00:00:00Z until 2027-01-01T00:00:00Z (grade A: proved by a \
                    licence of GS1); Shop from 2027-01-01T00:00:00Z until 2028-01-01T00:00:00Z (grade C: stated by the \
                    party itself)";
    let checks = [
        ["who may issue the item", "passed", licences],
        ["ledger", "passed", "a; b: 2 records are in the tree of size 7"],
        ["refuted", "failed", "got a note; expected none"],
    ];
    let chinese = lines(Language::Chinese, &checks);
    let expected = [
        "已检查 · 谁可签发该物品：前缀 4012345 的许可：Factory，自 2026-01-01T00:00:00Z 至 2027-01-01T00:00:00Z（等级 A：由 GS1 许可证明）；\
         Shop，自 2027-01-01T00:00:00Z 至 2028-01-01T00:00:00Z（等级 C：由该方自行声明）",
        "已检查 · 账本：a; b：2 条记录在大小为 7 的账本树中",
        "不符 · 不成立的原因：got a note; expected none",
    ];
    assert_eq!(chinese, expected);
    let english = lines(Language::English, &checks);
    assert_eq!(english[0], format!("checked · who may issue the item: {licences}"));
    assert_eq!(english[2], "failed · refuted: got a note; expected none");
}
