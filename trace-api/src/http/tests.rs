//! What holds for every route: who is answered, headers, paths, and pages for people.

use actix_web::http::Method;

use super::*;
use crate::testing::{JSON, Scene, ask, get, state_without_database};

const HTML: (&str, &str) = ("Accept", "text/html,application/xhtml+xml");

/// A path of the table with something in each place.
fn sample(path: &str) -> String {
    let filled = path
        .replace("{gtin}", "04012345111118")
        .replace("{serial}", "9876")
        .replace("{lot}", "L1")
        .replace("/{key}/{value}", "/8004/4012345abc")
        .replace("{compressed}", "eh30164596f40c0e5cbe991a83")
        .replace("/assets/{version}/{name}", &crate::assets::path("verify.js"))
        .replace("{origin}", "x")
        .replace("{receipt}", "0000-0000-0000-0000")
        .replace("{id}", "AAAA")
        .replace("{epc}", "urn:epc:id:sgtin:4012345.011111.9876");
    match path {
        "/ledgers/{origin}/proof/inclusion" => filled + "?index=0&size=1",
        "/ledgers/{origin}/proof/consistency" => filled + "?old=0&new=1",
        "/trace" => filled + "?epc=urn:epc:id:sgtin:4012345.011111.9876",
        _ => filled,
    }
}

/// Paths with a form that is sent to them.
const FORMS: [&str; 6] = ["/code", "/own", "/own/item", "/own/take", "/own/passport", "/report"];

/// Paths that take a body: forms, and what readers send.
fn takes_post(path: &str) -> bool {
    FORMS.contains(&path) || ["/tag-challenges", "/tag-challenges/{id}"].contains(&path)
}

/// What the default service answers.
const NOWHERE: &str = "no such page; the start page is /";

#[actix_web::test]
async fn every_route_is_answered_to_its_audience_and_to_no_other() {
    let state = state_without_database().await;
    for (path, audiences) in PATHS {
        for audience in [Audience::Public, Audience::Internal] {
            let expected = audiences.contains(&audience);
            let answer = ask(&state, audience, &Method::GET, &sample(path), &[JSON]).await;
            assert_eq!(!answer.body.contains(NOWHERE), expected, "{path} {audience:?}");
            let head = ask(&state, audience, &Method::HEAD, &sample(path), &[JSON]).await;
            assert_eq!(head.status, answer.status, "HEAD {path} {audience:?}");
            let post = ask(&state, audience, &Method::POST, &sample(path), &[]).await;
            // A form without its parts.
            let taken = if takes_post(path) { 400 } else { 405 };
            let refused = if expected { taken } else { 404 };
            assert_eq!(post.status, refused, "POST {path} {audience:?}");
        }
    }
}

#[actix_web::test]
async fn every_answer_has_the_headers_that_protect_a_browser() {
    let state = state_without_database().await;
    let paths =
        PATHS.iter().map(|(path, _)| sample(path)).chain(["/nothing".into(), "/%00".into()]);
    for path in paths {
        for audience in [Audience::Public, Audience::Internal] {
            let answer = ask(&state, audience, &Method::GET, &path, &[HTML]).await;
            let policy = answer.header("content-security-policy");
            for part in [
                "default-src 'none'",
                "script-src 'self'",
                "frame-ancestors 'none'",
                "base-uri 'none'",
            ] {
                assert!(policy.contains(part), "{path}: {policy}");
            }
            assert!(!policy.contains("unsafe"), "{path}: {policy}");
            // A form's page says to ourselves where it comes from.
            let is_form = FORMS.contains(&&*path) && audience == Audience::Public;
            let referrer = if is_form { "same-origin" } else { "no-referrer" };
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", referrer),
                ("x-frame-options", "DENY"),
                ("x-robots-tag", "noindex, nofollow"),
                ("strict-transport-security", "max-age=31536000"),
            ] {
                assert_eq!(answer.header(name), value, "{path} {name}");
            }
            assert!(answer.header("permissions-policy").contains("geolocation=()"), "{path}");
            assert!(!answer.header("cache-control").is_empty(), "{path}");
            if answer.header("content-type").starts_with("text/html") {
                assert_styles_are_allowed(&answer.body, policy);
            }
        }
    }
}

