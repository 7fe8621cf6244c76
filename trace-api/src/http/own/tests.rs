//! Owners from the hidden code or the chip to the buyer of a second-hand item, and what somebody may try.

use std::sync::Arc;
use std::time::Duration;

use access::hidden_code::HiddenCodeKey;
use access::typed::LongCode;
use actix_web::http::Method;
use futures::future::join_all;
use history::testing::{EventDraft, GTIN, SERIAL};

use super::*;
use crate::names::{Names, Product};
use crate::places::Places;
use crate::state::Audience;
use crate::testing::chip::{Chip, Over, import, key_set, tag_key};
use crate::testing::{
    Answer, JSON, PHONE, Scene, ask, commissioning, encoded, journey, names, post_form,
};

const HTML: (&str, &str) = ("Accept", "text/html");
const SAME: (&str, &str) = ("Sec-Fetch-Site", "same-origin");
const ITEM: &str = "https://id.gs1.org/01/04012345111118/21/9876";
const PAGE: &str = "/01/04012345111118/21/9876?lang=en";
const HERE: &str = "203.0.113.7";
const BUYER: &str = "198.51.100.9";
const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

fn key() -> HiddenCodeKey {
    HiddenCodeKey::read("0123456789abcdef0123456789abcdef").expect("a key of the test")
}

fn with_codes(scene: Scene) -> Scene {
    let product = names(None).product(GTIN).cloned().expect("the product of the tests");
    let product = Product { code_key: Some(key()), ..product };
    scene
        .with_config(|config| config.names = Arc::new(Names::new(vec![product], Places::default())))
}

/// Items with hidden codes.
async fn scene(name: &str) -> Scene {
    with_codes(Scene::journey(name).await)
}

/// Items with chips.
async fn chips(name: &str, events: &[EventDraft]) -> Scene {
    let scene = Scene::with(name, events).await;
    let scene = scene.with_config(|config| config.tag_key = Some(tag_key()));
    import(&scene, &key_set(Over::Path), &tag_key()).await;
    scene
}

/// Sends a form as the phone at `from` does.
async fn send(scene: &Scene, path: &str, fields: &[(&str, &str)], from: &str) -> Answer {
    let headers = [HTML, SAME, ("X-Forwarded-For", from), ("User-Agent", PHONE)];
    post_form(&scene.state, &format!("{path}?lang=en"), encoded(fields), &headers).await
}

/// A number of a form.
fn form(number: u8) -> String {
    format!("{number:032x}")
}

async fn claim(scene: &Scene, code: &str, number: u8, from: &str) -> Answer {
    let form = form(number);
    send(scene, "/own", &[("item", ITEM), ("code", code), ("form", &form)], from).await
}

/// The owner's code that an answer shows.
fn code_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let (_, rest) = answer.body.split_once("<p class=\"receipt\">").expect("a code is shown");
    let code = rest.split('<').next().unwrap_or_default().to_owned();
    assert!(LongCode::parse(&code).is_some(), "{code}");
    code
}

/// The address of the link that an owner's page shows, and its code.
fn link_of(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let (_, rest) = answer.body.split_once("<p class=\"address\">").expect("a link is shown");
    let link = rest.split('<').next().unwrap_or_default().to_owned();
    let (path, code) = link.split_once('#').expect("the code is in the fragment");
    (path.to_owned(), code.to_owned())
}

async fn owner_page(scene: &Scene, code: &str, act: &str) -> Answer {
    send(scene, "/own/item", &[("code", code), ("act", act)], HERE).await
}

async fn accept(scene: &Scene, link: &str, number: u8, from: &str) -> Answer {
    let form = form(number);
    let fields = [("code", link), ("form", &form), ("act", "accept")];
    send(scene, "/own/take", &fields, from).await
}

fn assert_unknown(answer: &Answer) {
    assert_eq!(answer.status, 404, "{}", answer.body);
    assert!(answer.body.contains("This code opens nothing"), "{}", answer.body);
}

