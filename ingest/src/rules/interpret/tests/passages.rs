//! Which observations count: neighbours, residents, directions, tags of unknown prefix, and what is missing.

use epc::{PlusScheme, PlusTag, parse_digital_link};
use reads::{Direction, Rival};

use super::*;

const RECEIVE: &str = "concludes.receive.things = { scheme = \"sgtin\" }";
const OBSERVE: &str =
    "concludes.observe = { things = { scheme = \"sgtin\" }, step = \"inspecting\" }";

fn rival(top_cdbm: i32) -> Rival {
    Rival {
        reader: "door-2".into(),
        count: 7,
        rssi_mean_cdbm: -5000,
        rssi_top_cdbm: top_cdbm,
        own_top_cdbm: -4600,
    }
}

/// What the rule `members` makes of one observation: the code of its refusal, or none if it was accepted.
fn judged(members: &str, observation: Observation) -> Option<&'static str> {
    let rules = one_rule(DOOR, members);
    let found = interpret(&rules, &delivery(DOOR, vec![observation], vec![]), &Facts::default());
    assert_eq!(found.events.len() + found.refusals.len(), 1, "{found:?}");
    found.events.iter().for_each(is_event);
    found.refusals.first().map(|refusal| refusal.code)
}

#[test]
fn a_rule_that_asks_for_a_direction_takes_only_what_went_so() {
    let directions = [None, Some(Direction::Unclear), Some(Direction::In), Some(Direction::Out)];
    let unclear = Some("direction-unclear");
    let other = Some("other-direction");
    for rule in [RECEIVE, OBSERVE] {
        for (asked, want) in [
            ("", [None, None, None, None]),
            ("direction = \"in\"\n", [unclear, unclear, None, other]),
            ("direction = \"out\"\n", [unclear, unclear, other, None]),
        ] {
            for (direction, want) in directions.into_iter().zip(want) {
                let observation = Observation { direction, ..observation(&item(1), 9, -50) };
                let found = judged(&format!("{asked}{rule}"), observation);
                assert_eq!(found, want, "{asked}{rule} for {direction:?}");
            }
        }
    }
}

#[test]
fn what_was_nearer_to_a_neighbour_counts_only_where_the_rule_says_so() {
    for rule in [RECEIVE, OBSERVE] {
        let near = || Observation { rival: Some(rival(-4500)), ..observation(&item(1), 9, -50) };
        let far = Observation { rival: Some(rival(-4600)), ..observation(&item(1), 9, -50) };
        assert_eq!(judged(rule, near()), Some("neighbour"));
        assert_eq!(judged(rule, far), None);
        assert_eq!(judged(&format!("neighbours = true\n{rule}"), near()), None);
    }
    let observation = Observation { rival: Some(rival(-4500)), ..observation(&item(1), 9, -50) };
    let found = interpret(&rules(), &delivery(DOOR, vec![observation], vec![]), &Facts::default());
    assert!(found.refusals[0].detail.contains("door-2"), "{found:?}");
}

#[test]
fn what_rests_at_the_door_is_not_received_unless_it_moved() {
    let standing =
        |direction| Observation { resident: true, direction, ..observation(&item(1), 500, -50) };
    let inwards = format!("direction = \"in\"\n{RECEIVE}");
    let resident = Some("resident");
    for (rule, direction, want) in [
        (RECEIVE, None, resident),
        (RECEIVE, Some(Direction::Unclear), resident),
        (RECEIVE, Some(Direction::In), None),
        (&inwards, Some(Direction::In), None),
        (&inwards, Some(Direction::Out), resident),
        (&inwards, None, resident),
        // For what is observed, resting there counts.
        (OBSERVE, None, None),
        (OBSERVE, Some(Direction::Out), None),
    ] {
        assert_eq!(judged(rule, standing(direction)), want, "{rule} for {direction:?}");
    }
}

