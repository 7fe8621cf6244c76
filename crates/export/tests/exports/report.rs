//! Reports as PDF: what a reader finds in them, in both languages.

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
