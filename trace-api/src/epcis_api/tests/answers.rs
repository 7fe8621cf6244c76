//! What answers have: events as recorded, their evidence, headers; who is answered.

use std::process::Command;

use history::testing::{CASE, FACTORY, ITEM};

use super::*;
use crate::epcis_api::PATHS;

/// A path of the table with something in each place.
fn sample(path: &str) -> String {
    let mut filled = String::new();
    for part in path.split('{') {
        filled.push_str(
            &part.split_once('}').map_or(part.to_owned(), |(_, rest)| format!("x{rest}")),
        );
    }
    filled
}

#[actix_web::test]
async fn nobody_is_answered_who_is_not_identified_and_nothing_is_there_unless_the_operator_allows_it()
 {
    let scene = partner_scene("answers_who").await;
    let closed = Scene::with("answers_closed", &[]).await;
    for (path, methods) in PATHS {
        for method in methods.split(", ").filter(|method| *method != "OPTIONS") {
            let method: Method = method.parse().unwrap();
            let json = ("Content-Type", "application/json");
            let answer = ask(&scene.state, Audience::Public, &method, &sample(path), &[json]).await;
            assert_eq!(answer.status, 401, "{method} {path}: {}", answer.body);
            assert!(
                answer.body.is_empty()
                    || answer.json()["type"] == "epcisException:SecurityException",
                "{}",
                answer.body
            );
            let answer =
                ask(&closed.state, Audience::Public, &method, &sample(path), &[AUDITOR, json])
                    .await;
            assert_eq!(answer.status, 404, "{method} {path}: {}", answer.body);
        }
    }
}

#[actix_web::test]
async fn every_resource_says_what_it_can_do_and_refuses_the_rest() {
    let scene = partner_scene("answers_options").await;
    for (path, methods) in PATHS.into_iter().chain([("/", "GET, HEAD, OPTIONS")]) {
        let has_events = path.starts_with("/events") || path.ends_with("/events");
        let format = if has_events { "No_Preference" } else { "Never_Translates" };
        let path = sample(path);
        let options = ask(&scene.state, Audience::Public, &Method::OPTIONS, &path, &[]).await;
        assert_eq!(options.status, 204, "{path}: {}", options.body);
        assert_eq!(options.header("allow"), methods, "{path}");
        for (name, value) in [
            ("GS1-EPCIS-Version", "2.0.0"),
            ("GS1-EPCIS-Min", if has_events { "1.2.0" } else { "2.0.0" }),
            ("GS1-EPCIS-Max", "2.0.0"),
            ("GS1-CBV-Version", "2.0.0"),
            ("GS1-CBV-Min", "2.0.0"),
            ("GS1-CBV-Max", "2.0.0"),
            ("GS1-EPC-Format", format),
            ("GS1-CBV-XML-Format", format),
            ("GS1-Extensions", "chopmark=urn:chopmark:epcis:"),
        ] {
            assert_eq!(options.header(name), value, "{path} {name}");
        }
        assert!(options.header("gs1-vendor-version").starts_with("chopmark-"));
        let put = ask(&scene.state, Audience::Public, &Method::PUT, &path, &[]).await;
        assert_eq!((put.status.as_u16(), put.header("allow")), (405, methods), "{path}");
    }
}

#[actix_web::test]
async fn an_event_comes_as_it_was_recorded_with_evidence_that_leads_to_its_ledger() {
    let scene = partner_scene("answers_evidence").await;
    let answer = get_as(&scene, AUDITOR, "/events?EQ_bizStep=commissioning").await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("gs1-epcis-version"), "2.0.0");
    assert_eq!(answer.header("gs1-cbv-version"), "2.0.0");
    assert_eq!(answer.header("chopmark-hidden-events"), "0");
    assert_eq!(next_of(&answer), None);
    let events = events_of(&answer);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["epcList"][0], ITEM);
    assert_eq!(events[0]["eventTime"], "2026-11-20T08:00:00.000+08:00");
    let members = events[0].as_object().unwrap();
    assert!(members.keys().all(|name| !name.starts_with("chopmark:")), "{members:?}");
    let evidence = &answer.json()["chopmark:evidence"][0];
    assert_eq!(evidence["chopmark:ledger"], crate::testing::SITE);
    assert_eq!(evidence["chopmark:index"], 0);
    let stored = sql::ledgers::record_at(&scene.db, scene.site.id, 0).await.unwrap().unwrap();
    assert_eq!(evidence["chopmark:leafHash"], stored.leaf_hash.to_string());
    // What the links lead to is there, for anybody.
    for link in ["chopmark:bundle", "chopmark:checkpoint"] {
        let path = evidence[link].as_str().unwrap().strip_prefix("https://trace.example").unwrap();
        let linked = scene.get(path, &[]).await;
        assert_eq!(linked.status, 200, "{path}: {}", linked.body);
    }
}

