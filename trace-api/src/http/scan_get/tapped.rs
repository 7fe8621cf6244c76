//! Taps of chips as phones send them, and what somebody tries with the address of a tap.

use std::time::Duration;

use actix_web::http::Method;
use history::testing::{EventDraft, GTIN, ITEM, SERIAL, object_event};
use ledger::json::{Json, object};
use serde_json::Value;
use tag_auth::key_set::KeySet;
use tag_auth::session::{ChipTap, Mode};

use crate::state::Audience;
use crate::testing::chip::{Chip, Over, import, key_set, tag_key};
use crate::testing::{JSON, Scene, ask, commissioning, sale};

/// Another item of the product.
const OTHER: &str = "urn:epc:id:sgtin:4012345.011111.1234";

fn path() -> String {
    format!("/01/{GTIN}/21/{SERIAL}")
}

fn other_path() -> String {
    format!("/01/{GTIN}/21/1234")
}

/// A scene whose trace-api has the keys of the product's chips.
async fn scene(name: &str, over: Over, events: &[EventDraft]) -> Scene {
    let scene = Scene::with(name, events).await;
    let scene = scene.with_config(|config| config.tag_key = Some(tag_key()));
    import(&scene, &key_set(over), &tag_key()).await;
    scene
}

/// A commissioning of both items, which binds chips.
fn binding(bindings: &[(&str, &str)]) -> EventDraft {
    let texts = bindings.iter().map(|(item, chip)| Json::from(format!("{item} {chip}").as_str()));
    let context = object([("voc", Json::from(history::chips::NAMESPACE))]);
    let event = commissioning().of(&[ITEM, OTHER]).with("@context", context);
    event.with("voc:chips", Json::Array(texts.collect()))
}

/// The answer to an address that the phone at `from` opens.
async fn open(scene: &Scene, address: &str, from: &str) -> Value {
    let answer = scene.get(address, &[JSON, ("X-Forwarded-For", from)]).await;
    assert_eq!(answer.status, 200, "{address}: {}", answer.body);
    answer.json()
}

/// Verdict, what the chip showed (empty for nothing), and its lamp.
fn seen(answer: &Value) -> [&str; 3] {
    let all = [&answer["verdict"], &answer["chip"], &answer["lamps"]["tag"]];
    all.map(|value| value.as_str().unwrap_or_default())
}

const HERE: &str = "203.0.113.7";
const ELSEWHERE: &str = "198.51.100.9";
const STRONG: [&str; 3] = ["STRONG", "passed", "ok"];
const WRONG: [&str; 3] = ["TAG_FAIL", "wrong_code", "broken"];
const USED: [&str; 3] = ["TAG_FAIL", "used_before", "broken"];
const OTHER_CHIP: [&str; 3] = ["TAG_FAIL", "other_chip", "broken"];
const UNCHECKED: [&str; 3] = ["CONSISTENT", "", "unchecked"];

#[actix_web::test]
async fn a_fresh_tap_is_strong_and_green_and_a_printed_code_of_the_item_is_not() {
    let scene = scene("tap_strong", Over::Path, &[commissioning()]).await;
    let mut chip = Chip::new(0x80, Over::Path);
    assert_eq!(seen(&open(&scene, &path(), HERE).await), UNCHECKED);
    assert_eq!(seen(&open(&scene, &chip.tap(&path()), HERE).await), STRONG);
    for (language, words) in [("en", "Chip verified"), ("zh", "lang=\"zh-Hans\"")] {
        let address = format!("{}&lang={language}", chip.tap(&path()));
        let page = scene.get(&address, &[("Accept", "text/html"), ("X-Forwarded-For", HERE)]).await;
        assert!(page.body.contains(words) && page.body.contains("data-code=\"STRONG\""));
        assert!(page.body.contains("band green") && page.body.contains("lt chip"));
    }
    let printed = scene.get(&path(), &[("Accept", "text/html")]).await.body;
    assert!(!printed.contains("band green") && !printed.contains("lt chip"));
    let scans = sql::scans::of_item(&scene.db, ITEM).await.unwrap();
    assert!(scans.iter().all(|scan| scan.item == ITEM), "the chip's data are not stored");
    let taps = scene.state.metrics.taps.with_label_values(&["passed"]).get();
    assert_eq!(taps, 3);
}

