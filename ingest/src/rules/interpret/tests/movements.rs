//! Things that rest: arrivals, moves and departures.

use reads::{Movement, MovementKind};

use super::*;

const SHELF: &str = "urn:epc:id:sgln:9521142.00001.41";
const OTHER: &str = "urn:epc:id:sgln:9521142.00001.42";
const ROOM: &str = "urn:epc:id:sgln:9521142.00001.4";

fn shelves() -> SiteRules {
    let text = format!(
        r#"
version = "7"
location = "urn:epc:id:sgln:9521142.00001.0"
[[rule]]
id = "shelf"
read_point = "{SHELF}"
concludes.movement = {{ things = {{ scheme = "sgtin" }}, arrived = "storing", departed = "picking", disposition = "sellable_accessible" }}
[[rule]]
id = "other"
read_point = "{OTHER}"
biz_location = "{ROOM}"
concludes.movement = {{ things = {{ scheme = "sgtin" }}, arrived = "storing", departed = "picking" }}
"#
    );
    SiteRules::from_toml(&text, Path::new("rules.toml")).unwrap()
}

fn step(tag: &str, kind: MovementKind, place: &str, at: i64) -> Movement {
    let (from, to) = match kind {
        MovementKind::Arrived => (None, Some(place)),
        MovementKind::Moved => (Some("urn:epc:id:sgln:9521142.00001.49"), Some(place)),
        MovementKind::Departed => (Some(place), None),
    };
    Movement {
        epc_hex: observation(tag, 1, -50).epc_hex,
        kind,
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
        at: start() + seconds(at),
    }
}

/// What the shelves' rules make of movements that one reader saw, with the observations they came with.
fn follow(movements: Vec<Movement>) -> Interpretation {
    let mut observations = Vec::new();
    for movement in &movements {
        let mut observation = observation(&item(1), 9, -50);
        observation.epc_hex.clone_from(&movement.epc_hex);
        observations.push(observation);
    }
    let delivery = Delivery { movements, ..delivery(SHELF, observations, vec![]) };
    let found = interpret(&shelves(), &delivery, &Facts::default());
    found.events.iter().for_each(is_event);
    found
}

fn place(event: &Concluded, name: &str) -> Option<String> {
    event.event.get(name)?.get("id")?.as_str().map(str::to_owned)
}

#[test]
fn arrivals_moves_and_departures_become_one_event_each_by_kind_and_place() {
    let found = follow(vec![
        step(&item(2), MovementKind::Arrived, SHELF, 1),
        step(&item(1), MovementKind::Arrived, SHELF, 2),
        step(&item(3), MovementKind::Moved, SHELF, 2),
        step(&item(4), MovementKind::Arrived, OTHER, 2),
        step(&item(5), MovementKind::Departed, OTHER, 3),
    ]);
    assert_eq!(found.refusals, []);
    let [arrived, moved, other, departed] = &found.events[..] else { panic!("{found:?}") };
    assert_eq!(list(arrived, "epcList"), [uri(&item(1)), uri(&item(2))]);
    assert_eq!((arrived.rule.as_str(), member(arrived, "bizStep")), ("shelf", "storing"));
    assert_eq!(member(arrived, "action"), "OBSERVE");
    assert_eq!(member(arrived, "eventTime"), "2026-11-20T00:00:02.000+00:00");
    assert_eq!(member(arrived, "disposition"), "sellable_accessible");
    assert_eq!(list(moved, "epcList"), [uri(&item(3))]);
    assert_eq!((moved.rule.as_str(), member(moved, "bizStep")), ("shelf", "storing"));
    for event in [arrived, moved] {
        assert_eq!(place(event, "readPoint").as_deref(), Some(SHELF));
        assert_eq!(place(event, "bizLocation").as_deref(), Some(SHELF));
    }
    assert_eq!(list(other, "epcList"), [uri(&item(4))]);
    assert_eq!(place(other, "readPoint").as_deref(), Some(OTHER));
    assert_eq!(place(other, "bizLocation").as_deref(), Some(ROOM));
    assert_eq!(list(departed, "epcList"), [uri(&item(5))]);
    assert_eq!((departed.rule.as_str(), member(departed, "bizStep")), ("other", "picking"));
    assert_eq!(place(departed, "readPoint").as_deref(), Some(OTHER));
    assert_eq!(place(departed, "bizLocation"), None);
}

#[test]
fn the_departed_are_nowhere_and_in_no_disposition_of_the_shelf() {
    let found = follow(vec![step(&item(1), MovementKind::Departed, SHELF, 1)]);
    let [departed] = &found.events[..] else { panic!("{found:?}") };
    assert_eq!((place(departed, "bizLocation"), departed.event.get("disposition")), (None, None));
}

#[test]
fn the_steps_of_one_item_stay_in_their_order_whatever_others_do() {
    let found = follow(vec![
        step(&item(2), MovementKind::Arrived, SHELF, 9),
        step(&item(1), MovementKind::Arrived, SHELF, 1),
        step(&item(1), MovementKind::Moved, OTHER, 3),
        step(&item(1), MovementKind::Departed, OTHER, 5),
    ]);
    let found_order: Vec<(&str, &str)> =
        found.events.iter().map(|event| (member(event, "bizStep"), event.rule.as_str())).collect();
    assert_eq!(
        found_order[..3],
        [("storing", "shelf"), ("storing", "other"), ("picking", "other")]
    );
    let times: Vec<&str> = found.events.iter().map(|event| member(event, "eventTime")).collect();
    assert!(times.is_sorted(), "{times:?}");
    let named: usize = found.events.iter().map(|event| list(event, "epcList").len()).sum();
    assert_eq!(named, 4);
}

#[test]
fn two_tags_of_one_item_that_arrive_together_are_one_arrival() {
    let twin = "urn:epc:tag:sgtin-198:3.9521141.012345.1";
    let found = follow(vec![
        step(&item(1), MovementKind::Arrived, SHELF, 1),
        step(twin, MovementKind::Arrived, SHELF, 1),
    ]);
    let [arrived] = &found.events[..] else { panic!("{found:?}") };
    assert_eq!(list(arrived, "epcList"), [uri(&item(1))]);
    assert_eq!(found.refusals, []);
}

#[test]
fn movements_that_no_rule_takes_are_counted_once_each() {
    let mut foreign = step(&item(9), MovementKind::Arrived, SHELF, 1);
    foreign.epc_hex = "E2801190A5021F80055817CA".into();
    let mut placeless = step(&item(8), MovementKind::Departed, SHELF, 1);
    placeless.to = placeless.from.take();
    let found = follow(vec![
        step(&case(1), MovementKind::Arrived, SHELF, 1),
        step(&item(1), MovementKind::Arrived, DOOR, 1),
        foreign,
        placeless,
    ]);
    assert_eq!(found.events, []);
    let mut codes = refused(&found);
    codes.sort_unstable();
    assert_eq!(codes, [("no-rule", 1), ("no-rule", 1), ("no-rule", 1), ("not-gs1", 1)]);
}

#[test]
fn a_movement_rule_takes_no_observations() {
    let found = interpret(
        &shelves(),
        &delivery(SHELF, vec![observation(&item(1), 9, -50)], vec![]),
        &Facts::default(),
    );
    assert_eq!((found.events.len(), refused(&found)), (0, vec![("no-rule", 1)]));
}