/// Somebody who registered the item by its hidden code.
async fn owned(name: &str) -> (Scene, String) {
    let scene = scene(name).await;
    let owner = code_of(&claim(&scene, &key().code(ITEM), 1, HERE).await);
    (scene, owner)
}

#[actix_web::test]
async fn who_enters_the_hidden_code_first_becomes_the_owner_and_everybody_later_reads_the_day() {
    let scene = scene("own_first").await;
    let before = scene.get(PAGE, &[HTML]).await.body;
    let (_, rest) = before.split_once("href=\"/own?").expect("the page leads to the form");
    let path = format!("/own?{}", rest.split('"').next().unwrap().replace("&#38;", "&"));
    let field = scene.get(&path, &[HTML]).await;
    assert!(field.body.contains(&format!("value=\"{ITEM}\"")), "{}", field.body);
    let headers = ["set-cookie", "referrer-policy", "cache-control"].map(|name| field.header(name));
    assert_eq!(headers, ["", "same-origin", "no-store"]);
    let (_, number) = field.body.split_once("name=\"form\" value=\"").expect("it has a number");
    let fields = [("item", ITEM), ("code", &*key().code(ITEM)), ("form", &number[..32])];
    let answer = send(&scene, "/own", &fields, HERE).await;
    let owner = code_of(&answer);
    assert!(answer.body.contains(&format!("https://trace.example/own/item#{owner}")));
    assert_eq!((answer.header("cache-control"), answer.header("set-cookie")), ("no-store", ""));
    // The answer was lost, and the browser sends the form again, or for the other language.
    assert_eq!(code_of(&send(&scene, "/own", &fields, HERE).await), owner);
    assert!(answer.body.contains("<button class=\"lang\""), "{}", answer.body);
    for (language, words) in [("en", "on 23 November 2026"), ("zh", "2026 年 11 月 23 日 在此登记")]
    {
        let page = scene.get(&PAGE.replace("en", language), &[HTML]).await.body;
        assert!(page.contains(words) && !page.contains(&owner), "{page}");
        assert!(page.contains("href=\"/own/item?lang="), "{page}");
    }
    let json = scene.get(PAGE, &[JSON]).await.json();
    assert!(json["notices"].to_string().contains("registered here as the owner"), "{json}");
    let page = owner_page(&scene, &owner, "").await.body;
    for words in
        ["Bamboo spring tea", SERIAL, "registered owner number 1", "Nobody registered before"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    let count = |outcome: &str| scene.state.metrics.owners.with_label_values(&[outcome]).get();
    assert_eq!(["registered", "shown"].map(count), [2, 1]);
}

#[actix_web::test]
async fn from_the_page_of_a_code_that_was_used_first_one_step_leads_to_registering() {
    let scene = scene("own_after_code").await;
    let fields = [("item", ITEM), ("code", &*key().code(ITEM))];
    let first = send(&scene, "/code", &fields, HERE).await;
    let value = |name: &str| {
        let (_, rest) = first.body.split_once(&format!("name=\"{name}\" value=\"")).expect(name);
        rest.split('"').next().unwrap().to_owned()
    };
    let fields = ["item", "code", "form"].map(|name| (name, value(name)));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, &**value)).collect();
    code_of(&send(&scene, "/own", &fields, HERE).await);
    let other = send(&scene, "/code", &[("item", ITEM), ("code", &key().code(ITEM))], BUYER).await;
    assert!(!other.body.contains("action=\"/own"), "it is not offered to whoever is later");
}