#[actix_web::test]
async fn the_browser_that_tapped_may_load_the_page_again_for_some_minutes_and_nobody_else() {
    let scene = scene("tap_reload", Over::Path, &[commissioning()]).await;
    let mut chip = Chip::new(0x80, Over::Path);
    let tap = chip.tap(&path());
    let headers = [("Accept", "text/html"), ("X-Forwarded-For", HERE)];
    let page = scene.get(&format!("{tap}&lang=zh"), &headers).await.body;
    let begin = "<a class=\"lang\" href=\"";
    let switch = page.split_once(begin).unwrap().1.split_once('"').unwrap().0.replace("&#38;", "&");
    let switch = switch.replace("&amp;", "&");
    assert!(switch.ends_with("&lang=en") && !switch.contains("zh"), "{switch}");
    for again in [tap.clone(), format!("{}{switch}", path())] {
        assert_eq!(seen(&open(&scene, &again, HERE).await), STRONG, "{again}");
    }
    assert_eq!(seen(&open(&scene, &tap, ELSEWHERE).await), USED);
    let browser = [JSON, ("X-Forwarded-For", HERE), ("User-Agent", "Mozilla/5.0 (Other) Mobile")];
    assert_eq!(seen(&scene.get(&tap, &browser).await.json()), USED);
    assert_eq!(seen(&open(&scene, &tap, HERE).await), STRONG, "what was refused changes nothing");
    scene.state.clock.advance(Duration::from_mins(10));
    assert_eq!(seen(&open(&scene, &tap, HERE).await), USED, "ten minutes later");
    let page = scene.get(&format!("{tap}&lang=en"), &headers).await.body;
    assert!(page.contains("tap the tag again with your phone"), "{page}");
    assert_eq!(seen(&open(&scene, &chip.tap(&path()), ELSEWHERE).await), STRONG, "the next tap");
}

#[actix_web::test]
async fn a_code_from_before_the_last_tap_fails_also_in_the_browser_that_tapped() {
    let scene = scene("tap_back", Over::Path, &[commissioning()]).await;
    let mut chip = Chip::new(0x80, Over::Path);
    let (kept, last) = (chip.tap(&path()), chip.tap(&path()));
    assert_eq!(seen(&open(&scene, &last, HERE).await), STRONG);
    assert_eq!(seen(&open(&scene, &kept, HERE).await), USED);
    chip.counter = 0x00ff_fffe;
    assert_eq!(seen(&open(&scene, &chip.tap(&path()), HERE).await), STRONG, "the last counter");
    chip.counter = 3;
    assert_eq!(seen(&open(&scene, &chip.tap(&path()), HERE).await), USED);
}

#[actix_web::test]
async fn of_one_address_opened_in_many_places_at_once_one_is_strong() {
    let scene = scene("tap_parallel", Over::Path, &[commissioning()]).await;
    let mut chip = Chip::new(0x80, Over::Path);
    for _ in 0..3 {
        let tap = chip.tap(&path());
        let places: Vec<String> = (0..8).map(|number| format!("198.51.{number}.1")).collect();
        let opened = places.iter().map(|from| open(&scene, &tap, from));
        let answers = futures::future::join_all(opened).await;
        let strong = answers.iter().filter(|answer| seen(answer) == STRONG).count();
        let failed = answers.iter().filter(|answer| seen(answer) == USED).count();
        assert_eq!((strong, failed), (1, 7));
    }
}

