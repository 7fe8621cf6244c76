//! Reports as PDF: what a reader finds in them, in both languages.

use std::process::{Command, Output};

use export::{Format, Options, Request};
use process::language::Language;

use crate::scene::{Scene, everything};

/// The text of a page's Latin strings, and the Chinese ones as their UTF-16, as the file has them.
fn has(document: &[u8], text: &str) -> bool {
    let bytes: Vec<u8> = if text.is_ascii() {
        text.into()
    } else {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    };
    // A string with bytes beyond ASCII is written in hexadecimal digits, in either case.
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    let hex = hex.concat();
    let document = String::from_utf8_lossy(document).into_owned();
    document.contains(text) || document.to_uppercase().contains(&hex)
}

async fn report(scene: &Scene, language: Language) -> Vec<u8> {
    let verifier = Some("https://id.example.com/verify".to_owned());
    let options = Options { language, verifier, ..Options::default() };
    let request = Request::new(&[], everything(), Format::Report, options).unwrap();
    let (bytes, manifest) = scene.export_at(&request, None).await.unwrap();
    assert_eq!((manifest.counts.events, manifest.counts.rows), (11, 11));
    if let Some(folder) = std::env::var_os("CHOPMARK_REPORTS") {
        let path = std::path::Path::new(&folder).join(format!("report-{}.pdf", language.tag()));
        std::fs::write(path, &bytes).unwrap();
    }
    bytes
}

#[tokio::test]
async fn a_report_says_what_was_asked_at_which_sizes_and_what_it_cannot_show() {
    let scene = Scene::journey("report_pdf").await;
    let before = report(&scene, Language::English).await;
    for text in [
        "Report of recorded events",
        "all events",
        "no limits",
        "factory.example/packing",
        "11 records",
        "not anchored yet",
        "https://id.example.com/verify",
        "11 events, all of them listed",
        "What this report cannot show",
        "page 1 of",
    ] {
        assert!(has(&before, text), "{text}");
    }
    assert_eq!(before, report(&scene, Language::English).await, "the same again");
    let chinese = report(&scene, Language::Chinese).await;
    for text in ["已记录事件报告", "查看权限范围", "尚未锚定", "账本"] {
        assert!(has(&chinese, text), "{text}");
    }
    assert!(before.starts_with(b"%PDF-1.7") && before.ends_with(b"%%EOF"), "a whole file");
    scene.hub.anchor("2026-11-22T04:00:00Z").await;
    let anchored = report(&scene, Language::English).await;
    assert!(has(&anchored, "entries of the hub are anchored"));
}

/// What readers of others find in a report: of each how many pages, the text without spaces, and what they complain of; and what is in the
/// codes. None with a line if no Python has them.
fn read_by_others(documents: &[Vec<u8>]) -> Option<Vec<serde_json::Value>> {
    let folder = tempfile::tempdir().unwrap();
    let file = |(number, document): (usize, &Vec<u8>)| {
        let path = folder.path().join(format!("{number}.pdf"));
        std::fs::write(&path, document).unwrap();
        path
    };
    let files: Vec<std::path::PathBuf> = documents.iter().enumerate().map(file).collect();
    let here = env!("CARGO_MANIFEST_DIR");
    let tools = format!("{here}/../../var/tools/venv/bin/python");
    let pythons = [Some(tools.into()), std::env::var_os("CHOPMARK_PYTHON"), Some("python3".into())];
    let answers = pythons.into_iter().flatten().filter_map(|python| {
        let mut command = Command::new(python);
        command.arg(format!("{here}/tests/exports/readers.py")).args(&files).output().ok()
    });
    let complaint = |answer: &Output| String::from_utf8_lossy(&answer.stderr).into_owned();
    let mut able = answers.filter(|answer| !complaint(answer).contains("missing: "));
    let Some(answer) = able.next() else {
        let why = "no Python has the packages pypdf, pypdfium2 and zxing-cpp, which `make setup` installs";
        foreign::skipped(why, "reports as two readers of others see them");
        return None;
    };
    assert!(answer.status.success(), "{}", complaint(&answer));
    let lines = String::from_utf8(answer.stdout).unwrap();
    Some(lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

#[tokio::test]
async fn two_readers_of_others_find_the_same_pages_the_text_and_the_code_in_both_languages() {
    let scene = Scene::journey("report_readers").await;
    let english = report(&scene, Language::English).await;
    let chinese = report(&scene, Language::Chinese).await;
    let broken = english[..english.len() / 2].to_vec();
    let Some(found) = read_by_others(&[english, chinese, broken]) else { return };
    let parts = [
        ["Report of recorded events", "factory.example/packing", "page 1 of"],
        ["已记录事件报告", "factory.example/packing", "尚未锚定"],
    ];
    for (one, parts) in found.iter().zip(parts) {
        let pages = one["pypdf"]["pages"].as_u64().unwrap();
        assert!(pages >= 1 && one["pdfium"]["pages"] == pages, "{one}");
        for reader in ["pypdf", "pdfium"] {
            assert_eq!(one[reader]["problems"], serde_json::json!([]), "{reader}");
            let text = one[reader]["text"].as_str().unwrap();
            let close = |text: &str| text.split_whitespace().collect::<String>();
            for part in parts {
                assert!(close(text).contains(&close(part)), "{reader}: {part} is not in {text}");
            }
        }
        assert_eq!(one["codes"], serde_json::json!(["https://id.example.com/verify"]));
    }
    assert_ne!(found[2]["pypdf"]["problems"], serde_json::json!([]), "half a report is none");
}