#[actix_web::test]
async fn one_event_is_found_by_its_id_and_what_is_not_there_is_a_problem() {
    let scene = partner_scene("answers_one").await;
    let id = "urn:uuid:00000000-0000-4000-8000-000000000003";
    for path in [format!("/events/{id}"), format!("/events/{}", id.replace(':', "%3A"))] {
        assert_eq!(ids_of(&get_as(&scene, AUDITOR, &path).await), [id]);
    }
    let none = get_as(&scene, AUDITOR, "/events/urn:uuid:none").await;
    assert_eq!(none.status, 404);
    assert_eq!(none.json()["type"], "epcisException:NoSuchResourceException");
    for (path, status, kind) in [
        ("/events?EQ_nothing=x", 400, "QueryParameterException"),
        ("/events?GE_eventTime=yesterday", 400, "QueryParameterException"),
        ("/events?perPage=x", 400, "QueryParameterException"),
    ] {
        let answer = get_as(&scene, AUDITOR, path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert_eq!(answer.json()["type"], format!("epcisException:{kind}"), "{path}");
    }
}

#[actix_web::test]
async fn the_six_families_list_names_and_lead_to_their_events() {
    let scene = partner_scene("answers_families").await;
    let members = async |path: &str| -> Vec<String> {
        let answer = get_as(&scene, AUDITOR, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let list = answer.json()["member"].as_array().unwrap().clone();
        list.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    assert!(members("/eventTypes").await.contains(&"AssociationEvent".to_owned()));
    let steps = members("/bizSteps?perPage=1000").await;
    assert!(steps.contains(&"shipping".to_owned()), "{steps:?}");
    assert_eq!(
        steps.iter().filter(|step| step.contains("shipping")).count(),
        2,
        "with void_shipping: {steps:?}"
    );
    assert!(members("/epcs").await.contains(&ITEM.to_owned()));
    assert!(members("/bizLocations").await.contains(&FACTORY.to_owned()));
    assert_eq!(members("/readPoints").await, [FACTORY]);
    assert!(members("/dispositions?perPage=1000").await.contains(&"active".to_owned()));
    for (path, count) in [
        ("/bizSteps/shipping/events", 2),
        ("/bizSteps/https%3A%2F%2Fref.gs1.org%2Fcbv%2FBizStep-shipping/events", 2),
        ("/eventTypes/AggregationEvent/events?EQ_action=DELETE", 2),
        (&format!("/epcs/{CASE}/events"), 6),
        (&format!("/readPoints/{FACTORY}/events"), 1),
        ("/dispositions/active/events", 1),
    ] {
        assert_eq!(ids_of(&get_as(&scene, AUDITOR, path).await).len(), count, "{path}");
        assert_eq!(members(path.split("/events").next().unwrap()).await, ["events"], "{path}");
    }
    for path in [
        "/epcs/urn:epc:id:sgtin:4012345.011111.1",
        "/epcs/urn:epc:id:sgtin:4012345.011111.1/events",
    ] {
        assert_eq!(get_as(&scene, AUDITOR, path).await.status, 404, "{path}");
    }
    // A list of many pages has every name once.
    let mut next = Some("/bizSteps?perPage=7".to_owned());
    let mut all = Vec::new();
    while let Some(path) = next {
        all.extend(members(&path).await);
        next = next_of(&get_as(&scene, AUDITOR, &path).await);
    }
    assert_eq!(all, steps);
}

#[actix_web::test]
async fn a_program_finds_the_resources_at_the_root_and_people_find_a_page() {
    let scene = partner_scene("answers_root").await;
    let json = ("Accept", "application/json");
    let root = ask(&scene.state, Audience::Public, &Method::GET, "/", &[AUDITOR, json]).await;
    assert_eq!(root.status, 200, "{}", root.body);
    let members = root.json()["member"].as_array().unwrap().len();
    assert_eq!(members, 9);
    let page =
        ask(&scene.state, Audience::Public, &Method::GET, "/", &[("Accept", "text/html")]).await;
    assert!(page.body.contains("Chopmark</a>"), "{}", page.body);
}

#[actix_web::test]
async fn answers_fit_the_ratified_schema() {
    let adds = "a comparison of query documents with GS1's schema";
    let Some(folder) = foreign::folder("gs1-EPCIS", adds) else { return };
    let scene = partner_scene("answers_schema").await;
    let mut documents = Vec::new();
    // Events that were stated in the words of the JSON schema; others are given back as they were recorded.
    for path in [
        "/events?EQ_bizStep=commissioning%7Cpacking%7Cunpacking",
        "/events?perPage=2&EQ_bizStep=packing",
        "/events?EQ_bizStep=repairing",
        "/events/urn:uuid:00000000-0000-4000-8000-000000000003",
    ] {
        let answer = get_as(&scene, AUDITOR, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        documents.push(answer.body);
    }
    // And one that does not, so that it is seen that the schema refuses anything.
    documents.push(documents[0].replace("\"eventList\"", "\"events\""));
    let verdicts = verdicts(&folder, &documents);
    if let Some(verdicts) = verdicts {
        assert_eq!(verdicts, "11110", "{documents:#?}");
    }
}

/// What the schema says of each document.
fn verdicts(folder: &std::path::Path, documents: &[String]) -> Option<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), documents.join("\n")).unwrap();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let own = format!("{root}/var/tools/venv/bin/python");
    let pythons = [Some(own.into()), std::env::var_os("CHOPMARK_PYTHON"), Some("python3".into())];
    let answers = pythons.into_iter().flatten().filter_map(|python| {
        Command::new(python)
            .arg(format!("{root}/crates/epcis/tests/captures/oracle.py"))
            .args([&folder.join("EPCIS-JSON-Schema.json"), file.path()])
            .output()
            .ok()
    });
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut able = answers.filter(|answer| !said(&answer.stderr).contains("missing: "));
    let Some(answer) = able.next() else {
        let adds = "a comparison of query documents with GS1's schema";
        foreign::skipped("no Python has the package jsonschema", adds);
        return None;
    };
    assert!(answer.status.success(), "{}", said(&answer.stderr));
    Some(said(&answer.stdout).trim().to_owned())
}

#[actix_web::test]
async fn a_control_character_is_refused_with_the_standards_type_on_every_path_of_it() {
    let state = crate::testing::state_without_database().await;
    for (path, _) in PATHS {
        let first = path.split('/').nth(1).unwrap();
        let answer = crate::testing::get(&state, &format!("/{first}/%01"), &[]).await;
        assert_eq!(answer.status, 400, "{path}");
        assert!(
            answer.body.contains("\"epcisException:ValidationException\""),
            "{path}: {}",
            answer.body
        );
    }
    let answer = crate::testing::get(&state, "/items/%01/history", &[]).await;
    assert!(answer.body.contains("\"urn:chopmark:problem:malformed\""), "{}", answer.body);
}

#[test]
fn every_route_is_described_and_every_resource_of_the_standard_has_its_route() {
    let own: Value = serde_json::from_str(include_str!("../../../pages/openapi.json")).unwrap();
    let described = |path: &str, method: &str| own["paths"][path][method].is_object();
    for (path, methods) in PATHS {
        for method in methods.split(", ").filter(|method| *method != "HEAD") {
            assert!(described(path, &method.to_lowercase()), "{method} {path}");
        }
        let item = own["paths"][path].as_object().unwrap();
        for method in item.keys() {
            assert!(
                methods.contains(&*method.to_uppercase()),
                "{method} {path} is described and not there"
            );
        }
    }
    let adds = "a comparison of our paths, methods, headers and parameters with the standard's";
    let Some(folder) = foreign::folder("gs1-EPCIS", adds) else { return };
    let text = std::fs::read_to_string(folder.join("REST Bindings/openapi.json")).unwrap();
    let standard: Value = serde_json::from_str(&text).unwrap();
    let mut compared = 0;
    for (path, item) in standard["paths"].as_object().unwrap() {
        // These are ingest's.
        if path.starts_with("/capture") {
            continue;
        }
        for (method, operation) in item.as_object().unwrap() {
            let is_ingests = (&**path, &**method) == ("/events", "post");
            if method == "parameters" || is_ingests {
                continue;
            }
            assert!(described(path, method), "{method} {path}");
            compare(&standard, &own, path, method, operation);
            compared += 1;
        }
    }
    assert_eq!(compared, 57);
}

/// Compares the statuses of success, the headers of these answers and the headers and paging parameters of requests.
fn compare(standard: &Value, own: &Value, path: &str, method: &str, operation: &Value) {
    let ours = &own["paths"][path][method];
    for (status, response) in operation["responses"].as_object().unwrap() {
        let is_success = status.starts_with('1') || status.starts_with('2');
        let Some(answer) = ours["responses"].get(status).filter(|_| is_success) else {
            assert!(!is_success, "{method} {path} {status}");
            continue;
        };
        for name in follow(standard, response)["headers"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
        {
            // Told where it changes, in the answer about a subscription.
            let is_left_out = name == "GS1-Query-Min-Record-Time" && status != "101";
            assert!(
                is_left_out || answer["headers"].get(name).is_some(),
                "{method} {path} {status}: {name}"
            );
        }
    }
    let known: Vec<String> = ours["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| follow(own, one)["name"].as_str().unwrap().to_owned())
        .collect();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let parameter = follow(standard, parameter);
        let name = parameter["name"].as_str().unwrap();
        let is_paging = ["perPage", "nextPageToken"].contains(&name);
        let is_wanted = name.starts_with("GS1-") && !name.ends_with("-Version") && method == "get";
        if is_paging || is_wanted {
            assert!(
                known.iter().any(|known| known == name),
                "{method} {path}: {name} of {known:?}"
            );
        }
    }
}

/// What a reference leads to.
fn follow<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

#[actix_web::test]
async fn what_is_hidden_by_scope_is_counted_and_not_named() {
    let scene = partner_scene("answers_hidden").await;
    for (path, hidden) in [
        ("/events", "11"),
        ("/events?perPage=2", "11"),
        ("/events?EQ_bizStep=commissioning", "1"),
        ("/queries", ""),
    ] {
        let answer = get_as(&scene, STRANGER, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert_eq!(answer.header("chopmark-hidden-events"), hidden, "{path}");
        assert!(!answer.body.contains("4012345"), "{path}: {}", answer.body);
    }
    let document = get_as(&scene, STRANGER, "/events").await.json();
    assert_eq!(document["chopmark:hiddenEvents"], 11);
    let one =
        get_as(&scene, STRANGER, "/events/urn:uuid:00000000-0000-4000-8000-000000000003").await;
    assert_eq!((one.status.as_u16(), one.header("chopmark-hidden-events")), (404, "1"));
    let names = get_as(&scene, STRANGER, "/epcs").await;
    assert_eq!(names.json()["member"].as_array().unwrap().len(), 0, "{}", names.body);
    assert_ne!(names.header("chopmark-hidden-events"), "0");
    assert_eq!(get_as(&scene, STRANGER, &format!("/epcs/{ITEM}/events")).await.status, 404);
    // More of the same that the stranger sees as little.
    assert_eq!(ids_of(&get_as(&scene, FACTORY_KEY, "/events").await).len(), 11);
}

#[actix_web::test]
async fn a_read_that_must_be_recorded_is_not_answered_unless_it_is() {
    let scene = partner_scene("answers_recorded").await;
    for path in
        ["/events", "/epcs", "/eventTypes", "/events/urn:uuid:00000000-0000-4000-8000-000000000003"]
    {
        let answer = get_as(&scene, REGULATOR, path).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.body);
        assert!(answer.body.contains("`Chopmark-Reason`"), "{path}: {}", answer.body);
        // The installation of the tests has no log of reads.
        let headers = [REGULATOR, ("Chopmark-Reason", "recall 7")];
        let answer = ask(&scene.state, Audience::Public, &Method::GET, path, &headers).await;
        assert_eq!(answer.status, 503, "{path}: {}", answer.body);
    }
}

#[actix_web::test]
async fn a_row_of_the_projection_that_names_another_record_shows_nothing_and_is_counted() {
    let scene = partner_scene("answers_forged").await;
    let forged = "update events set leaf_index = 4 where leaf_index = 3";
    if scene.db.execute("alter table events disable trigger all").await.is_ok() {
        scene.db.execute("delete from events where leaf_index = 4").await.ok();
    }
    let changed = scene.db.execute(forged).await;
    assert!(changed.is_ok(), "{changed:?}");
    let answer = get_as(&scene, AUDITOR, "/events?perPage=100").await;
    let document = answer.json();
    assert_eq!(ids_of(&answer).len(), 9, "{document}");
    assert_eq!(document["chopmark:brokenRecords"], 1);
}
