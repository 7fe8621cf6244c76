//! What comes from files, databases and devices cannot act on the terminal: the bytes that the program prints.

use firmware_bridge::spool::Spool;
use history::bundle::Disclosure;
use history::testing::{FACTORY, ITEM, object_event};
use history::{Cache, gather};
use jiff::Timestamp;
use ledger::policy::Policy;
use reads::Finding;

use crate::scene::{HUB, RECORDED, Ran, SITE, Scene, chopmark};

/// Clears the screen, turns what follows around, and sets a title by a C1 control.
const ATTACK: &str = "\u{1b}[2J\u{202e}evil\u{9d}0;title\u{9c}\u{2066}\u{200b}\u{feff}";

/// Fails if anything but text, and line breaks that the program made, was printed.
fn assert_harmless(ran: &Ran) {
    for text in [&ran.out, &ran.err] {
        let acting = text.chars().find(|c| {
            (c.is_control() && *c != '\n')
                || matches!(u32::from(*c), 0x200B..=0x200F | 0x2028..=0x202E | 0x2066..=0x2069 | 0xFEFF)
        });
        assert_eq!(acting, None, "{text:?}");
    }
}

/// A scene whose ledger has a record with an attack as step, and the bundle of its item, which proves.
async fn scene_with_bundle(name: &str) -> (Scene, String) {
    let scene = Scene::new(name).await;
    let made = object_event("2026-11-20T04:00:00Z", "commissioning").at(FACTORY);
    let event = object_event("2026-11-20T05:00:00Z", ATTACK).at(FACTORY);
    scene.site.append(&[made, event], RECORDED).await;
    scene.hub.append_checkpoint_of(&scene.site, RECORDED).await;
    let policy = scene.site.policy_lines("log") + &scene.hub.policy_lines("hub");
    let policy = std::sync::Arc::new(policy.parse::<Policy>().unwrap());
    let gathered = {
        let (rights, now) = (history::testing::rights(), jiff::Timestamp::now());
        gather(&scene.db, &Cache::new(0), &policy, &rights, now, &ITEM.parse().unwrap())
            .await
            .unwrap()
    };
    let bundle = history::bundle::build(&scene.db, &gathered, Some(HUB), Disclosure::Whole, None)
        .await
        .unwrap();
    (scene, String::from_utf8(bundle.to_bytes()).unwrap())
}

#[tokio::test]
async fn a_bundle_cannot_act_on_the_terminal_of_who_verifies_it() {
    let (scene, bundle) = scene_with_bundle("terminal_verify").await;
    // In canonical JSON C0 controls are escaped; the others stand as they are.
    let as_json = ATTACK.replace('\u{1b}', "\\u001b");
    assert!(bundle.contains(&as_json), "{bundle}");
    let renamed = bundle.replace(ITEM, &format!("{ITEM}{as_json}"));
    for (text, status, word) in [(&bundle, 0, "PROVED"), (&renamed, 1, "REFUTED")] {
        let file = scene.file("item.bundle", text);
        for more in [&[][..], &["--json"]] {
            let policy = scene.path("policy.txt");
            let words = ["verify", file.to_str().unwrap(), "--policy", policy.to_str().unwrap()];
            let ran = chopmark(&[&words, more].concat());
            assert_eq!(ran.status, status, "{}", ran.out);
            assert_harmless(&ran);
            if more.is_empty() {
                assert!(ran.out.starts_with(word), "{}", ran.out);
                assert!(ran.out.contains(r"[2J\u{202e}evil\u{9d}0;title\u{9c}"), "{}", ran.out);
            } else {
                let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
                assert_eq!(json["outcome"].as_str().unwrap().to_uppercase(), word);
            }
        }
    }
}

#[tokio::test]
async fn a_ledgers_name_cannot_act_on_the_terminal_of_the_auditor() {
    let scene = Scene::new("terminal_audit").await;
    let rename = format!(
        "alter table ledgers disable trigger user; update ledgers set origin = origin || '{ATTACK}\nwhole  x' \
         where origin = '{SITE}'"
    );
    scene.db.execute(&rename).await.unwrap();
    for more in [&[][..], &["--json"]] {
        let ran = scene.audit(more);
        assert_ne!(ran.status, 0);
        assert_harmless(&ran);
        assert!(!ran.out.lines().any(|line| line.starts_with("whole  x")), "{}", ran.out);
    }
}

#[test]
fn a_devices_finding_cannot_act_on_the_terminal_of_who_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spool.sqlite");
    let mut spool = Spool::open(&path).unwrap();
    let finding =
        Finding { code: reads::code::REFUSED, text: format!("the reader says {ATTACK}\nok") };
    let mut batch = spool.begin().unwrap();
    batch.add_finding(&format!("door-3{ATTACK}"), &finding, Timestamp::UNIX_EPOCH).unwrap();
    batch.put_setting("door-3", "firmware", ATTACK, Timestamp::UNIX_EPOCH).unwrap();
    batch.commit().unwrap();
    for more in [&["--settings"][..], &["--json", "--settings"]] {
        let words = ["reader", "findings", "--lang", "en", "--spool", path.to_str().unwrap()];
        let ran = chopmark(&[&words, more].concat());
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert!(ran.out.contains("the reader says"), "{}", ran.out);
        assert_harmless(&ran);
    }
}

#[test]
fn a_tag_and_a_document_cannot_act_on_the_terminal() {
    for word in [format!("30{ATTACK}"), format!("urn:epc:tag:{ATTACK}")] {
        for what in ["decode", "encode"] {
            let ran = chopmark(&["epc", what, &word]);
            assert_ne!(ran.status, 0);
            assert_harmless(&ran);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("event.jsonld");
    let event = serde_json::json!({
        "type": "ObjectEvent", "action": ATTACK, "eventTime": format!("2026{ATTACK}"),
        "bizStep": ATTACK, "epcList": [format!("urn:{ATTACK}")],
    });
    std::fs::write(&path, event.to_string()).unwrap();
    let ran = chopmark(&["event", "hash", path.to_str().unwrap()]);
    assert_eq!(ran.status, 1, "{}", ran.err);
    assert!(ran.err.contains("evil"), "{}", ran.err);
    assert_harmless(&ran);
    // Nor does the name of a file, or what a configuration says.
    let ran = chopmark(&["event", "hash", &format!("/{ATTACK}/no-such-file")]);
    assert_harmless(&ran);
    let config = folder.path().join("chopmark.toml");
    std::fs::write(
        &config,
        format!("[ingest]\nlisten = \"{}\"\n", ATTACK.replace('\u{1b}', "\\u001b")),
    )
    .unwrap();
    let ran = chopmark(&["up", "--config", config.to_str().unwrap()]);
    assert_ne!(ran.status, 0);
    assert_harmless(&ran);
}