#[actix_web::test]
async fn robots_previews_and_head_use_no_tap_up_and_are_told_nothing_of_the_chip() {
    let scene = scene("tap_robots", Over::Path, &[commissioning()]).await;
    let mut chip = Chip::new(0x80, Over::Path);
    let tap = chip.tap(&path());
    for agent in ["WhatsApp/2.23", "facebookexternalhit/1.1", "curl/8.5", ""] {
        let answer = scene.get(&tap, &[JSON, ("User-Agent", agent)]).await.json();
        assert_eq!(seen(&answer), UNCHECKED, "{agent}");
        let wrong = scene.get(&format!("{tap}0"), &[JSON, ("User-Agent", agent)]).await.json();
        assert_eq!(seen(&wrong), UNCHECKED, "{agent}");
    }
    let head = ask(&scene.state, Audience::Public, &Method::HEAD, &tap, &[]).await;
    assert_eq!(head.status, 200);
    assert_eq!(seen(&open(&scene, &tap, HERE).await), STRONG);
}

#[actix_web::test]
async fn a_changed_address_and_the_code_of_another_chip_key_or_item_fail() {
    let scene = scene("tap_changed", Over::Path, &[binding(&[])]).await;
    let mut chip = Chip::new(0x80, Over::Path);
    let tap = chip.tap(&path());
    let (text, code) = tap.rsplit_once("c=").unwrap();
    let other = Chip { file_key: [0x23; 16], counter: 5, ..Chip::new(0x80, Over::Path) };
    let second = Chip { counter: chip.counter, ..Chip::new(0x81, Over::Path) };
    let foreign = second.again(&path());
    for (address, why) in [
        (tap.replace(&path(), &other_path()), "another item in the path"),
        (format!("{text}c={}", &code[..14]), "a code cut off"),
        (format!("{text}c={}", &code[..2]), "a code of one byte"),
        (format!("{text}c="), "no code"),
        (text.to_owned(), "no parameter of the code"),
        (format!("{tap}00"), "a code that goes on"),
        (format!("{tap}&c={code}"), "two codes"),
        (format!("{text}c={}", "0".repeat(16)), "zeros"),
        (format!("{text}c={}", foreign.rsplit_once('=').unwrap().1), "the code of another chip"),
        (tap.replacen("p=", "p=00", 1), "other data"),
        (other.again(&path()), "another key"),
        (Chip { over: Over::Data, ..Chip::new(0x80, Over::Path) }.again(&path()), "another text"),
    ] {
        assert_eq!(seen(&open(&scene, &address, HERE).await), WRONG, "{why}: {address}");
    }
    assert_eq!(seen(&open(&scene, &tap, HERE).await), STRONG, "none of them used the tap up");
}

#[actix_web::test]
async fn codes_of_one_mode_fail_under_keys_of_the_other() {
    let plain = "name: tea\nproducts: 04012345111118\nmode: aes\nuid: u\ncounter: n\ncmac: c\ncmac_from: path\n\
                 file_key: 00112233445566778899aabbccddeeff\nsystem: 01\n";
    for (mode, name) in [(Mode::Aes, "tap_aes"), (Mode::Lrp, "tap_lrp")] {
        let scene = Scene::with(name, &[commissioning()]).await;
        let scene = scene.with_config(|config| config.tag_key = Some(tag_key()));
        let lrp = plain.replace("mode: aes", "mode: lrp");
        let own = if mode == Mode::Aes { plain } else { &lrp };
        import(&scene, own, &tag_key()).await;
        let set = KeySet::parse(own).unwrap();
        let written = |mode, counter: u32| {
            let tap = ChipTap { uid: [4; 7], counter };
            let text = format!("{}?u=04040404040404&n={counter:06X}&c=", path());
            let code = tap.code(mode, &set.key_of(tap.uid), text.as_bytes());
            text + &hex::encode_upper(code)
        };
        for (of, expected) in [(Mode::Aes, mode == Mode::Aes), (Mode::Lrp, mode == Mode::Lrp)] {
            let answer = open(&scene, &written(of, 9), HERE).await;
            let expected = if expected { STRONG } else { WRONG };
            assert_eq!(seen(&answer), expected, "{of:?} under keys of {mode:?}");
        }
    }
}

