//! Exports of a real database, over the product's own projection.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail at that line")]

mod directory;
mod pack;
mod report;
mod scene;
mod search;

use std::sync::atomic::AtomicBool;

use export::{Error, Format, Job, Manifest, Options, Progress, Request, csv, walk, write};
use history::testing::{EventDraft, FACTORY, LOT, object_event};
use ledger::json::{Json, Limits, parse};

use crate::scene::{SHOP_PARTY, Scene, everything, of_party};

fn pair(name: &str, value: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), value.to_owned())]
}

#[tokio::test]
async fn the_same_request_gives_the_same_bytes_again_and_at_its_sizes_after_further_captures() {
    let scene = Scene::journey("export_again").await;
    let mut firsts = Vec::new();
    for format in Format::ALL {
        let (first, manifest) = scene.export(format).await;
        let (second, again) = scene.export(format).await;
        assert!(!first.is_empty() && first == second, "{}", format.name());
        assert_eq!(manifest, again);
        firsts.push((format, first, manifest));
    }
    scene
        .site
        .append(
            &[object_event("2026-11-20T08:30:00Z", "storing").at(FACTORY)],
            "2026-11-22T05:00:00Z",
        )
        .await;
    scene.project().await;
    for (format, first, manifest) in firsts {
        let pins = Manifest::pins(manifest.to_json().canonical().as_bytes()).unwrap();
        let request = Scene::request(&[], everything(), format);
        let later = scene.export_at(&request, Some(&pins)).await;
        if format == Format::Pack {
            let error = later.unwrap_err().to_string();
            assert!(error.contains("expected the newest ones"), "{error}");
            continue;
        }
        let (later, same) = later.unwrap();
        assert_eq!(first, later, "{}", format.name());
        assert_eq!(manifest.id, same.id);
        let (newest, other) = scene.export(format).await;
        assert_ne!(first, newest, "{}", format.name());
        assert_ne!(manifest.id, other.id);
    }
}

#[tokio::test]
async fn the_order_is_that_of_the_ledgers_and_not_of_the_projection() {
    let at = "2026-11-20T08:00:00Z";
    let events = |step: &str| -> Vec<EventDraft> {
        (0..9).map(|_| object_event(at, step).at(FACTORY)).collect()
    };
    let scene = Scene::empty("export_order").await;
    let other = scene.other_site("a.example/first").await;
    for _ in 0..3 {
        scene.site.append(&events("storing"), "2026-11-22T03:30:00Z").await;
        scene.project().await;
        other.append(&events("packing"), "2026-11-22T03:30:00Z").await;
        scene.project().await;
    }
    let late = object_event("2026-11-21T08:00:00Z", "shipping").at(FACTORY);
    scene.site.append(&[late], "2026-11-22T03:30:00Z").await;
    scene.project().await;
    let (first, manifest) = scene.export(Format::EventsCsv).await;
    assert_eq!(manifest.counts.events, 55);
    scene.project_anew().await;
    let (second, _) = scene.export(Format::EventsCsv).await;
    assert_eq!(first, second);
    let text = String::from_utf8(first).unwrap();
    let places: Vec<&str> = text
        .lines()
        .skip(1)
        .filter_map(|line| {
            line.split(',')
                .find(|cell| cell.starts_with("a.example/first ") || cell.starts_with(scene::SITE))
        })
        .collect();
    let expected: Vec<String> = (0..27)
        .map(|index| format!("a.example/first {index}"))
        .chain((0..28).map(|index| format!("{} {index}", scene::SITE)))
        .collect();
    assert_eq!(places, expected);
}

#[tokio::test]
async fn more_events_of_one_time_than_are_sorted_in_memory_are_in_the_same_order() {
    let scene = Scene::empty("export_crowd").await;
    let other = scene.other_site("a.example/first").await;
    let event = |at: &str| object_event(at, "storing").at(FACTORY);
    let before = [event("2026-11-20T07:00:00Z")];
    scene.site.append(&before, "2026-11-22T03:30:00Z").await;
    let count = walk::MOST_OF_A_TIME / 2 + 2100;
    for _ in 0..2 {
        let crowd = vec![event("2026-11-20T08:00:00Z"); count / 2];
        scene.site.append(&crowd, "2026-11-22T03:30:00Z").await;
        scene.project_at_once().await;
        other.append(&crowd, "2026-11-22T03:30:00Z").await;
        scene.project_at_once().await;
    }
    // Within the same millisecond, and after it.
    let after = ["2026-11-20T08:00:00.000001Z", "2026-11-20T09:00:00Z"].map(event);
    scene.site.append(&after, "2026-11-22T03:30:00Z").await;
    scene.project_at_once().await;
    let (bytes, manifest) = scene.export(Format::EventsCsv).await;
    let count = count / 2 * 2;
    assert_eq!(usize::try_from(manifest.counts.events).unwrap(), 2 * count + 3);
    let text = String::from_utf8(bytes).unwrap();
    let place = |line: &str| {
        let cell = line
            .split(',')
            .find(|it| it.starts_with("a.example/first ") || it.starts_with(scene::SITE));
        cell.map(str::to_owned)
    };
    let places: Vec<String> = text.lines().skip(1).filter_map(place).collect();
    let expected: Vec<String> = std::iter::once(format!("{} 0", scene::SITE))
        .chain((0..count).map(|index| format!("a.example/first {index}")))
        .chain((1..count + 3).map(|index| format!("{} {index}", scene::SITE)))
        .collect();
    assert_eq!(places.len(), expected.len());
    assert!(places == expected, "another order");
}

