//! What an inspector exports from the desk, what is recorded of it, and what others try with it.

use std::time::{Duration, Instant};

use actix_web::web::Data;
use export::pack;
use history::testing::{CASE, EventDraft, FACTORY, ITEM, SHOP, object_event, packing_event};
use jiff::SignedDuration;
use ledger::bundle::Outcome;
use ledger::policy::Policy;
use process::Randomness;
use sql::Access;

use crate::config::{Config, ExportSettings};
use crate::jobs;
use crate::state::DeskState;
use crate::testing::{Answer, Browser, ORIGIN, READS, SITE, Scene};

/// How a page without script is loaded anew.
const ANEW: &str = "<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>";
/// Longest time until an export ends.
const PATIENCE: Duration = Duration::from_mins(2);

fn journey() -> Vec<EventDraft> {
    vec![
        object_event("2026-11-20T08:00:00.000+08:00", "commissioning")
            .at(FACTORY)
            .lot("L1", "2099-12-31"),
        packing_event("2026-11-20T09:00:00.000+08:00", "ADD", CASE, &[ITEM]).at(FACTORY),
        object_event("2026-11-20T11:00:00.000+08:00", "shipping").of(&[CASE]).at(FACTORY),
        object_event("2026-11-22T08:00:00.000+08:00", "receiving").of(&[CASE]).at(SHOP),
    ]
}

/// A desk where people export into a folder, and its policy with the keys of the log of reads.
async fn scene(name: &str, most_bytes: u64) -> (Scene, tempfile::TempDir, Policy) {
    let scene = Scene::with_records(name, &journey()).await;
    let folder = tempfile::tempdir().unwrap();
    let config = &scene.state.config;
    let mut policy = config.policy.clone().unwrap();
    let policy_text = policy.to_string();
    let keys = &config.read_log.as_ref().unwrap().keys;
    let lines = keys.verifier_keys().into_iter().map(|key| format!("log {key}\n"));
    let with_reads = policy_text.clone() + &lines.collect::<String>();
    let exports = ExportSettings {
        folder: folder.path().join("exports"),
        keep: SignedDuration::from_hours(24),
        most_bytes,
        verifier: Some("https://id.example.com/verify".to_owned()),
        policy_text,
    };
    let config = Config { exports: Some(exports), ..config.clone() };
    policy = with_reads.parse().unwrap();
    let state = desk(&scene, config).await;
    (Scene { state, ..scene }, folder, policy)
}

/// Another process of the desk, with the same database.
async fn desk(scene: &Scene, config: Config) -> Data<DeskState> {
    let own = scene.db.db_as(Access::Desk).await;
    Data::new(DeskState::new(config, own, scene.clock.clone(), Randomness::system()))
}

async fn inspector(scene: &Scene, number: u8, place: Option<&str>) -> Browser {
    let key = scene.key_for(number, "regulator", ("4012345", place)).await;
    let mut browser = Browser::default();
    browser.log_in(scene, &key).await;
    browser
}

/// Asks for an export; gives the answer.
async fn ask(scene: &Scene, browser: &mut Browser, search: &str, format: &str) -> Answer {
    let csrf = browser.get(scene, "/exports").await.csrf();
    let form = [
        ("csrf", &*csrf),
        ("q", search),
        ("format", format),
        ("mark", "on"),
        ("lang", "zh"),
        ("why", "recall seven"),
    ];
    browser.post(scene, "/exports", &form).await
}

/// Asks for an export and waits until it ended; gives its path and page.
async fn exported(
    scene: &Scene,
    browser: &mut Browser,
    search: &str,
    format: &str,
) -> (String, Answer) {
    let asked = ask(scene, browser, search, format).await;
    assert_eq!(asked.status.as_u16(), 303, "{}", asked.body);
    let path = asked.header("location").to_owned();
    (path.clone(), ended(scene, browser, &path).await)
}

/// The page of an export that neither waits nor runs.
async fn ended(scene: &Scene, browser: &mut Browser, path: &str) -> Answer {
    let begun = Instant::now();
    loop {
        let page = browser.get(scene, path).await;
        page.assert(200, "<h2 id=\"ex\">Export</h2>");
        if !page.body.contains(ANEW) {
            return page;
        }
        assert!(begun.elapsed() < PATIENCE, "{}", page.body);
        tokio::task::yield_now().await;
    }
}