#[actix_web::test]
async fn whoever_enters_a_code_that_another_used_before_or_a_wrong_one_becomes_no_owner() {
    let scene = scene("own_used").await;
    let code = key().code(ITEM);
    let used = send(&scene, "/code", &[("item", ITEM), ("code", &code)], BUYER).await;
    assert_eq!(used.status, 200);
    let answer = claim(&scene, &code, 1, HERE).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    assert!(answer.body.contains("used before, on 23 November 2026"), "{}", answer.body);
    let other = key().code("https://id.gs1.org/01/04012345111118/21/1");
    for (code, words) in
        [(&*other, "not the code of this item"), ("0000-0000-001", "typing error"), ("", "typing")]
    {
        let answer = claim(&scene, code, 1, HERE).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
        assert!(answer.body.contains(words), "{}", answer.body);
    }
    // Two weeks later nobody can tell that it is the same person.
    scene.state.clock.advance(15 * DAY);
    assert_eq!(claim(&scene, &code, 1, BUYER).await.status, 422);
    let registered = sql::owners::registered(&scene.db.db(), ITEM).await.expect("asked");
    assert_eq!(registered.owned, None);
}

#[actix_web::test]
async fn of_eight_at_once_one_becomes_the_owner_also_of_one_phone() {
    let scene = scene("own_at_once").await;
    let code = key().code(ITEM);
    let phones: Vec<String> = (0..8).map(|network| format!("198.51.{network}.7")).collect();
    let numbered =
        phones.iter().zip(1..).map(|(phone, number)| claim(&scene, &code, number, phone));
    let answers = join_all(numbered).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    let used = answers.iter().filter(|answer| answer.body.contains("used before, on"));
    assert_eq!(used.count(), 7);
    let (scene, code) = (with_codes(Scene::journey("own_one_phone").await), key().code(ITEM));
    let answers = join_all((1..9).map(|number| claim(&scene, &code, number, HERE))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    let late =
        answers.iter().filter(|answer| answer.body.contains("registered as the owner on 23"));
    assert_eq!(late.count(), 7);
}

async fn claim_by_tap(scene: &Scene, address: &str, number: u8, from: &str) -> Answer {
    let form = form(number);
    send(scene, "/own", &[("item", address), ("code", ""), ("form", &form)], from).await
}

#[actix_web::test]
async fn who_has_just_tapped_the_open_chip_becomes_the_owner_and_nobody_else_does() {
    let scene = chips("own_tap", &[commissioning()]).await;
    let mut chip = Chip::new(0x80, Over::Path);
    let path = format!("/01/{GTIN}/21/{SERIAL}");
    let closed = chip.tap(&path);
    let page = scene.get(&format!("{closed}&lang=en"), &[HTML, ("X-Forwarded-For", HERE)]).await;
    assert!(!page.body.contains("/own?"), "its seal is closed");
    let answer = claim_by_tap(&scene, &closed, 1, HERE).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("the seal is closed"), "{}", answer.body);
    chip.seal = *b"OO";
    let tap = chip.tap(&path);
    let page = scene.get(&format!("{tap}&lang=en"), &[HTML, ("X-Forwarded-For", HERE)]).await.body;
    let (_, rest) = page.split_once("href=\"/own?").unwrap_or_else(|| panic!("no step: {page}"));
    let step = format!("/own?{}", rest.split('"').next().unwrap().replace("&#38;", "&"));
    let field = scene.get(&step, &[HTML]).await.body;
    assert!(!field.contains("id=\"code\" name=\"code\""), "a tap asks for no code: {field}");
    let (_, rest) = field.split_once("name=\"item\" value=\"").expect("the address of the tap");
    let address = rest.split('"').next().unwrap().replace("&#38;", "&");
    assert_eq!(address, tap);
    for (what, address, from) in [
        ("another network", &tap, BUYER),
        ("a tap from before", &closed, HERE),
        ("a changed address", &tap.replace("9876", "9877"), HERE),
        ("no chip", &format!("{path}?x=1"), HERE),
    ] {
        let answer = claim_by_tap(&scene, address, 2, from).await;
        assert_eq!(answer.status, 422, "{what}: {}", answer.body);
        assert!(answer.body.contains("there was no fresh tap"), "{what}: {}", answer.body);
    }
    let preview = [HTML, SAME, ("X-Forwarded-For", HERE), ("User-Agent", "WhatsApp/2.23")];
    let fields = encoded(&[("item", &tap), ("code", ""), ("form", &form(3))]);
    let answer = post_form(&scene.state, "/own?lang=en", fields, &preview).await;
    assert_eq!(answer.status, 422, "a robot tapped nothing");
    scene.state.clock.advance(9 * MINUTE);
    let owner = code_of(&claim_by_tap(&scene, &tap, 4, HERE).await);
    assert!(owner_page(&scene, &owner, "").await.body.contains("registered owner number 1"));
    let again = claim_by_tap(&scene, &chip.tap(&path), 5, BUYER).await;
    assert!(again.body.contains("registered as the owner on 23"), "{}", again.body);
    let page = scene.get(&chip.tap(&path), &[JSON, ("X-Forwarded-For", BUYER)]).await.body;
    assert!(page.contains("在此登记为") || page.contains("registered here"), "{page}");
}