#[test]
fn the_first_reason_in_the_order_is_reported() {
    let members =
        format!("min_reads = 5\nmin_rssi_mean_dbm = -60.0\ndirection = \"in\"\n{RECEIVE}");
    let mut observation = Observation {
        rival: Some(rival(-4500)),
        resident: true,
        direction: Some(Direction::Out),
        ..observation(&item(1), 4, -61)
    };
    assert_eq!(judged(&members, observation.clone()), Some("stray-few-reads"));
    observation.count = 5;
    assert_eq!(judged(&members, observation.clone()), Some("stray-weak"));
    observation.rssi_mean_cdbm = -6000;
    assert_eq!(judged(&members, observation.clone()), Some("neighbour"));
    observation.rival = None;
    assert_eq!(judged(&members, observation.clone()), Some("resident"));
    observation.resident = false;
    assert_eq!(judged(&members, observation.clone()), Some("other-direction"));
    observation.direction = None;
    assert_eq!(judged(&members, observation), Some("direction-unclear"));
}

fn plus(link: &str) -> Observation {
    let link = parse_digital_link(link).unwrap();
    let tag = PlusTag::from_digital_link(PlusScheme::Sgtin, 1, None, &link).unwrap();
    Observation {
        epc_hex: hex::encode_upper(tag.encode().unwrap()),
        epc: None,
        ..observation(&item(1), 9, -50)
    }
}

#[test]
fn a_plus_tag_is_the_same_item_as_the_classic_one() {
    let link = "https://id.gs1.org/01/09521141123454/21/1";
    let found = interpret(&rules(), &delivery(DOOR, vec![plus(link)], vec![]), &Facts::default());
    assert_eq!(list(&found.events[0], "epcList"), [uri(&item(1))]);
    // Both tags on one item are one item.
    let both = vec![observation(&item(1), 9, -50), plus(link)];
    let found = interpret(&rules(), &delivery(DOOR, both, vec![]), &Facts::default());
    assert_eq!(list(&found.events[0], "epcList"), [uri(&item(1))]);
    assert_eq!(found.refusals, []);
}

#[test]
fn plus_tags_of_an_unknown_prefix_are_refused_together_with_their_links() {
    let links =
        ["https://id.gs1.org/01/04012345123456/21/7", "https://id.gs1.org/01/04012345123456/21/8"];
    let observations = links.iter().map(|link| plus(link)).collect();
    let found = interpret(&rules(), &delivery(DOOR, observations, vec![]), &Facts::default());
    assert_eq!((found.events.len(), refused(&found)), (0, vec![("prefix-unknown", 2)]));
    assert_eq!(found.refusals[0].tags.len(), 2);
    for link in links {
        assert!(found.refusals[0].detail.contains(link), "{found:?}");
    }
}

#[test]
fn a_gap_leaves_a_trace_where_no_event_carries_it() {
    let gapped = |observations| Delivery {
        gaps: vec!["3 reads lost".into(), "spool was full".into()],
        ..delivery(DOOR, observations, vec![])
    };
    let found = interpret(&rules(), &gapped(vec![]), &Facts::default());
    assert_eq!(refused(&found), [("gap", 2)]);
    let detail = &found.refusals[0].detail;
    assert!(detail.contains("3 reads lost") && detail.contains("spool was full"), "{detail}");
    let found =
        interpret(&rules(), &gapped(vec![observation(&item(1), 1, -50)]), &Facts::default());
    assert_eq!(refused(&found), [("gap", 2), ("stray-few-reads", 1)]);
    let found =
        interpret(&rules(), &gapped(vec![observation(&item(1), 9, -50)]), &Facts::default());
    assert_eq!((found.events.len(), refused(&found)), (1, vec![]));
}

#[test]
fn a_passage_without_a_readable_tag_is_refused_and_counted() {
    let passage =
        |observations| Delivery { by_barrier: true, ..delivery(DOOR, observations, vec![]) };
    let found = interpret(&rules(), &passage(vec![]), &Facts::default());
    assert_eq!((found.events.len(), refused(&found)), (0, vec![("empty-passage", 1)]));
    let found =
        interpret(&rules(), &passage(vec![observation(&item(1), 9, -50)]), &Facts::default());
    assert_eq!((found.events.len(), refused(&found)), (1, vec![]));
    // A reading that came meanwhile makes a record, and the passage is still an empty one.
    let warm = Delivery { by_barrier: true, ..delivery(STORE, vec![], vec![reading("5", 0)]) };
    let found = interpret(&rules(), &warm, &Facts::default());
    assert_eq!((found.events.len(), refused(&found)), (1, vec![("empty-passage", 1)]));
}
