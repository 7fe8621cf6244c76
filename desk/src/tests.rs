//! What people see who log in with a key, and what an attacker tries with a session.

use actix_web::http::Method;

use crate::http::{PATHS, Who};
use crate::testing::{Ask, Browser, EVIL, Scene};

/// A browser that logged in, its key's number being 1.
async fn logged_in(scene: &Scene) -> Browser {
    let key = scene.key(1).await;
    let mut browser = Browser::default();
    let answer = browser.log_in(scene, &key).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/"), "{answer:?}");
    browser
}

#[actix_web::test]
async fn whoever_logs_in_with_a_key_sees_who_they_are_and_what_they_may_see() {
    let scene = Scene::new("desk_home").await;
    let mut browser = Browser::default();
    let away = browser.get(&scene, "/?x=1").await;
    away.assert(401, "Please log in");
    assert_eq!(away.leads_to(), "/login?to=%2F%3Fx%3D1");
    browser.get(&scene, away.leads_to()).await.assert(200, "name=\"key\"");

    let key = scene.key(1).await;
    let answer =
        browser.post(&scene, "/login/key", &[("key", key.reveal()), ("to", "/?x=1")]).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/?x=1"));
    let [cookie] = answer.cookies()[..] else { panic!("{answer:?}") };
    for flag in
        ["__Host-chopmark-session=", "; Path=/;", " Secure;", " HttpOnly;", " SameSite=Strict"]
    {
        assert!(cookie.contains(flag), "{cookie}");
    }
    let home = browser.get(&scene, "/").await;
    for part in ["food-authority/1", "Regulator", "9521141", "9521142", "2026-10-01 00:00 UTC"] {
        home.assert(200, part);
    }
    assert!(!home.body.contains(key.reveal()), "the key is not shown");
    let login = browser.get(&scene, "/login?to=/x").await;
    assert_eq!((login.status.as_u16(), login.header("location")), (303, "/x"));
}

#[actix_web::test]
async fn pages_have_both_languages_and_a_switch_that_stays_on_the_page() {
    let scene = Scene::new("desk_languages").await;
    let mut browser = logged_in(&scene).await;
    let home = browser.get(&scene, "/?x=1").await;
    home.assert(200, "<html lang=\"en\">");
    home.assert(200, "href=\"/language/zh?to=%2F%3Fx%3D1\"");
    let switched = browser.get(&scene, "/language/zh?to=%2F%3Fx%3D1").await;
    assert_eq!((switched.status.as_u16(), switched.header("location")), (303, "/?x=1"));
    let home = browser.get(&scene, "/").await;
    home.assert(200, "<html lang=\"zh-Hans\">");
    home.assert(200, "监管人员");
    let mut stranger = Browser::default();
    let login = Ask::get("/login").with("Accept-Language", "zh-CN,zh;q=0.9");
    stranger.send(&scene, login).await.assert(200, "用密钥登录");
    let to = "/language/en?to=%2Flogin%3Fto%3D%252Fx";
    assert_eq!(stranger.get(&scene, to).await.header("location"), "/login?to=%2Fx");
    stranger.get(&scene, "/language/fr?to=/").await.assert(404, "There is no such page");
    let open = stranger.get(&scene, "/language/en?to=//evil.example").await;
    assert_eq!(open.header("location"), "/", "an open redirect");
}