#[actix_web::test]
async fn ten_minutes_after_a_tap_it_makes_no_owner_and_with_hidden_codes_none_does() {
    let scene = chips("own_tap_late", &[commissioning()]).await;
    let mut chip = Chip { seal: *b"OO", ..Chip::new(0x80, Over::Path) };
    let path = format!("/01/{GTIN}/21/{SERIAL}");
    let tap = chip.tap(&path);
    assert_eq!(scene.get(&tap, &[JSON, ("X-Forwarded-For", HERE)]).await.status, 200);
    scene.state.clock.advance(10 * MINUTE);
    let answer = claim_by_tap(&scene, &tap, 1, HERE).await;
    assert!(answer.body.contains("there was no fresh tap"), "{}", answer.body);
    let scene = with_codes(scene);
    let tap = chip.tap(&path);
    let field = scene.get(&format!("/own?{}", encoded(&[("item", &tap)])), &[HTML]).await.body;
    assert!(field.contains("id=\"code\" name=\"code\""), "the code is asked for: {field}");
    let answer = claim_by_tap(&scene, &tap, 1, HERE).await;
    assert!(answer.body.contains("typing error"), "{}", answer.body);
    let fields = [("item", &*tap), ("code", &key().code(ITEM)), ("form", &form(2))];
    code_of(&send(&scene, "/own", &fields, HERE).await);
}