/// Fails if a browser would not apply a style of the page, or would meet a script or style that it must not run.
fn assert_styles_are_allowed(page: &str, policy: &str) {
    for style in page.split("<style>").skip(1) {
        let style = style.split("</style>").next().unwrap_or_default();
        let hash = ledger::hash::sha256(style.as_bytes());
        let hash =
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, hash.as_bytes());
        assert!(policy.contains(&format!("'sha256-{hash}'")), "{policy}");
    }
    assert!(!page.contains(" style=\"") && !page.contains(" onclick="), "{page}");
    for script in page.split("<script").skip(1) {
        assert!(script.starts_with(" type=\"module\" src=\"/"), "{script}");
    }
}

#[actix_web::test]
async fn the_verdict_page_keeps_to_the_content_policy() {
    let scene = Scene::journey("headers_page").await;
    let page = scene.get("/01/04012345111118/21/9876", &[HTML]).await;
    assert!(page.body.contains("<style>"));
    assert_styles_are_allowed(&page.body, page.header("content-security-policy"));
    assert_eq!(page.header("cache-control"), "no-store");
}

#[actix_web::test]
async fn without_tls_nothing_is_said_about_tls() {
    let mut config = crate::testing::config(String::new());
    config.public_url = "http://127.0.0.1:8084".into();
    let db = state_without_database().await.db.clone();
    let answer = get(&crate::testing::state(db, config), "/", &[]).await;
    assert_eq!(answer.header("strict-transport-security"), "");
}

#[actix_web::test]
async fn a_path_without_a_route_is_a_problem_that_names_the_start_page() {
    let state = state_without_database().await;
    for path in ["/nothing", "/items", "/ledgers/x", "/assets/", "/01"] {
        let answer = get(&state, path, &[]).await;
        answer.assert_problem(404, "not-found", "no such page; the start page is /");
    }
}

#[actix_web::test]
async fn a_control_character_in_a_path_is_refused_on_every_door() {
    let state = state_without_database().await;
    for control in ["%00", "%0A", "%0d", "%1f", "%7F", "%C2%85"] {
        for path in ["/01/04012345111118/21/x", "/items/x", "/ledgers/x", "/x"] {
            for rest in ["", "/history", "/checkpoint"] {
                let answer = get(&state, &format!("{path}{control}{rest}"), &[]).await;
                let detail = "got a control character in the address, expected none";
                answer.assert_problem(400, "malformed", detail);
            }
        }
    }
}

#[actix_web::test]
async fn a_slash_at_the_end_changes_nothing() {
    let scene = Scene::journey("slash").await;
    for path in ["/01/04012345111118/21/9876", "/ledgers", "/verify", "/policy", "/healthz"] {
        let plain = scene.get(path, &[JSON]).await;
        let slash = scene.get(&format!("{path}/"), &[JSON]).await;
        assert_eq!((slash.status, slash.body), (plain.status, plain.body), "{path}");
    }
}

#[actix_web::test]
async fn people_get_a_page_in_their_language_where_programs_get_a_problem() {
    let state = state_without_database().await;
    let long = format!("/01/04012345111118/21/{}", "9".repeat(4096));
    for (path, status, chinese, english) in [
        ("/nothing", 404, "没有这个页面", "There is no such page"),
        ("/01/04012345111118/99/1", 400, "无法读取此地址", "This address cannot be read"),
        ("/01/04012345111118/21/%00", 400, "无法读取此地址", "This address cannot be read"),
        (&long, 400, "无法读取此地址", "This address cannot be read"),
        ("/items/urn:x/history", 503, "现在无法查验", "Cannot check now"),
    ] {
        for (language, words) in [("zh-CN,zh", chinese), ("en", english)] {
            let answer = get(&state, path, &[HTML, ("Accept-Language", language)]).await;
            assert_eq!(answer.status, status, "{path}");
            assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
            assert!(
                answer.body.contains(&format!("<h1 id=\"v\">{words}</h1>")),
                "{path}: {}",
                answer.body
            );
        }
        let answer = get(&state, path, &[JSON]).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
    }
}