/// The names in the folder of exports.
fn files(scene: &Scene) -> Vec<std::path::PathBuf> {
    let folder = &scene.state.config.exports.as_ref().unwrap().folder;
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[actix_web::test]
async fn a_search_is_exported_recorded_signed_and_the_same_again() {
    let (scene, _folder, policy) = scene("desk_export", 1 << 20).await;
    let mut browser = inspector(&scene, 1, None).await;
    let found = browser.get(&scene, "/search?q=lot%3AL1&why=recall+seven").await;
    found.assert(200, "name=\"q\" value=\"lot:L1\"");
    // The times of a search go with it, wherever they were typed.
    let found = browser
        .get(&scene, "/search?q=lot%3AL1+from%3A2026-11-20&until=2026-11-20&why=recall+seven");
    let times = "lot:L1 from:2026-11-20T00:00:00Z until:2026-11-21T00:00:00Z";
    found.await.assert(200, &format!("name=\"q\" value=\"{times}\""));
    let mut firsts: Vec<String> = Vec::new();
    for format in ["events-csv", "fsma204-csv", "epcis-json"] {
        let (path, page) = exported(&scene, &mut browser, "lot:L1", format).await;
        page.assert(200, "1 events, ");
        page.assert(200, &format!("{SITE} 4"));
        let file = browser.get(&scene, &format!("{path}/file")).await;
        assert_eq!(file.status.as_u16(), 200, "{}", file.body);
        assert!(
            file.header("content-disposition")
                .starts_with("attachment; filename=\"chopmark-export-")
        );
        let manifest = browser.get(&scene, &format!("{path}/manifest")).await.body;
        let signature = browser.get(&scene, &format!("{path}/signature")).await.body;
        let check = |file: &str, manifest: &str| {
            let mut file = file.as_bytes();
            export::signature::verify(
                &signature,
                Some(&mut file),
                Some(manifest.as_bytes()),
                &policy,
            )
            .unwrap()
        };
        let report = check(&file.body, &manifest);
        assert_eq!(report.outcome, Outcome::Proved, "{:#?}", report.checks);
        assert!(report.checks.iter().any(|it| it.detail.contains(READS)), "{:#?}", report.checks);
        assert_eq!(check(&(file.body.clone() + " "), &manifest).outcome, Outcome::Refuted);
        let other = manifest.replace("\"4012345\"", "\"4099999\"");
        assert_eq!(check(&file.body, &other).outcome, Outcome::Refuted);
        firsts.push(file.body);
    }
    assert!(firsts[0].starts_with('\u{feff}'), "the mark was asked for");
    let (path, _) = exported(&scene, &mut browser, "lot:L1", "events-csv").await;
    let again = browser.get(&scene, &format!("{path}/file")).await;
    assert_eq!(again.body, firsts[0], "the same search at the same sizes gives the same bytes");
    let reads = scene.reads().await;
    let asked = |begin: &str| {
        let all = reads.iter().filter_map(|read| read["chopmark:asked"].as_str());
        all.filter(|asked| asked.starts_with(begin)).count()
    };
    assert_eq!((asked("POST /exports "), asked("GET /exports/")), (4, 4), "{reads:?}");
    browser.get(&scene, "/exports").await.assert(200, "lot:L1");
}

#[actix_web::test]
async fn an_evidence_pack_of_a_search_is_proved() {
    let (scene, _folder, policy) = scene("desk_export_pack", 8 << 20).await;
    let mut browser = inspector(&scene, 1, None).await;
    let search = format!("item:{}", epc::thing_key(ITEM));
    let (_, page) = exported(&scene, &mut browser, &search, "evidence-pack").await;
    page.assert(200, "2 events, ");
    let pack = files(&scene).pop().unwrap();
    let report = pack::verify(std::fs::File::open(pack).unwrap(), &policy).unwrap();
    assert_eq!(report.outcome, Outcome::Proved, "{:#?}", report.checks);
}

#[actix_web::test]
async fn what_cannot_be_recorded_is_not_written() {
    let (scene, _folder, _) = scene("desk_export_unrecorded", 1 << 20).await;
    let mut browser = inspector(&scene, 1, None).await;
    let csrf = browser.get(&scene, "/exports").await.csrf();
    let form = [("csrf", &*csrf), ("q", "lot:L1"), ("format", "events-csv")];
    browser.post(&scene, "/exports", &form).await.assert(200, "State a reason");
    scene.db.execute("revoke insert on ledgers from chopmark_desk").await.unwrap();
    let asked = ask(&scene, &mut browser, "lot:L1", "events-csv").await;
    assert_eq!(asked.status.as_u16(), 503);
    browser.get(&scene, "/exports").await.assert(200, "There are no exports yet");
    assert_eq!(files(&scene), Vec::<std::path::PathBuf>::new());
    // Without the token of the session nothing is asked for.
    let forged = [("csrf", "x"), ("q", "lot:L1"), ("format", "events-csv"), ("why", "mine now")];
    browser.post(&scene, "/exports", &forged).await.assert(403, "Nothing was changed");
}

#[actix_web::test]
async fn nobody_else_finds_an_export_and_whoever_lost_a_limit_does_not_take_it() {
    let (scene, _folder, _) = scene("desk_export_others", 1 << 20).await;
    let mut browser = inspector(&scene, 1, Some(SHOP)).await;
    let (path, page) = exported(&scene, &mut browser, "lot:L1", "events-csv").await;
    page.assert(200, "0 events, 0 rows; 1 more hidden by scope");
    let mut other = inspector(&scene, 2, Some(SHOP)).await;
    for path in [path.clone(), format!("{path}/file"), "/exports/0/file".to_owned()] {
        assert_eq!(other.get(&scene, &path).await.status.as_u16(), 404, "{path}");
    }
    let csrf = other.get(&scene, "/exports").await.csrf();
    let delete = [("csrf", &*csrf), ("act", "delete")];
    assert_eq!(other.post(&scene, &path, &delete).await.status.as_u16(), 404);
    assert_eq!(files(&scene).len(), 1);
    // The same person with other limits.
    scene
        .db
        .execute("update access_keys set jurisdictions = '{9999999}' where subject like '%/1'")
        .await
        .unwrap();
    let file = browser.get(&scene, &format!("{path}/file")).await;
    assert_eq!(file.status.as_u16(), 403, "{}", file.body);
    assert!(!file.body.contains(SITE));
    browser.get(&scene, &path).await.assert(200, "1 more hidden by scope");
}

#[actix_web::test]
async fn a_file_is_deleted_when_it_is_not_wanted_or_past_its_time_and_is_not_given_out_when_changed()
 {
    let (scene, _folder, _) = scene("desk_export_deleted", 1 << 20).await;
    let mut browser = inspector(&scene, 1, None).await;
    let (path, page) = exported(&scene, &mut browser, "lot:L1", "events-csv").await;
    let file = files(&scene).pop().unwrap();
    let right = std::fs::read(&file).unwrap();
    std::fs::write(&file, &right[1..]).unwrap();
    assert_eq!(browser.get(&scene, &format!("{path}/file")).await.status.as_u16(), 500);
    std::fs::write(&file, &right).unwrap();
    assert_eq!(browser.get(&scene, &format!("{path}/file")).await.status.as_u16(), 200);
    let delete = [("csrf", &*page.csrf()), ("act", "delete")];
    assert_eq!(browser.post(&scene, &path, &delete).await.status.as_u16(), 303);
    browser.get(&scene, &path).await.assert(200, "file deleted");
    assert_eq!(browser.get(&scene, &format!("{path}/file")).await.status.as_u16(), 404);
    assert_eq!(files(&scene).len(), 0);
    let (path, _) = exported(&scene, &mut browser, "lot:L1", "report-pdf").await;
    assert_eq!(jobs::sweep(&scene.state).await.unwrap(), 0);
    scene.clock.advance(Duration::from_hours(25));
    assert_eq!(jobs::sweep(&scene.state).await.unwrap(), 1);
    assert_eq!(files(&scene).len(), 0);
    // The session is over too: sessions last half a day.
    assert_eq!(browser.get(&scene, &format!("{path}/file")).await.status.as_u16(), 401);
}

#[actix_web::test]
async fn what_died_with_its_process_is_failed_with_the_reason_and_what_it_left_is_deleted() {
    let (scene, _folder, _) = scene("desk_export_died", 1 << 20).await;
    let mut browser = inspector(&scene, 1, None).await;
    let id = "0123456789abcdef0123456789abcdef";
    let row = format!(
        "insert into export_jobs values ('{id}', 'food-authority/1', '2026-11-23T07:59:00Z', 'lot:L1', 'recall seven', 'events-csv', false, 'en',
           'running', '2026-11-23T08:00:30Z', 7, null, 7, null, null, null, null, null)"
    );
    scene.db.execute(&row).await.unwrap();
    let folder = &scene.state.config.exports.as_ref().unwrap().folder;
    std::fs::create_dir(folder).unwrap();
    std::fs::write(folder.join(format!("{id}.unfinished")), "half").unwrap();
    std::fs::write(folder.join("notes.txt"), "of somebody else").unwrap();
    let path = format!("/exports/{id}");
    assert_eq!(jobs::sweep(&scene.state).await.unwrap(), 0, "its process may live");
    browser.get(&scene, &path).await.assert(200, ANEW);
    scene.clock.advance(Duration::from_mins(2));
    assert_eq!(jobs::sweep(&scene.state).await.unwrap(), 1);
    let page = browser.get(&scene, &path).await;
    page.assert(200, "the desk was stopped while it was written; ask for it again");
    page.assert(200, "action=\"/exports\"");
    assert_eq!(files(&scene), [folder.join("notes.txt")]);
}

