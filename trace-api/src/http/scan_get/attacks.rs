//! What somebody with a phone or a script tries, to make an item look copied, or a copy look like one item.

use std::time::Duration;

use history::testing::{GTIN, SERIAL};

use crate::testing::{JSON, Scene, commissioning, sale};

async fn verdict(scene: &Scene, headers: &[(&str, &str)]) -> String {
    let path = format!("/01/{GTIN}/21/{SERIAL}");
    let answer = scene.get(&path, &[&[JSON], headers].concat()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["verdict"].as_str().unwrap_or_default().to_owned()
}

#[actix_web::test]
async fn many_browsers_of_one_network_are_no_conflict() {
    let scene = Scene::with("attack_browsers", &[commissioning(), sale(11)]).await;
    for number in 0..12 {
        let agent = format!("Mozilla/5.0 (Linux; Android 14) Mobile {number}");
        let address = format!("203.0.113.{number}");
        let headers = [("User-Agent", &*agent), ("X-Forwarded-For", &*address)];
        assert_eq!(verdict(&scene, &headers).await, "SOLD", "browser {number}");
    }
    for number in 0..12 {
        let address = format!("2001:db8:1:{number}::7");
        let found = verdict(&scene, &[("X-Forwarded-For", &*address)]).await;
        assert_eq!(found, "SOLD", "{address}");
    }
}

#[actix_web::test]
async fn what_a_client_writes_before_the_proxys_address_is_not_its_network() {
    let scene = Scene::with("attack_forwarded", &[commissioning(), sale(11)]).await;
    for number in 0..12 {
        let forwarded = format!("198.51.{number}.1, 203.0.113.7");
        let found = verdict(&scene, &[("X-Forwarded-For", &*forwarded)]).await;
        assert_eq!(found, "SOLD", "{forwarded}");
        // Two headers are one list.
        let headers = [("X-Forwarded-For", &*forwarded), ("X-Forwarded-For", "203.0.113.7")];
        assert_eq!(verdict(&scene, &headers).await, "SOLD", "{forwarded}");
    }
}

#[actix_web::test]
async fn a_place_that_the_client_claims_is_no_place() {
    let scene = Scene::with("attack_place", &[commissioning()]).await;
    for (address, place) in
        [("203.0.113.8", "Shanghai;31.23;121.47;20"), ("198.51.100.9", "Chengdu;30.57;104.07;20")]
    {
        let headers = [("X-Forwarded-For", address), ("Chopmark-Place", place)];
        assert_eq!(verdict(&scene, &headers).await, "CONSISTENT", "{place}");
    }
}

#[actix_web::test]
async fn a_conflict_cannot_be_washed_away_by_later_scans() {
    let scene = Scene::with("attack_washing", &[commissioning(), sale(11)]).await;
    let mut found = String::new();
    for network in 0..9 {
        let address = format!("203.0.{network}.7");
        found = verdict(&scene, &[("X-Forwarded-For", &*address)]).await;
    }
    assert_eq!(found, "CONFLICT");
    let robot = [("User-Agent", "curl/8.5"), ("X-Forwarded-For", "198.51.100.9")];
    for _ in 0..505 {
        verdict(&scene, &robot).await;
        scene.state.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(verdict(&scene, &[("X-Forwarded-For", "203.0.0.7")]).await, "CONFLICT");
}