#[actix_web::test]
async fn a_refused_method_host_or_flood_is_a_page_for_people_and_a_problem_for_programs() {
    let scene = Scene::journey("pages_refused").await;
    let scene = scene.with_config(|config| config.rates.requests_per_minute = 1);
    let item = "/01/04012345111118/21/9876";
    let flood = async || {
        for _ in 0..100 {
            if scene.get(item, &[JSON]).await.status == 429 {
                return;
            }
        }
        panic!("nobody was refused");
    };
    let refused = [
        (
            Audience::Public,
            Method::DELETE,
            item,
            405,
            "此处只能查看",
            "This page can only be viewed",
        ),
        (
            Audience::Public,
            Method::PUT,
            "/code",
            405,
            "此处只能查看",
            "This page can only be viewed",
        ),
        (
            Audience::Internal,
            Method::GET,
            "/ledgers",
            421,
            "此地址仅供运营者使用",
            "This address is the operator&#39;s",
        ),
        (Audience::Public, Method::GET, item, 429, "查询过于频繁", "Too many requests"),
    ];
    for (audience, method, path, status, chinese, english) in refused {
        let host = if status == 421 { "evil.example" } else { "127.0.0.1" };
        if status == 429 {
            flood().await;
        }
        let ask = async |headers: &[(&str, &str)]| {
            let headers = [headers, &[("Host", host)]].concat();
            ask(&scene.state, audience, &method, path, &headers).await
        };
        let problem = ask(&[JSON]).await;
        for (language, words) in [("zh-CN,zh", chinese), ("en", english)] {
            let page = ask(&[HTML, ("Accept-Language", language)]).await;
            let what = format!("{method} {path}: {}", page.body);
            assert_eq!((page.status.as_u16(), problem.status.as_u16()), (status, status), "{what}");
            assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{what}");
            assert!(page.body.contains(&format!("<h1 id=\"v\">{words}</h1>")), "{what}");
            for name in ["allow", "retry-after"] {
                assert_eq!(page.header(name), problem.header(name), "{name} of {what}");
            }
        }
        assert_eq!(problem.header("content-type"), "application/problem+json", "{path}");
        assert_eq!(problem.json()["status"], status, "{}", problem.body);
        assert_eq!(problem.header("allow").is_empty(), status != 405, "{path}");
        assert_eq!(problem.header("retry-after").is_empty(), status != 429, "{path}");
    }
}

/// The description of a path in openapi.json.
fn described(path: &str) -> serde_json::Value {
    let text = include_str!("../../pages/openapi.json");
    let document: serde_json::Value = serde_json::from_str(text).unwrap();
    document["paths"][path]["get"].clone()
}

/// Parameters in the address of a path: name, whether it is required, whether it is a number.
fn query_parameters(path: &str) -> Vec<(String, bool, bool)> {
    let described = described(path);
    let all = described["parameters"].as_array().unwrap().iter();
    // What `linkType` may be is tried by the tests of links.
    all.filter(|one| one["in"] == "query" && one["name"] != "linkType")
        .map(|one| {
            let name = one["name"].as_str().unwrap().to_owned();
            let is_required = one["required"].as_bool().unwrap();
            (name, is_required, one["schema"]["type"] == "integer")
        })
        .collect()
}