#[actix_web::test]
async fn a_link_is_taken_by_its_recipient_once_and_the_owner_before_can_do_nothing_any_more() {
    let (scene, seller) = owned("own_pass_on").await;
    let (_, passport) = link_of(&owner_page(&scene, &seller, "show").await);
    for (act, path, words) in [
        ("sell", "https://trace.example/own/take", "Somebody passes an item on to you"),
        ("give", "https://trace.example/own/take?for=gift", "Somebody gives you an item"),
    ] {
        let (address, link) = link_of(&owner_page(&scene, &seller, act).await);
        assert_eq!(address, path);
        let reason = if act == "give" { "gift" } else { "" };
        let offer = send(&scene, "/own/take", &[("code", &link), ("for", reason)], BUYER).await;
        assert_eq!(offer.status, 200, "{}", offer.body);
        for words in [words, "Bamboo spring tea", SERIAL, "L1", "as a company stated and signed"] {
            assert!(offer.body.contains(words), "{words}: {}", offer.body);
        }
    }
    let (_, link) = link_of(&owner_page(&scene, &seller, "sell").await);
    // What previews and curious people look at takes nothing.
    for path in ["/own/take", "/own/take?for=gift", &format!("/own/take?code={link}&act=accept")] {
        for method in [Method::GET, Method::HEAD] {
            let answer = ask(&scene.state, Audience::Public, &method, path, &[HTML]).await;
            assert_eq!(answer.status, 200, "{path}");
            assert!(!answer.body.contains(&link), "{path}");
        }
    }
    scene.state.clock.advance(DAY);
    let buyer = code_of(&accept(&scene, &link, 1, BUYER).await);
    assert_eq!(code_of(&accept(&scene, &link, 1, BUYER).await), buyer, "sent again");
    assert_unknown(&accept(&scene, &link, 2, HERE).await);
    assert_unknown(&send(&scene, "/own/passport", &[("code", &passport)], BUYER).await);
    for act in ["sell", "give", "show", "keep", "hide", ""] {
        let page = owner_page(&scene, &seller, act).await.body;
        assert!(page.contains("You passed this item on, on 24 November 2026"), "{act}: {page}");
        assert!(page.contains("You registered on 23 November 2026."), "{act}: {page}");
        assert!(!page.contains("class=\"address\"") && !page.contains("name=\"act\""), "{act}");
    }
    let page = owner_page(&scene, &buyer, "").await.body;
    assert!(page.contains("registered owner number 2"), "{page}");
    assert!(page.contains("Earlier owners registered on: 23 November 2026."), "{page}");
    let page = scene.get(PAGE, &[HTML]).await.body;
    assert!(page.contains("owner of this item on 23 November 2026"), "the first day stays: {page}");
    // The seller, who still knows the hidden code, does not get it back.
    let back = claim(&scene, &key().code(ITEM), 1, HERE).await;
    assert_eq!(back.status, 422, "{}", back.body);
}

#[actix_web::test]
async fn of_eight_recipients_at_once_one_becomes_the_owner() {
    let (scene, seller) = owned("own_recipients").await;
    let (_, link) = link_of(&owner_page(&scene, &seller, "sell").await);
    let phones: Vec<String> = (0..8).map(|network| format!("198.51.{network}.7")).collect();
    let all = phones.iter().zip(1..).map(|(phone, number)| accept(&scene, &link, number, phone));
    let answers = join_all(all).await;
    let (taken, late): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((taken.len(), late.len()), (1, 7));
    late.into_iter().for_each(assert_unknown);
    assert!(owner_page(&scene, &code_of(taken[0]), "").await.body.contains("owner number 2"));
}

#[actix_web::test]
async fn unknown_withdrawn_expired_used_and_malformed_codes_get_one_answer() {
    let (scene, seller) = owned("own_equal").await;
    let make = async |act: &str| link_of(&owner_page(&scene, &seller, act).await).1;
    let (withdrawn, hidden) = (make("sell").await, make("show").await);
    let page = owner_page(&scene, &seller, "").await.body;
    assert_eq!(page.matches("A link holds until").count(), 2, "{page}");
    owner_page(&scene, &seller, "keep").await;
    let page = owner_page(&scene, &seller, "hide").await.body;
    assert_eq!(page.matches("A link holds until").count(), 0, "{page}");
    let (replaced, expired, over) = (make("sell").await, make("give").await, make("show").await);
    let held = send(&scene, "/own/take", &[("code", &expired)], BUYER).await;
    assert_eq!(held.status, 200, "it holds: {}", held.body);
    scene.state.clock.advance(30 * DAY);
    let unknown = "0123-4567-89AB-CDEF".to_owned();
    let malformed = "x".repeat(LONGEST);
    let mut answers = Vec::new();
    let links = [&withdrawn, &replaced, &expired, &hidden, &over, &seller, &unknown, &malformed];
    for (number, code) in links.into_iter().enumerate() {
        let from = format!("192.0.{number}.1");
        for path in ["/own/take", "/own/passport"] {
            answers.push((path, send(&scene, path, &[("code", code)], &from).await));
        }
        let form = form(9);
        let accepting = [("code", &**code), ("form", &form), ("act", "accept")];
        answers.push(("/own/take", send(&scene, "/own/take", &accepting, &from).await));
        if *code != seller {
            answers.push(("/own/item", send(&scene, "/own/item", &[("code", code)], &from).await));
        }
    }
    for (path, answer) in &answers {
        assert_unknown(answer);
        let first = answers.iter().find(|(other, _)| other == path).expect("itself");
        assert_eq!(answer.body, first.1.body, "{path}");
    }
    assert!(owner_page(&scene, &seller, "").await.body.contains("owner number 1"));
}