#[actix_web::test]
async fn a_chip_whose_code_does_not_name_the_item_is_strong_only_where_a_record_binds_it() {
    let mut chip = Chip::new(0x80, Over::Data);
    let unbound = scene("tap_unbound", Over::Data, &[binding(&[])]).await;
    for path in [path(), other_path()] {
        let answer = open(&unbound, &chip.tap(&path), HERE).await;
        assert_eq!(seen(&answer), ["CONSISTENT", "unbound", "unchecked"]);
    }
    let number = chip.number();
    let events = [binding(&[(ITEM, &*number), (OTHER, "04958CAA5C5E81")])];
    let bound = scene("tap_bound", Over::Data, &events).await;
    assert_eq!(seen(&open(&bound, &chip.tap(&path()), HERE).await), STRONG);
    // The same chip, fresh, before the path of another item.
    assert_eq!(seen(&open(&bound, &chip.tap(&other_path()), HERE).await), OTHER_CHIP);
    let tap = chip.tap(&path());
    let swapped = tap.replace(&path(), &other_path());
    assert_eq!(seen(&open(&bound, &swapped, HERE).await), OTHER_CHIP);
    assert_eq!(seen(&open(&bound, &tap, ELSEWHERE).await), USED, "what was shown once was used");
}

#[actix_web::test]
async fn a_bound_item_refuses_another_chip_although_its_code_names_the_item() {
    // Whoever could still write on a chip of the brand can put any path on it, and the chip computes its code over that.
    let events = [binding(&[(ITEM, "04DE5F1EACC040")])];
    let scene = scene("tap_rewritten", Over::Path, &events).await;
    let mut chip = Chip::new(0x80, Over::Path);
    assert_eq!(seen(&open(&scene, &chip.tap(&path()), HERE).await), OTHER_CHIP);
    assert_eq!(seen(&open(&scene, &chip.tap(&other_path()), HERE).await), STRONG, "not bound");
}

#[actix_web::test]
async fn the_tap_that_nxp_publishes_is_strong_for_the_item_that_its_chip_is_bound_to() {
    let scene = Scene::with("tap_nxp", &[binding(&[(ITEM, "04DE5F1EACC040")])]).await;
    let scene = scene.with_config(|config| config.tag_key = Some(tag_key()));
    let zeros = "00".repeat(16);
    let set = format!(
        "name: an12196\nproducts: 04012345\nmode: aes\npicc: picc_data\ncmac: cmac\ncmac_from: nothing\n\
         meta_key: {zeros}\nfile_key: {zeros}\n"
    );
    import(&scene, &set, &tag_key()).await;
    let tap = "picc_data=EF963FF7828658A599F3041510671E88&cmac=94EED9EE65337086";
    let other = open(&scene, &format!("{}?{tap}", other_path()), HERE).await;
    assert_eq!(seen(&other), ["CONSISTENT", "unbound", "unchecked"]);
    let used = open(&scene, &format!("{}?{tap}", path()), HERE).await;
    assert_eq!(seen(&used), USED, "the chip has one counter, whatever the path");
    scene
        .db
        .execute("alter table tag_taps disable trigger user; delete from tag_taps")
        .await
        .unwrap();
    assert_eq!(seen(&open(&scene, &format!("{}?{tap}", path()), HERE).await), STRONG);
}

#[actix_web::test]
async fn an_opened_seal_is_amber_and_stays_so_when_the_page_is_loaded_again() {
    let scene = scene("tap_opened", Over::Path, &[commissioning()]).await;
    let mut chip = Chip::new(0x80, Over::Path);
    for (seal, expected) in [
        (b"CC", STRONG),
        (b"II", STRONG),
        (b"OO", ["OPENED", "opened", "warn"]),
        (b"OC", ["OPENED", "opened", "warn"]),
    ] {
        chip.seal = *seal;
        let tap = chip.tap(&path());
        for _ in 0..2 {
            assert_eq!(seen(&open(&scene, &tap, HERE).await), expected, "{seal:?}");
        }
    }
    let page = scene.get(&chip.tap(&path()), &[("Accept", "text/html")]).await.body;
    assert!(page.contains("band amber") && page.contains("data-code=\"OPENED\""), "{page}");
}

