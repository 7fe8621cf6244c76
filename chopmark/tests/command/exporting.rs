//! `chopmark export` and `chopmark verify` of an evidence pack, as an operator and a regulator type them.

use history::projected::project;
use sql::events::{Batch, Move};
use sql::{Access, Transaction};

use crate::running::chopmark_in;
use crate::scene::{Ran, Scene, chopmark};

/// The ledger of reads, whose keys sign exports.
const LOG: &str = "reads.example/log";

/// A scene whose events are projected.
async fn scene(name: &str) -> Scene {
    let scene = Scene::new(name).await;
    let waiting = sql::events::waiting(&scene.db, 1000).await.unwrap();
    let mut batch = Batch::default();
    for one in waiting {
        let records: Vec<_> =
            one.chunks.iter().flat_map(sql::events::WaitingChunk::records).collect();
        let to = one.from + records.len() as u64;
        batch.events.extend(records.iter().map(|record| project(record).unwrap()));
        batch.moves.push(Move { ledger: one.ledger, from: one.from, to });
    }
    let apply = async |tx: &Transaction<'_>| sql::events::apply(tx, &batch).await;
    scene.db.run_tx("test.project", apply).await.unwrap();
    scene
}

fn export(scene: &Scene, format: &str, name: &str, more: &[&str]) -> Ran {
    let url = scene.db.url_for(Access::Owner);
    let (out, policy) = (scene.path(name), scene.path("policy.txt"));
    let words = ["export", "--database", &url, "--format", format, "--out", out.to_str().unwrap()];
    let words = [&words[..], &["--policy", policy.to_str().unwrap()], more].concat();
    chopmark(&words)
}

fn verify(scene: &Scene, name: &str, more: &[&str]) -> Ran {
    let pack = scene.path(name);
    chopmark(&[&["verify", pack.to_str().unwrap()], more].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_stands_there_whole_or_not_at_all() {
    let scene = scene("export_command").await;
    let ran = export(&scene, "fsma204-csv", "lot.csv", &[]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.contains("4 events, 1 rows"), "{}", ran.out);
    assert!(ran.out.contains("3 events have no row in this layout"), "{}", ran.out);
    let first = std::fs::read(scene.path("lot.csv")).unwrap();
    let refused = export(&scene, "fsma204-csv", "lot.csv", &[]);
    assert!(refused.status == 2 && refused.err.contains("--force replaces it"), "{}", refused.err);
    let manifest = scene.path("lot.csv.manifest.json");
    let as_of = ["--force", "--as-of", manifest.to_str().unwrap()];
    assert_eq!(export(&scene, "fsma204-csv", "lot.csv", &as_of).status, 0);
    assert_eq!(std::fs::read(scene.path("lot.csv")).unwrap(), first);
    scene.site.append(&[crate::scene::event(5, "storing")], crate::scene::RECORDED).await;
    let behind = export(&scene, "epcis-json", "late.jsonld", &[]);
    assert!(
        behind.status == 2 && behind.err.contains("got 4 projected records, expected 5"),
        "{}",
        behind.err
    );
    let folder = scene.path("lot.csv");
    let left: Vec<String> = std::fs::read_dir(folder.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("late"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pack_is_proved_refuted_or_left_open_by_its_exit_status() {
    let scene = scene("export_pack").await;
    let ran = export(&scene, "evidence-pack", "pack.zip", &[]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let policy = scene.path("policy.txt");
    let trusted = ["--policy", policy.to_str().unwrap()];
    let proved = verify(&scene, "pack.zip", &trusted);
    assert_eq!(proved.status, 0, "{}{}", proved.out, proved.err);
    assert!(proved.out.contains("events: 4 records lead to the roots"), "{}", proved.out);
    assert_eq!(verify(&scene, "pack.zip", &[]).status, 2, "nobody is trusted");
    let json = verify(&scene, "pack.zip", &[&trusted[..], &["--json"]].concat());
    assert!(json.out.contains("\"outcome\":\"proved\""), "{}", json.out);
    let mut bytes = std::fs::read(scene.path("pack.zip")).unwrap();
    // The name stands in the header of its entry, 30 bytes behind the signature.
    let is_entry = |it: &[u8]| it.starts_with(b"PK\x03\x04") && it.ends_with(b"events.jsonl");
    let place = bytes.windows(42).position(is_entry).unwrap() + 42 + 40;
    bytes[place] ^= 1;
    std::fs::write(scene.path("changed.zip"), bytes).unwrap();
    let refuted = verify(&scene, "changed.zip", &trusted);
    assert_eq!(refuted.status, 1, "{}", refuted.out);
    assert!(refuted.out.contains("events.jsonl: it was changed"), "{}", refuted.out);
    let asked =
        verify(&scene, "pack.zip", &[&trusted[..], &["--rpc", "http://127.0.0.1:1"]].concat());
    assert!(asked.status == 2 && asked.err.contains("one of its bundles"), "{}", asked.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_export_is_refuted_when_its_file_or_its_manifest_was_changed() {
    let scene = scene("export_signed").await;
    let here = scene.file("own.txt", "");
    let here = here.parent().unwrap();
    let made = chopmark_in(here, &["init", "i", "--kind", "all", "--yes"]);
    assert_eq!(made.status, 0, "{}{}", made.out, made.err);
    let made = chopmark_in(here, &["keys", "ledger", "--origin", LOG, "--out", "i/reads.pem"]);
    assert_eq!(made.status, 0, "{}", made.err);
    let keys: Vec<String> = made.out.lines().map(|key| format!("log {key}\n")).collect();
    let config = scene.path("i/chopmark.toml");
    let section = format!(
        "\n[[ledger]]\norigin = \"{LOG}\"\nkind = \"audit\"\nkeys = \"reads.pem\"\n\
         party = {{ name = \"Hub\", pgln = \"urn:epc:id:pgln:9521140.00000\" }}\n"
    );
    let text = std::fs::read_to_string(&config).unwrap() + &section;
    std::fs::write(&config, text).unwrap();
    let from = ["--config", config.to_str().unwrap(), "--sign"];
    let ran = export(&scene, "events-csv", "lot.csv", &[&from[..], &[LOG]].concat());
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.contains("signature: "), "{}", ran.out);
    let unknown = export(&scene, "events-csv", "b.csv", &[&from[..], &["b.example/1"]].concat());
    assert!(unknown.status == 2 && unknown.err.contains("b.example/1"), "{}", unknown.err);

    let policy = std::fs::read_to_string(scene.path("policy.txt")).unwrap();
    let others = scene.file("others.txt", &policy);
    let policy = scene.file("with-log.txt", &(policy + &keys.concat()));
    let status = |policy: &std::path::Path| {
        let ran = verify(&scene, "lot.csv.sig", &["--policy", policy.to_str().unwrap()]);
        assert!([0, 1, 2].contains(&ran.status), "{}", ran.err);
        ran.status
    };
    assert_eq!(status(&policy), 0);
    assert_eq!(status(&others), 2, "nobody trusts the ledger of reads");
    for name in ["lot.csv", "lot.csv.manifest.json"] {
        let whole = std::fs::read_to_string(scene.path(name)).unwrap();
        scene.file(name, &whole.replacen('1', "2", 1));
        assert_eq!(status(&policy), 1, "{name}");
        scene.file(name, &whole);
    }
    assert_eq!(status(&policy), 0);
}