#[actix_web::test]
async fn every_answer_is_guarded_and_no_page_is_kept() {
    let scene = Scene::new("desk_headers").await;
    let mut browser = logged_in(&scene).await;
    for path in ["/", "/login", "/nothing", "/assets/desk.css"] {
        let answer = browser.get(&scene, path).await;
        let policy = answer.header("content-security-policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert!(answer.header("strict-transport-security").contains("max-age"), "{path}");
        let cached = if path == "/assets/desk.css" { "no-cache" } else { "no-store" };
        assert_eq!(answer.header("cache-control"), cached, "{path}");
        let inline = ["<script", "<style", " style=", " onclick"];
        assert!(inline.iter().all(|inline| !answer.body.contains(inline)), "{}", answer.body);
    }
    browser.get(&scene, "/a%00b").await.assert(400, "The request was not understood");
}

#[actix_web::test]
async fn without_a_session_nothing_is_shown_but_the_login() {
    let scene = Scene::new("desk_strangers").await;
    for (method, path, who) in PATHS {
        let mut ask = match *method {
            "POST" => Ask::post(path, &[("csrf", "x")]),
            _ => Ask::get(path),
        };
        ask.method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = Browser::default().send(&scene, ask).await;
        assert_eq!(answer.status.as_u16() == 401, *who == Who::LoggedIn, "{method} {path}");
        let forged = "__Host-chopmark-session";
        let mut browser = Browser::default();
        browser.cookies.insert(forged.to_owned(), "A".repeat(86));
        if *who == Who::LoggedIn && *method == "GET" {
            let answer = browser.get(&scene, path).await;
            answer.assert(401, "Please log in");
            assert!(answer.cookies()[0].contains("Max-Age=0"), "what is no session is taken away");
        }
    }
}

#[actix_web::test]
async fn a_session_that_an_operator_ends_is_refused_with_its_next_request() {
    let scene = Scene::new("desk_ended").await;
    let mut browser = logged_in(&scene).await;
    browser.get(&scene, "/").await.assert(200, "food-authority/1");
    let operator = scene.key_for(2, "operator", ("9521141", None)).await;
    let mut other = Browser::default();
    other.log_in(&scene, &operator).await;
    let kim = Some("food-authority/1".to_owned());
    let chosen = gate::session_end::Chosen { subject: kim, ..Default::default() };
    let gate = gate::Gate::new(scene.db.db(), scene.clock.clone(), gate::Settings::default());
    let ended = gate.end_sessions(None, operator.reveal(), &chosen, "lost laptop").await.unwrap();
    assert_eq!(ended.len(), 1);
    browser.get(&scene, "/").await.assert(401, "Please log in");
    let change = [("csrf", "x"), ("amount", "1")];
    browser.post(&scene, "/test/change", &change).await.assert(401, "Please log in");
    other.get(&scene, "/").await.assert(200, "food-authority/2");
}

#[actix_web::test]
async fn a_change_from_another_site_changes_nothing() {
    let scene = Scene::new("desk_csrf").await;
    let mut browser = logged_in(&scene).await;
    let csrf = browser.get(&scene, "/").await.csrf();
    let key = scene.key(2).await;
    let mut other = Browser::default();
    other.log_in(&scene, &key).await;
    let others = other.get(&scene, "/").await.csrf();
    let good = || Ask::post("/logout", &[("csrf", &csrf)]);
    for (ask, what) in [
        (Ask::post("/logout", &[]), "no token"),
        (Ask::post("/logout", &[("csrf", "")]), "an empty token"),
        (Ask::post("/logout", &[("csrf", &others)]), "the token of another session"),
        (Ask::post("/logout", &[("csrf", &csrf), ("csrf", "x")]), "two tokens"),
        (good().with("Origin", EVIL), "another site"),
        (good().with("Origin", "null"), "a sandboxed page"),
        (good().with("Origin", "https://desk.example.com.evil.example"), "a longer name"),
        (good().with("Origin", "http://desk.example.com"), "a page without TLS"),
        (good().without("Origin"), "no origin"),
    ] {
        browser.send(&scene, ask).await.assert(403, "Nothing was changed");
        browser.get(&scene, "/").await.assert(200, "food-authority/1");
        assert_eq!(scene.sessions("ended_at is null").await, 2, "{what}");
    }
    let text = good().with("Content-Type", "text/plain");
    browser.send(&scene, text).await.assert(400, "The request was not understood");
    for (method, path, _) in PATHS.iter().filter(|(method, ..)| *method != "GET") {
        let ask = Ask::post(path, &[("csrf", &csrf)]).with("Origin", EVIL);
        let answer = browser.send(&scene, ask).await;
        assert_eq!(answer.status.as_u16(), 403, "{method} {path}");
    }
    let gone = browser.send(&scene, good()).await;
    assert_eq!((gone.status.as_u16(), gone.header("location")), (303, "/login?out=1"));
    assert_eq!(browser.session(), None);
    assert_eq!(scene.sessions("ended_at is null").await, 1);
}

#[actix_web::test]
async fn a_login_for_somebody_else_cannot_be_made_from_another_site() {
    let scene = Scene::new("desk_login_csrf").await;
    let key = scene.key(1).await;
    let mut victim = Browser::default();
    let ask = Ask::post("/login/key", &[("key", key.reveal())]).with("Origin", EVIL);
    victim.send(&scene, ask).await.assert(403, "Nothing was changed");
    assert_eq!(victim.session(), None);
    assert_eq!(scene.sessions("true").await, 0);
}

#[actix_web::test]
async fn after_logging_out_the_cookie_opens_nothing() {
    let scene = Scene::new("desk_logout").await;
    let mut browser = logged_in(&scene).await;
    let mut thief = browser.clone();
    let csrf = browser.get(&scene, "/").await.csrf();
    browser.post(&scene, "/logout", &[("csrf", &csrf)]).await;
    thief.get(&scene, "/").await.assert(401, "Please log in");
}

#[actix_web::test]
async fn a_session_that_is_not_used_ends_and_so_does_one_that_lasted_a_day() {
    let scene = Scene::new("desk_expiry").await;
    let minutes = |count: u64| std::time::Duration::from_mins(count);
    let mut browser = logged_in(&scene).await;
    scene.clock.advance(minutes(29));
    browser.get(&scene, "/").await.assert(200, "food-authority/1");
    scene.clock.advance(minutes(30));
    browser.get(&scene, "/").await.assert(401, "Please log in");

    let key = scene.key(2).await;
    let mut busy = Browser::default();
    busy.log_in(&scene, &key).await;
    for _ in 0..71 {
        scene.clock.advance(minutes(10));
        busy.get(&scene, "/").await.assert(200, "food-authority/2");
    }
    scene.clock.advance(minutes(10));
    busy.get(&scene, "/").await.assert(401, "Please log in");
}

#[actix_web::test]
async fn a_key_that_is_revoked_ends_its_sessions_with_the_next_request() {
    let scene = Scene::new("desk_revoked").await;
    let key = scene.key(1).await;
    let mut browsers = [Browser::default(), Browser::default()];
    for browser in &mut browsers {
        browser.log_in(&scene, &key).await;
        browser.get(&scene, "/").await.assert(200, "food-authority/1");
    }
    scene.revoke(&key).await;
    for browser in &mut browsers {
        browser.get(&scene, "/").await.assert(401, "Please log in");
    }
    Browser::default().log_in(&scene, &key).await.assert(403, "This key does not open the desk");
}

#[actix_web::test]
async fn pages_that_load_at_the_same_time_survive_a_new_secret_and_only_read() {
    let scene = Scene::new("desk_rotation").await;
    let mut browser = logged_in(&scene).await;
    let form = browser.get(&scene, "/").await.csrf();
    scene.clock.advance(std::time::Duration::from_mins(15));
    let mut tab = browser.clone();
    let first = browser.get(&scene, "/").await;
    first.assert(200, "food-authority/1");
    assert_eq!(first.cookies().len(), 1, "a new secret");
    assert_ne!(browser.session(), tab.session());
    let second = tab.get(&scene, "/").await;
    second.assert(200, "food-authority/1");
    assert_eq!(second.cookies().len(), 0, "a secret is replaced once");
    assert_eq!(scene.sessions("ended_at is null").await, 1);

    // A change with the secret before: none of these takes a form yet but logging out, which may always be done.
    let fresh = browser.get(&scene, "/").await.csrf();
    assert_eq!(form, fresh, "a form that was shown before is still taken");

    scene.clock.advance(std::time::Duration::from_secs(30));
    tab.get(&scene, "/").await.assert(401, "Please log in");
    browser.get(&scene, "/").await.assert(401, "Please log in");
    assert_eq!(scene.sessions("ended_at is not null").await, 1, "a stolen secret ends the session");
}

#[actix_web::test]
async fn two_cookies_of_one_name_are_no_session_and_neither_is_one_set_without_tls() {
    let scene = Scene::new("desk_cookies").await;
    let browser = logged_in(&scene).await;
    let secret = browser.session().unwrap();
    let name = "__Host-chopmark-session";
    for header in [
        format!("{name}={secret}; {name}=tossed"),
        format!("{name}=tossed; {name}={secret}"),
        format!("{name}={secret}; {name}={secret}"),
        format!("chopmark-session={secret}"),
        format!("__host-chopmark-session={secret}"),
    ] {
        let ask = Ask::get("/").with("Cookie", &header);
        Browser::default().send(&scene, ask).await.assert(401, "Please log in");
    }
    let ask = Ask::get("/").with("Cookie", &format!("a=b; {name}={secret}; c=d"));
    Browser::default().send(&scene, ask).await.assert(200, "food-authority/1");
}

#[actix_web::test]
async fn a_session_that_an_attacker_planted_is_not_that_of_whoever_logs_in() {
    let scene = Scene::new("desk_fixation").await;
    let attacker = logged_in(&scene).await;
    let planted = attacker.session().unwrap().to_owned();
    let mut victim = attacker.clone();
    let key = scene.key(2).await;
    victim.log_in(&scene, &key).await;
    assert_ne!(victim.session(), Some(&*planted));
    victim.get(&scene, "/").await.assert(200, "food-authority/2");
    attacker.clone().get(&scene, "/").await.assert(401, "Please log in");
    let made_up = "B".repeat(86);
    let mut browser = Browser::default();
    browser.cookies.insert("__Host-chopmark-session".to_owned(), made_up.clone());
    browser.log_in(&scene, &key).await;
    assert_ne!(browser.session(), Some(&*made_up), "a secret is never taken from the browser");
}

#[actix_web::test]
async fn whatever_is_wrong_with_a_key_the_answer_is_the_same() {
    let scene = Scene::new("desk_keys").await;
    let (good, revoked) = (scene.key(1).await, scene.key(2).await);
    scene.revoke(&revoked).await;
    let wrong_secret = format!("{}{}", &good.reveal()[..20], "A".repeat(good.reveal().len() - 20));
    let mut bodies = Vec::new();
    for key in ["", "x", "chm_", "<script>", revoked.reveal(), &wrong_secret, "chm_AAAAAAAA"] {
        let answer = Browser::default().post(&scene, "/login/key", &[("key", key)]).await;
        assert_eq!(answer.cookies().len(), 0, "{key}");
        answer.assert(403, "This key does not open the desk");
        bodies.push(answer.body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[actix_web::test]
async fn a_source_that_tries_too_often_waits_and_others_do_not() {
    let scene = Scene::new("desk_attempts").await;
    let key = scene.key(1).await;
    for _ in 0..100 {
        Browser::default().post(&scene, "/login/key", &[("key", "x")]).await;
    }
    let answer = Browser::default().log_in(&scene, &key).await;
    answer.assert(429, "Too many attempts");
    assert_eq!(answer.header("retry-after"), "60");
    let mut other = Ask::post("/login/key", &[("key", key.reveal())]);
    other.peer = "198.51.100.1:40000";
    // A header that anybody can send changes nothing.
    let other = other.with("X-Forwarded-For", "203.0.113.7");
    assert_eq!(Browser::default().send(&scene, other).await.status.as_u16(), 303);
    scene.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(Browser::default().log_in(&scene, &key).await.status.as_u16(), 303);
}

#[actix_web::test]
async fn another_name_of_this_machine_is_answered_nothing() {
    let scene = Scene::new("desk_host").await;
    let mut browser = logged_in(&scene).await;
    for host in
        ["evil.example", "desk.example.com:8443", "desk.example.com.evil.example", "", "127.0.0.1"]
    {
        let answer = browser.send(&scene, Ask::get("/").with("Host", host)).await;
        assert_eq!(answer.status.as_u16(), 421, "{host}");
        assert!(!answer.body.contains("food-authority"), "{host}");
    }
    let port = Ask::get("/").with("Host", "desk.example.com:443");
    browser.send(&scene, port).await.assert(200, "food-authority/1");
    let probe = Ask::get("/healthz").with("Host", "127.0.0.1");
    browser.send(&scene, probe).await.assert(200, "alive");
}

#[actix_web::test]
async fn sessions_that_cannot_hold_any_more_are_deleted() {
    let scene = Scene::new("desk_deleted").await;
    let old = "insert into sessions (secret_sha256, key_prefix, subject, grants, began_at, secret_made_at, used_at)
        select sha256(n::text::bytea), 'chm_AAAAAAAA', 's', '[]', t, t, t from (values (1, timestamptz '2020-01-01'),
        (2, timestamptz '2026-11-22T06:59:59Z'), (3, timestamptz '2026-11-22T07:00:01Z')) as v (n, t)";
    scene.db.execute(old).await.unwrap();
    // Both clocks must say that a day has passed: the database's is the real one, and later than these.
    assert_eq!(scene.state.gate.delete_old_sessions().await.unwrap(), 2);
    assert_eq!(scene.sessions("true").await, 1);
}

#[actix_web::test]
async fn a_change_is_made_by_a_form_of_this_session_and_not_with_the_secret_before() {
    let scene = Scene::new("desk_posted").await;
    let mut browser = logged_in(&scene).await;
    let csrf = browser.get(&scene, "/").await.csrf();
    let form = |token: &str| {
        Ask::post("/test/change", &[("csrf", token), ("amount", "5"), ("other", "x")])
    };
    browser.send(&scene, form(&csrf)).await.assert(200, "food-authority/1 changed 5");
    for token in ["", "x", &csrf[1..]] {
        browser.send(&scene, form(token)).await.assert(403, "Nothing was changed");
    }
    browser.send(&scene, form(&csrf).with("Origin", EVIL)).await.assert(403, "Nothing was changed");
    let wrong = Ask::post("/test/change", &[("csrf", &csrf), ("amount", "many")]);
    browser.send(&scene, wrong).await.assert(400, "The request was not understood");
    let huge = "A".repeat(crate::http::MOST_BODY);
    let huge = Ask::post("/test/change", &[("csrf", &csrf), ("amount", "5"), ("x", &huge)]);
    browser.send(&scene, huge).await.assert(400, "The request was not understood");
    Browser::default().send(&scene, form(&csrf)).await.assert(401, "Please log in");
    let forgetful = Ask::post("/test/forgetful", &[("csrf", &csrf)]);
    browser.send(&scene, forgetful).await.assert(500, "Something went wrong here");

    scene.clock.advance(std::time::Duration::from_mins(15));
    let mut tab = browser.clone();
    browser.get(&scene, "/").await.assert(200, "food-authority/1");
    tab.send(&scene, form(&csrf)).await.assert(409, "Please send it again");
    browser.send(&scene, form(&csrf)).await.assert(200, "food-authority/1 changed 5");
}

#[actix_web::test]
async fn a_change_may_be_what_brings_the_new_secret() {
    let scene = Scene::new("desk_posted_new").await;
    let mut browser = logged_in(&scene).await;
    let csrf = browser.get(&scene, "/").await.csrf();
    let before = browser.session().unwrap().to_owned();
    scene.clock.advance(std::time::Duration::from_mins(15));
    let form = Ask::post("/test/change", &[("csrf", &csrf), ("amount", "5")]);
    browser.send(&scene, form).await.assert(200, "changed 5");
    assert_ne!(browser.session(), Some(&*before));
    browser.get(&scene, "/").await.assert(200, "food-authority/1");
}

#[actix_web::test]
async fn of_many_requests_at_the_same_moment_one_replaces_the_secret() {
    let scene = Scene::new("desk_race").await;
    let browser = logged_in(&scene).await;
    scene.clock.advance(std::time::Duration::from_mins(15));
    let mut tabs = vec![browser.clone(); 8];
    let asked = tabs.iter_mut().map(|tab| tab.get(&scene, "/"));
    let answers = futures::future::join_all(asked).await;
    let given = answers.iter().map(|answer| answer.cookies().len()).sum::<usize>();
    assert_eq!(given, 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.status.as_u16() == 200), "{answers:?}");
    assert_eq!(scene.sessions("previous_sha256 is not null and ended_at is null").await, 1);
}