/// Only a page that follows an export has a script: one, by its whole address, which may ask for this page and nothing else.
async fn assert_one_script_runs(scene: &Scene, browser: &mut Browser, path: &str, page: &Answer) {
    let scripts: Vec<&str> = page.body.split("<script").skip(1).collect();
    let [script] = scripts[..] else { panic!("{}", page.body) };
    let script = script.split_once("src=\"").unwrap().1.split('"').next().unwrap();
    let policy = page.header("content-security-policy");
    for part in [
        "default-src 'none'".to_owned(),
        format!("script-src {ORIGIN}{script}; connect-src {ORIGIN}{path};"),
        "require-trusted-types-for 'script'; trusted-types 'none'".to_owned(),
    ] {
        assert!(policy.contains(&part), "{part} is not in {policy}");
    }
    let answer = browser.get(scene, script).await;
    answer.assert(200, "[data-live]");
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(answer.header("content-type"), "text/javascript; charset=utf-8");
    let other = browser.get(scene, "/assets/0000000000000000/progress.js").await;
    assert_eq!(other.status.as_u16(), 404, "the script of another version");
}

#[actix_web::test]
async fn an_export_is_stopped_by_whoever_asked_and_few_wait_at_once() {
    let (scene, _folder, _) = scene("desk_export_stopped", 1 << 20).await;
    let mut browser = inspector(&scene, 1, None).await;
    // Both slots are taken.
    let jobs = &scene.state.jobs;
    let taken = jobs.all_slots().await;
    let asked = ask(&scene, &mut browser, "lot:L1", "events-csv").await;
    let path = asked.header("location").to_owned();
    let page = browser.get(&scene, &path).await;
    page.assert(200, "waiting");
    assert_one_script_runs(&scene, &mut browser, &path, &page).await;
    for _ in 0..2 {
        assert_eq!(ask(&scene, &mut browser, "lot:L1", "events-csv").await.status.as_u16(), 303);
    }
    let fourth = ask(&scene, &mut browser, "lot:L1", "events-csv").await;
    fourth.assert(200, "Three of your exports wait or run");
    let cancel = [("csrf", &*page.csrf()), ("act", "cancel")];
    assert_eq!(browser.post(&scene, &path, &cancel).await.status.as_u16(), 303);
    browser.get(&scene, &path).await.assert(200, "stopped");
    drop(taken);
    assert_eq!(ask(&scene, &mut browser, "lot:L1", "events-csv").await.status.as_u16(), 303);
    let page = ended(&scene, &mut browser, &path).await;
    page.assert(200, "stopped");
    assert!(page.body.contains("action=\"/exports\""), "it can be asked for again");
    let policy = page.header("content-security-policy");
    assert!(!page.body.contains("<script") && !policy.contains("script-src"), "{policy}");
}

#[actix_web::test]
async fn a_file_that_would_be_too_large_is_not_kept() {
    let (scene, _folder, _) = scene("desk_export_large", 100).await;
    let mut browser = inspector(&scene, 1, None).await;
    let (path, page) = exported(&scene, &mut browser, "lot:L1", "events-csv").await;
    page.assert(200, "got more than 100 bytes");
    assert_eq!(files(&scene).len(), 0);
    assert_eq!(browser.get(&scene, &format!("{path}/file")).await.status.as_u16(), 404);
}

#[actix_web::test]
async fn a_desk_without_a_folder_offers_no_exports() {
    let scene = Scene::with_records("desk_export_none", &journey()).await;
    let mut browser = inspector(&scene, 1, None).await;
    let found = browser.get(&scene, "/search?q=lot%3AL1&why=recall+seven").await;
    found.assert(200, "exactly 1 events");
    assert!(!found.body.contains("action=\"/exports\""));
    assert_eq!(ask(&scene, &mut browser, "lot:L1", "events-csv").await.status.as_u16(), 404);
}