#[tokio::test]
async fn what_the_reader_may_not_see_is_counted_in_every_format_and_named_in_none() {
    let scene = Scene::journey("export_scope").await;
    let secret =
        object_event("2026-11-20T09:30:00Z", "storing").of(&["urn:epc:id:sgtin:4099999.011111.77"]);
    scene.site.append(&[secret], "2026-11-22T05:00:00Z").await;
    scene.project().await;
    let all = scene.export(Format::EventsCsv).await.1.counts.events;
    for format in Format::ALL {
        let request = Scene::request(&[], of_party(SHOP_PARTY), format);
        let (bytes, manifest) = scene.export_at(&request, None).await.unwrap();
        let counts = &manifest.counts;
        assert_eq!((counts.events, counts.hidden), (1, all - 1), "{}", format.name());
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("4099999"), "{}", format.name());
        let said = match format {
            Format::FsmaCsv | Format::EventsCsv => format!("{} more are hidden by scope", all - 1),
            Format::EpcisJson | Format::Pack => format!("\"hiddenByScope\":{}", all - 1),
            Format::EpcisXml12 => format!("hiddenByScope\":{}", all - 1),
            Format::Report => format!("{} events hidden by scope", all - 1),
            // Compressed.
            Format::FsmaXlsx => continue,
        };
        assert!(text.contains(&said), "{}: {said}", format.name());
    }
}

#[tokio::test]
async fn a_query_selects_and_one_that_an_export_cannot_follow_is_refused() {
    let scene = Scene::journey("export_query").await;
    let request = Scene::request(&pair("EQ_bizStep", "shipping"), everything(), Format::EpcisJson);
    let (_, manifest) = scene.export_at(&request, None).await.unwrap();
    assert_eq!(manifest.counts.events, 2);
    let request = Scene::request(&pair("MATCH_anyEPCClass", LOT), everything(), Format::EpcisJson);
    assert_eq!(scene.export_at(&request, None).await.unwrap().1.counts.events, 1);
    for (name, value, expected) in [
        ("maxEventCount", "5", "a limit"),
        ("orderBy", "eventTime", "an order"),
        ("WD_bizLocation", FACTORY, "master data"),
        ("EQ_nothing", "x", "EQ_nothing"),
    ] {
        let refused =
            Request::new(&pair(name, value), everything(), Format::EpcisJson, Options::default());
        let error = refused.unwrap_err().to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_record_that_was_altered_is_left_out_counted_and_named() {
    let scene = Scene::journey("export_altered").await;
    let before = scene.export(Format::EventsCsv).await.1.counts.events;
    let text = "convert_from(texts, 'UTF8')";
    let replaced =
        format!("convert_to(replace({text}, 'stocking_shelves', 'stocking_shelveZ'), 'UTF8')");
    scene.db.execute(&format!("alter table record_chunks disable trigger user; update record_chunks set texts = {replaced}")).await.unwrap();
    let (bytes, manifest) = scene.export(Format::EventsCsv).await;
    assert_eq!((manifest.counts.events, manifest.counts.broken), (before - 1, 1));
    assert_eq!(manifest.counts.broken_at, [format!("{} 10", scene::SITE)]);
    let text = String::from_utf8(bytes).unwrap();
    assert!(!text.contains("shelveZ") && text.contains("1 records do not fit"), "{text}");
}

#[tokio::test]
async fn an_export_waits_for_the_projection_and_is_refused_where_a_ledger_is_another_one() {
    let scene = Scene::journey("export_behind").await;
    let (_, manifest) = scene.export(Format::EventsCsv).await;
    scene
        .site
        .append(&[object_event("2026-11-22T11:00:00Z", "storing")], "2026-11-22T12:00:00Z")
        .await;
    let request = Scene::request(&[], everything(), Format::EventsCsv);
    let error = scene.export_at(&request, None).await.unwrap_err();
    assert!(matches!(error, Error::Behind { projected: 11, size: 12, .. }), "{error}");
    // At the earlier sizes it is made meanwhile.
    let mut json = manifest.to_json();
    let pins = Manifest::pins(json.canonical().as_bytes()).unwrap();
    assert!(scene.export_at(&request, Some(&pins)).await.is_ok());
    let mut forked = pins.clone();
    forked.ledgers.get_mut(scene::SITE).unwrap().1 = ledger::Hash([7; 32]);
    let error = scene.export_at(&request, Some(&forked)).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("{} at size 11: got root ", scene::SITE)), "{error}");
    let mut unknown = pins;
    unknown.ledgers.insert("x.example/none".into(), (1, ledger::Hash([7; 32])));
    let error = scene.export_at(&request, Some(&unknown)).await.unwrap_err().to_string();
    assert!(error.contains("no such ledger"), "{error}");
    json.set("id", Json::from("00"));
    assert!(Manifest::pins(json.canonical().as_bytes()).is_err(), "the id is compared");
}