#[actix_web::test]
async fn a_passport_shows_a_buyer_what_is_registered_and_recorded_until_it_ends() {
    let (scene, owner) = owned("own_passport").await;
    let (_, link) = link_of(&owner_page(&scene, &owner, "show").await);
    let scans = sql::scans::of_item(&scene.db, history::testing::ITEM).await.unwrap().len();
    let shown = send(&scene, "/own/passport", &[("code", &link)], BUYER).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    for words in [
        "Whoever made this link is the registered owner now",
        "Registered since 23 November 2026, as registered owner number 1",
        "This link holds until 23 December 2026.",
        "Made and coded on 20 November 2026",
        "L1",
        "Expires on 2099-12-31",
        "Storage limits were exceeded",
        "It does not prove who owns the item by law",
    ] {
        assert!(shown.body.contains(words), "{words}: {}", shown.body);
    }
    assert!(!shown.body.contains("name=\"act\""), "nothing can be taken: {}", shown.body);
    assert!(!shown.body.contains(&owner));
    let after = sql::scans::of_item(&scene.db, history::testing::ITEM).await.unwrap().len();
    assert_eq!(after, scans, "it is no scan");
    assert_unknown(&send(&scene, "/own/take", &[("code", &link)], BUYER).await);
    assert_unknown(&accept(&scene, &link, 1, BUYER).await);
    owner_page(&scene, &owner, "hide").await;
    assert_unknown(&send(&scene, "/own/passport", &[("code", &link)], BUYER).await);
}

#[actix_web::test]
async fn codes_are_not_guessed_and_who_guessed_gets_nothing_for_the_right_one_either() {
    let (scene, owner) = owned("own_guess").await;
    let (_, link) = link_of(&owner_page(&scene, &owner, "sell").await);
    for (number, path, right) in
        [(1, "/own/item", &owner), (2, "/own/take", &link), (3, "/own/passport", &link)]
    {
        let from = format!("192.0.2.{number}");
        let mut statuses = Vec::new();
        for guess in 0..40 {
            let guess = LongCode([guess; 10]).to_string();
            statuses.push(send(&scene, path, &[("code", &guess)], &from).await.status.as_u16());
        }
        assert_eq!(statuses.iter().filter(|status| **status == 404).count(), 30, "{statuses:?}");
        assert_eq!(send(&scene, path, &[("code", right)], &from).await.status, 429, "{path}");
    }
    // Who has the right one is not limited by using it.
    for _ in 0..40 {
        assert_eq!(owner_page(&scene, &owner, "").await.status, 200);
    }
}

#[actix_web::test]
async fn a_form_of_another_sites_page_does_nothing() {
    let (scene, owner) = owned("own_other_site").await;
    let (_, link) = link_of(&owner_page(&scene, &owner, "sell").await);
    let number = form(1);
    let forms: [(&str, Vec<(&str, &str)>); 4] = [
        ("/own", vec![("item", ITEM), ("code", "x"), ("form", &number)]),
        ("/own/item", vec![("code", &owner), ("act", "keep")]),
        ("/own/take", vec![("code", &link), ("form", &number), ("act", "accept")]),
        ("/own/passport", vec![("code", &link)]),
    ];
    for (path, fields) in &forms {
        for header in [
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"),
            ("Origin", "https://evil.example"),
            ("Origin", "null"),
        ] {
            let answer = post_form(&scene.state, path, encoded(fields), &[JSON, header]).await;
            assert_eq!(answer.status, 403, "{path} {header:?}: {}", answer.body);
            let answer = post_form(&scene.state, path, encoded(fields), &[HTML, header]).await;
            assert_eq!(answer.status, 403, "{path} {header:?}: {}", answer.body);
            assert!(answer.body.contains(&format!("href=\"{path}?lang=")), "{}", answer.body);
        }
    }
    let page = owner_page(&scene, &owner, "").await.body;
    assert!(page.contains("A link holds until") && page.contains("owner number 1"), "{page}");
    let count = scene.state.metrics.owners.with_label_values(&["other_site"]).get();
    assert_eq!(count, 32);
}

