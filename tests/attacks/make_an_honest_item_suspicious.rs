//! Somebody wants an honest item to look copied, or a copied one to look honest again.

use crate::events::{event, item, made, serial};
use crate::town::{Town, Who};

const PHONE: &str =
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140 Mobile Safari/537.36";
const SHANGHAI: &str = "%E4%B8%8A%E6%B5%B7;31.23;121.47;20";
const CHENGDU: &str = "%E6%88%90%E9%83%BD;30.57;104.07;20";

fn sold(town: &Town) -> String {
    let serial = serial();
    let sale = event(Who::Brand, "retail_selling", "retail_sold", &item(&serial));
    town.state(Who::Brand, &[made(&serial), sale]);
    serial
}

#[test]
fn many_browsers_behind_one_address_are_one_network() {
    let town = Town::shared();
    let honest = sold(town);
    for number in 0..12 {
        let agent = format!("{PHONE} {number}");
        let address = "198.51.100.7";
        town.open(&honest, &[("User-Agent", agent.as_str()), ("X-Forwarded-For", address)]);
    }
    assert_eq!(town.verdict(&honest), "SOLD");
}

#[test]
fn what_the_client_writes_into_the_forwarding_header_is_not_its_address() {
    let town = Town::shared();
    let honest = sold(town);
    for number in 1..12 {
        // The proxy appends the address that it saw; everything left of it is the client's own.
        let forged = format!("203.0.{number}.9, 198.51.100.8");
        town.open(&honest, &[("User-Agent", PHONE), ("X-Forwarded-For", forged.as_str())]);
    }
    assert_eq!(town.verdict(&honest), "SOLD");
}

#[test]
fn a_place_that_the_client_sends_moves_nobody() {
    let town = Town::shared();
    let honest = serial();
    town.state(Who::Brand, &[made(&honest)]);
    for (address, place) in [("198.51.100.9", SHANGHAI), ("203.0.113.9", CHENGDU)] {
        let headers =
            [("User-Agent", PHONE), ("X-Forwarded-For", address), ("Chopmark-Place", place)];
        town.open(&honest, &headers);
    }
    assert_eq!(town.verdict(&honest), "CONSISTENT");
}

#[test]
fn a_finding_is_not_washed_away_by_later_scans() {
    let town = Town::shared();
    let copied = sold(town);
    for network in 1..=10 {
        let address = format!("203.0.{network}.7");
        town.open(&copied, &[("User-Agent", PHONE), ("X-Forwarded-For", address.as_str())]);
    }
    assert_eq!(town.verdict(&copied), "CONFLICT");
    for number in 0..505 {
        let agent = format!("{PHONE} {number}");
        let headers = [("User-Agent", agent.as_str()), ("X-Forwarded-For", "198.51.100.10")];
        // Some of them are slowed down by the limit of their network; that is as well.
        tests::stage::fetch(
            &format!("http://{}/01/{}/21/{copied}", town.public, crate::town::GTIN),
            &headers,
        );
    }
    assert_eq!(town.verdict(&copied), "CONFLICT");
}