#[tokio::test]
async fn an_export_that_is_cancelled_ends() {
    let scene = Scene::journey("export_cancelled").await;
    let request = Scene::request(&[], everything(), Format::EventsCsv);
    let mut seen = Vec::new();
    let mut progress = |progress: Progress| seen.push(progress);
    let cancel = AtomicBool::new(true);
    let job = Job { progress: &mut progress, cancel: &cancel };
    let written = write(&scene.source(None), &request, &mut Vec::new(), job).await;
    assert!(matches!(written, Err(Error::Cancelled)));
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn documents_are_read_again_with_the_same_events() {
    let scene = Scene::complete("export_documents").await;
    let (bytes, manifest) = scene.export(Format::EpcisJson).await;
    let count = usize::try_from(manifest.counts.events).unwrap();
    let document = epcis::Document::parse(&bytes).unwrap();
    assert_eq!((document.events().len(), count), (11, 11));
    let hashes: Vec<String> = document.events().iter().map(epcis::query::event_id_of).collect();
    let (bytes, manifest) = scene.export(Format::EpcisXml12).await;
    let text = String::from_utf8(bytes).unwrap();
    let read = epcis::xml::parse(text.as_bytes(), &epcis::xml::Limits::default()).unwrap();
    let document = epcis::Document::unchecked(read.json).unwrap();
    assert_eq!(document.events().len(), 11);
    // Without what 1.2 cannot say, an event is another one; the others are the same.
    let same = document.events().iter().zip(&hashes);
    let same = same.filter(|(event, hash)| epcis::query::event_id_of(event) == **hash).count();
    assert!((5..11).contains(&same), "{same}");
    let named = &manifest.counts.left_out;
    assert!(named.iter().any(|it| it.contains("sensorElementList")), "{named:?}");
    assert!(text.contains("sensorElementList"), "the document names it too");
}

#[tokio::test]
async fn the_spreadsheet_is_that_of_the_golden_file() {
    let scene = Scene::food("export_food").await;
    let options = Options { has_mark: true, ..Options::default() };
    let request = Request::new(&[], everything(), Format::FsmaCsv, options).unwrap();
    let (bytes, manifest) = scene.export_at(&request, None).await.unwrap();
    assert!(bytes.starts_with(csv::MARK));
    let text = String::from_utf8(bytes[3..].to_vec()).unwrap();
    let text = text.replace(&manifest.id.to_string(), "ID");
    // Leaf hashes depend on every detail of the events; that they are there is enough.
    let hash = |word: &str| word.len() == 64 && word.bytes().all(|it| it.is_ascii_hexdigit());
    let lines = text.lines().map(|line| {
        line.split(',')
            .map(|cell| if hash(cell) { "HASH" } else { cell })
            .collect::<Vec<_>>()
            .join(",")
    });
    let text = lines.collect::<Vec<_>>().join("\n") + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exports/golden/fsma204.csv");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap();
    assert_eq!(text, expected);
    assert_eq!((manifest.counts.rows, manifest.counts.outside_layout), (9, 1));
}

#[tokio::test]
async fn names_are_those_of_the_snapshot_and_claims_are_not_used() {
    let scene = Scene::food("export_names").await;
    let (before, manifest) = scene.export(Format::FsmaCsv).await;
    let text = String::from_utf8(before.clone()).unwrap();
    assert!(text.contains("\"Farm 1, Salinas\"") && !text.contains("Somebody"), "{text}");
    scene.name(FACTORY, "Farm one", "", "2026-11-24T00:00:00Z").await;
    let (after, _) = scene.export(Format::FsmaCsv).await;
    assert!(String::from_utf8(after).unwrap().contains("Farm one"));
    let pins = Manifest::pins(manifest.to_json().canonical().as_bytes()).unwrap();
    let request = Scene::request(&[], everything(), Format::FsmaCsv);
    assert_eq!(scene.export_at(&request, Some(&pins)).await.unwrap().0, before);
}

#[test]
fn requests_of_two_readers_with_the_same_limits_are_the_same() {
    let request = |pairs: &[(String, String)], party: &str| {
        Request::new(pairs, of_party(party), Format::EventsCsv, Options::default()).unwrap()
    };
    let pairs = [pair("EQ_bizStep", "shipping"), pair("EQ_action", "ADD")].concat();
    let turned: Vec<(String, String)> = pairs.iter().rev().cloned().collect();
    let one = request(&pairs, SHOP_PARTY).to_json().canonical();
    assert_eq!(one, request(&turned, "https://id.gs1.org/417/4055555000001").to_json().canonical());
    assert_ne!(one, request(&pairs, "urn:epc:id:pgln:4012345.00000").to_json().canonical());
    assert!(parse(one.as_bytes(), &Limits::default()).is_ok());
}