#[actix_web::test]
async fn a_parameter_that_is_missing_malformed_or_there_twice_is_a_problem_that_names_it() {
    let state = state_without_database().await;
    let (mut required, mut checked) = (0, 0);
    // The parameters of these exclude one another, or they are not asked by `GET`: their own tests try them.
    let own = ["/trace", "/report", "/tag-challenges", "/tag-challenges/{id}"];
    for (path, audiences) in PATHS.iter().filter(|(path, _)| !own.contains(path)) {
        let all = query_parameters(path);
        for audience in *audiences {
            let whole = sample(path);
            let bare = whole.split('?').next().unwrap();
            let address = |change: &dyn Fn(&str, bool) -> Option<String>| {
                let given = all.iter().filter_map(|(name, _, is_number)| change(name, *is_number));
                format!("{bare}?{}", given.collect::<Vec<_>>().join("&"))
            };
            let value = |is_number: bool| if is_number { "1" } else { "x" };
            let good = |name: &str, is_number: bool| Some(format!("{name}={}", value(is_number)));
            let get =
                async |address: &str| ask(&state, *audience, &Method::GET, address, &[JSON]).await;
            let usual = get(&address(&good)).await.status;
            assert_ne!(usual, 400, "{path}");
            let unknown = format!("{}&utm_source=a&other=b&other=c", address(&good));
            assert_eq!(get(&unknown).await.status, usual, "unknown parameters are ignored: {path}");
            for (name, is_required, is_number) in &all {
                let without = address(&|other, number| {
                    if other == name { None } else { good(other, number) }
                });
                let answer = get(&without).await;
                if *is_required {
                    let expected = "expected a whole number from 0 to 18446744073709551615";
                    let detail = format!("the parameter `{name}`: got none, {expected}");
                    answer.assert_problem(400, "malformed", &detail);
                    required += 1;
                } else {
                    assert_eq!(answer.status, usual, "{without}");
                }
                let twice = format!("{}&{name}={}", address(&good), value(*is_number));
                let answer = get(&twice).await;
                assert_eq!(answer.status, 400, "{twice}: {}", answer.body);
                assert_eq!(answer.header("content-type"), "application/problem+json", "{twice}");
                assert!(answer.body.contains(&format!("`{name}`")), "{twice}: {}", answer.body);
                let wrong = ["x", "", "-1", "+1", "1.0", "18446744073709551616", "%00", "%ff"];
                for wrong in wrong.iter().filter(|_| *is_number) {
                    let address = address(&|other, number| {
                        if other == name {
                            Some(format!("{name}={wrong}"))
                        } else {
                            good(other, number)
                        }
                    });
                    let answer = get(&address).await;
                    assert_eq!(answer.status, 400, "{address}: {}", answer.body);
                    let begin = format!("the parameter `{name}`: got `");
                    assert!(
                        answer.json()["detail"].as_str().unwrap().starts_with(&begin),
                        "{address}"
                    );
                    checked += 1;
                }
            }
        }
    }
    assert!(required == 8 && checked == 64, "{required} {checked}");
}

#[actix_web::test]
async fn every_failure_is_a_problem_document_for_a_program() {
    let state = state_without_database().await;
    let methods = [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS];
    for (path, audiences) in PATHS {
        for audience in [Audience::Public, Audience::Internal] {
            for method in methods.iter().chain([&Method::GET]) {
                let answer = ask(&state, audience, method, &sample(path), &[JSON]).await;
                if answer.status.is_success() {
                    assert!([Method::GET, Method::OPTIONS].contains(method), "{method} {path}");
                    continue;
                }
                let what = format!("{method} {path} {audience:?}: {}", answer.body);
                assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
                let problem = answer.json();
                assert_eq!(problem["status"], answer.status.as_u16(), "{what}");
                for member in ["type", "title", "detail"] {
                    assert!(
                        problem[member].as_str().is_some_and(|text| !text.is_empty()),
                        "{what}"
                    );
                }
                let is_form = takes_post(path) && method == Method::POST;
                if audiences.contains(&audience) && method != Method::GET && !is_form {
                    assert_eq!(answer.status, 405, "{what}");
                    let allowed = answer.header("allow");
                    let all = ["GET, HEAD", "GET, HEAD, OPTIONS", "GET, HEAD, POST", "POST"];
                    assert!(all.contains(&allowed), "{what}");
                    let detail =
                        format!("got {method}, expected {}", allowed.replace(", ", " or "));
                    assert_eq!(problem["detail"], detail);
                }
            }
        }
    }
    let stranger = [JSON, ("Host", "evil.example")];
    let answer = ask(&state, Audience::Internal, &Method::GET, "/healthz", &stranger).await;
    let detail = "this address is the operator's; expected its IP address or localhost as Host";
    answer.assert_problem(421, "misdirected", detail);
}

#[test]
fn every_path_is_described() {
    let text = include_str!("../../pages/openapi.json");
    let document: serde_json::Value = serde_json::from_str(text).unwrap();
    for (path, audiences) in PATHS {
        let methods = &document["paths"][path];
        let found = methods.get("get").unwrap_or(&methods["post"]);
        assert!(found.is_object(), "{path}");
        let is_internal = audiences == [Audience::Internal];
        let says = found["summary"].as_str().unwrap().contains("internal address");
        assert_eq!(says, is_internal, "{path}");
    }
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
}