#[actix_web::test]
async fn what_is_sent_is_text_wherever_it_is_shown_and_a_form_without_its_number_is_none() {
    let scene = scene("own_text").await;
    let script = "\"><script>alert(1)</script>";
    let number = form(1);
    for item in
        [script, "https://id.gs1.org/01/04012345111118/21/9876?\"><script>alert(1)</script>"]
    {
        let fields = [("item", item), ("code", script), ("form", &*number)];
        let answer = send(&scene, "/own", &fields, HERE).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
        assert!(answer.body.contains("alert(1)") && !answer.body.contains("<script>alert"));
        let path = format!("/own?lang=en&{}", encoded(&[("item", item)]));
        let field = scene.get(&path, &[HTML]).await.body;
        assert!(field.contains("alert(1)") && !field.contains("<script>alert"), "{field}");
    }
    for path in ["/own/item", "/own/take", "/own/passport"] {
        let fields = [("code", script), ("act", script), ("form", script), ("for", script)];
        let answer = send(&scene, path, &fields, HERE).await;
        assert!(!answer.body.contains("alert(1)"), "{path}: {}", answer.body);
    }
    let code = key().code(ITEM);
    for (path, fields) in [
        ("/own", vec![("item", ITEM), ("code", &*code)]),
        ("/own", vec![("item", ITEM), ("code", &code), ("form", "1")]),
        ("/own", vec![("item", ITEM), ("code", &code), ("form", script)]),
        ("/own/take", vec![("code", &code), ("act", "accept")]),
        ("/own/item", vec![("act", "sell")]),
    ] {
        let answer = send(&scene, path, &fields, HERE).await;
        assert_eq!(answer.status, 400, "{path} {fields:?}: {}", answer.body);
    }
    let long = "x".repeat(LONGEST + 1);
    for (path, fields) in [
        ("/own", vec![("item", &*long), ("code", ""), ("form", &number)]),
        ("/own/item", vec![("code", &*long)]),
    ] {
        assert_eq!(send(&scene, path, &fields, HERE).await.status, 400, "{path}");
    }
    let registered = sql::owners::registered(&scene.db.db(), ITEM).await.expect("asked");
    assert_eq!((registered.code_used, registered.owned), (None, None));
}

#[actix_web::test]
async fn an_item_whose_product_has_neither_codes_nor_chips_is_asked_for_no_owner() {
    let scene = Scene::with("own_price", &journey()).await;
    // Without a query: key sets of chips are looked up for an address that has one.
    let path = format!("/01/{GTIN}/21/{SERIAL}");
    let price = async |scene: &Scene| {
        // What is read once is known then.
        for _ in 0..3 {
            scene.get(&path, &[JSON]).await;
        }
        let before = sql::testing::statements();
        assert_eq!(scene.get(&path, &[JSON]).await.status, 200);
        sql::testing::statements() - before
    };
    let page = scene.get(PAGE, &[HTML]).await.body;
    assert!(!page.contains("/own"), "{page}");
    let without = price(&scene).await;
    let scene = scene.with_config(|config| config.tag_key = Some(tag_key()));
    assert_eq!(price(&scene).await, without, "no record binds a chip");
    let scene = with_codes(scene);
    assert_eq!(price(&scene).await, without + 1, "codes and owners are one statement");
}