#[actix_web::test]
async fn without_keys_that_can_be_read_a_tap_is_not_checked_and_condemns_nobody() {
    let mut chip = Chip::new(0x80, Over::Path);
    let scene = Scene::with("tap_no_keys", &[commissioning()]).await;
    assert_eq!(seen(&open(&scene, &chip.tap(&path()), HERE).await), UNCHECKED, "no secret");
    let scene = scene.with_config(|config| config.tag_key = Some(tag_key()));
    assert_eq!(seen(&open(&scene, &chip.tap(&path()), HERE).await), UNCHECKED, "no key set");
    let elsewhere = key_set(Over::Path).replace("products: 0401", "products: 0952");
    import(&scene, &elsewhere.replace("tea", "oil"), &tag_key()).await;
    assert_eq!(
        seen(&open(&scene, &chip.tap(&path()), HERE).await),
        UNCHECKED,
        "of another product"
    );
    let purpose = tag_auth::key_set::PURPOSE;
    let lost = keystore::wrapped::WrapKey::of_secret(b"a secret of before", purpose).unwrap();
    import(&scene, &key_set(Over::Path).replace("tea", "lost"), &lost).await;
    assert_eq!(seen(&open(&scene, &chip.tap(&path()), HERE).await), UNCHECKED, "another secret");
    assert_eq!(scene.state.metrics.taps.with_label_values(&["unreadable"]).get(), 1);
    let id = import(&scene, &key_set(Over::Path), &tag_key()).await;
    assert_eq!(seen(&open(&scene, &format!("{}?e=1&utm=2", path()), HERE).await), WRONG);
    assert_eq!(seen(&open(&scene, &format!("{}?utm_source=c", path()), HERE).await), UNCHECKED);
    assert_eq!(seen(&open(&scene, &chip.tap(&path()), HERE).await), STRONG);
    let now = scene.state.clock.now();
    let retire = async |tx: &sql::Transaction<'_>| sql::tag_keys::retire(tx, id, now).await;
    assert!(scene.db.run_tx("test.retire", retire).await.unwrap());
    assert_eq!(seen(&open(&scene, &chip.tap(&path()), HERE).await), UNCHECKED, "retired");
}

#[actix_web::test]
async fn keys_that_the_owner_of_the_database_gives_another_product_cannot_be_read() {
    let scene = scene("tap_moved", Over::Path, &[commissioning()]).await;
    let moved = "insert into tag_key_sets (name, products, algorithm, check_value, wrapped, imported_at) \
                 select 'moved', '{0401}', algorithm, check_value, wrapped, imported_at from tag_key_sets; \
                 alter table tag_key_sets disable trigger user; delete from tag_key_sets where name = 'tea'";
    scene.db.execute(moved).await.unwrap();
    let mut chip = Chip::new(0x80, Over::Path);
    assert_eq!(seen(&open(&scene, &chip.tap(&path()), HERE).await), UNCHECKED);
}

#[actix_web::test]
async fn two_key_sets_of_a_product_hold_beside_each_other_and_a_reimport_forgets_no_tap() {
    let scene = scene("tap_two_sets", Over::Path, &[commissioning()]).await;
    let newer =
        key_set(Over::Path).replace("tea", "tea-2").replace(&"22".repeat(16), &"23".repeat(16));
    let id = import(&scene, &newer, &tag_key()).await;
    let mut old = Chip::new(0x80, Over::Path);
    let mut new = Chip { file_key: [0x23; 16], ..Chip::new(0x80, Over::Path) };
    let taps = [old.tap(&path()), new.tap(&path())];
    for tap in &taps {
        assert_eq!(seen(&open(&scene, tap, HERE).await), STRONG, "each has its own counter");
    }
    let now = scene.state.clock.now();
    let retire = async |tx: &sql::Transaction<'_>| sql::tag_keys::retire(tx, id, now).await;
    assert!(scene.db.run_tx("test.retire", retire).await.unwrap());
    import(&scene, &newer.replace("tea-2", "tea-3"), &tag_key()).await;
    assert_eq!(seen(&open(&scene, &taps[1], ELSEWHERE).await), USED);
}

#[actix_web::test]
async fn the_chip_lights_its_own_lamp_and_the_order_of_verdicts_stays() {
    let recall = object_event("2026-11-22T13:00:00.000+08:00", "holding")
        .disposition("urn:epcglobal:cbv:disp:recalled");
    let mut chip = Chip::new(0x80, Over::Path);
    let sold = scene("tap_sold", Over::Path, &[commissioning(), sale(11)]).await;
    let tap = chip.tap(&path());
    assert_eq!(seen(&open(&sold, &tap, HERE).await), ["SOLD", "passed", "ok"]);
    assert_eq!(seen(&open(&sold, &tap, ELSEWHERE).await), USED, "before a sale");
    let page = sold.get(&chip.tap(&path()), &[("Accept", "text/html")]).await.body;
    assert!(!page.contains("band green") && !page.contains("lt chip"), "only STRONG is green");
    sold.site.append(&[recall], "2026-11-22T05:00:00Z").await;
    assert_eq!(seen(&open(&sold, &tap, ELSEWHERE).await), ["RECALLED", "used_before", "broken"]);
    let unknown = format!("/01/{GTIN}/21/555");
    let answer = open(&sold, &chip.tap(&unknown), HERE).await;
    assert_eq!(seen(&answer), ["REJECTED", "passed", "unchecked"], "no record names it");
}

#[actix_web::test]
async fn a_path_with_a_slash_at_its_end_is_checked_as_the_chip_wrote_it() {
    let scene = scene("tap_slash", Over::Path, &[commissioning()]).await;
    let mut chip = Chip::new(0x80, Over::Path);
    let with_slash = chip.tap(&format!("{}/", path()));
    assert_eq!(seen(&open(&scene, &with_slash, HERE).await), STRONG);
    let removed = chip.tap(&path()).replace('?', "/?");
    assert_eq!(seen(&open(&scene, &removed, HERE).await), WRONG);
}

#[actix_web::test]
async fn what_an_address_carries_beside_a_tap_is_escaped_in_the_page() {
    let scene = scene("tap_escaped", Over::Path, &[commissioning()]).await;
    let address = format!("{}?c=1&x=%22%3E%3Cscript%3E&y='onload=alert(1)&lang=en", path());
    let page = scene.get(&address, &[("Accept", "text/html")]).await.body;
    assert!(page.contains("data-code=\"TAG_FAIL\""), "{page}");
    assert!(!page.contains("<script>") && !page.contains("'onload"), "{page}");
    let many = format!("{}?c={}", path(), "a".repeat(4000));
    assert_eq!(seen(&open(&scene, &many, HERE).await), WRONG);
}

#[actix_web::test]
async fn a_tap_of_an_unknown_serial_costs_what_one_of_a_known_serial_costs() {
    let scene = scene("tap_price", Over::Path, &[commissioning()]).await;
    let mut chip = Chip::new(0x80, Over::Path);
    let price = async |address: String| {
        let before = (sql::testing::statements(), sql::testing::connections());
        open(&scene, &address, HERE).await;
        let after = (sql::testing::statements(), sql::testing::connections());
        [after.0 - before.0, after.1 - before.1]
    };
    price(path()).await;
    let mut more = Vec::new();
    for path in [path(), format!("/01/{GTIN}/21/555")] {
        let (plain, tapped) = (price(path.clone()).await, price(chip.tap(&path)).await);
        more.push([tapped[0] - plain[0], tapped[1] - plain[1]]);
    }
    // Key sets, the counter, and whether the item has an owner.
    assert_eq!(more, [[3, 3], [3, 3]]);
}
