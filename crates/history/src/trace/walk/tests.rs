//! The walk over events that a test writes, without a database.

use super::*;

/// An event at an hour.
fn event(position: u64, hour: i64, movement: Movement) -> TracedEvent {
    let at = Timestamp::from_second(1_763_596_800 + hour * 3600).unwrap();
    let source = Source {
        position,
        origin: "a.example/x".to_owned(),
        index: position,
        event_id: format!("urn:event:{position}"),
        at,
    };
    TracedEvent { source, movement }
}

fn names(list: &str) -> Vec<String> {
    list.split_whitespace().map(|name| format!("urn:x:{name}")).collect()
}

fn pack(parent: &str, children: &str) -> Movement {
    Movement::Packed { parent: format!("urn:x:{parent}"), children: names(children) }
}

fn unpack(parent: &str, children: &str) -> Movement {
    Movement::Unpacked { parent: format!("urn:x:{parent}"), children: names(children) }
}

fn make(inputs: &str, outputs: &str) -> Movement {
    Movement::Transformed { process: None, inputs: names(inputs), outputs: names(outputs) }
}

fn link(uri: &str, position: u64, role: Role) -> LinkRow {
    LinkRow { thing: sql::items::key(uri), position, role: role.number() }
}

/// The links that the projection has of events.
fn links(events: &[TracedEvent]) -> Vec<LinkRow> {
    let mut rows = Vec::new();
    for event in events {
        let mut add = |uris: &[String], role| {
            rows.extend(uris.iter().map(|uri| link(uri, event.source.position, role)));
        };
        match &event.movement {
            Movement::Packed { parent, children } => {
                add(std::slice::from_ref(parent), Role::Parent);
                add(children, Role::Child);
            }
            Movement::Unpacked { parent, children } => {
                let role = if children.is_empty() { Role::Emptied } else { Role::Parent };
                add(std::slice::from_ref(parent), role);
                add(children, Role::Child);
            }
            Movement::Transformed { process, inputs, outputs } => {
                add(process.as_slice(), Role::Process);
                add(inputs, Role::Input);
                add(outputs, Role::Output);
            }
            Movement::Made(lots) => {
                for (lot, items) in lots {
                    add(std::slice::from_ref(lot), Role::Lot);
                    add(items, Role::OfLot);
                }
            }
        }
    }
    rows
}

/// Walks over events, and gives the number of times that links were asked for too.
fn walk(start: &str, direction: Direction, events: &[TracedEvent]) -> (Trace, u32) {
    let all = links(events);
    let mut walk = Walk::new(&format!("urn:x:{start}"), direction, 20, 1_000);
    let mut asked = 0;
    while let Some(needs) = walk.needs() {
        asked += 1;
        let is_asked =
            |row: &&LinkRow| needs.things.contains(&row.thing) && needs.roles.contains(&row.role);
        let rows: Vec<LinkRow> = all.iter().filter(is_asked).copied().collect();
        let positions = walk.take_links(&rows);
        let found = events.iter().filter(|event| positions.contains(&event.source.position));
        walk.take_events(found.cloned().collect());
        assert!(asked < 100, "it ends");
    }
    (walk.finish(), asked)
}

/// The lines, short.
fn lines(trace: &Trace) -> Vec<String> {
    let short = |uri: &str| uri.replace("urn:x:", "").replace("urn:event:", "#");
    let line = |line: &Line| {
        let sign = if line.is_inferred { "~" } else { "-" };
        format!("{}{sign}{}@{}", short(&line.from), short(&line.to), line.depth)
    };
    trace.lines.iter().map(line).collect()
}

#[test]
fn a_thing_goes_where_its_container_goes_while_it_is_inside() {
    let events = [
        event(1, 1, pack("case", "a b")),
        event(2, 2, pack("pallet", "case")),
        event(3, 3, unpack("pallet", "case")),
        event(4, 4, unpack("case", "a")),
        event(5, 5, pack("truck", "case")),
    ];
    let (trace, _) = walk("a", Direction::Forward, &events);
    assert_eq!(
        lines(&trace),
        ["a-case@1", "case-pallet@2"],
        "it had left the case before the truck"
    );
    let stay = &trace.lines[0];
    assert_eq!((stay.begun_by, stay.ended_by.map(|at| trace.sources[at].position)), (0, Some(4)));
    let (other, _) = walk("b", Direction::Forward, &events);
    assert_eq!(lines(&other), ["b-case@1", "case-pallet@2", "case-truck@2"]);
    assert_eq!((other.things, other.is_cut), (3, false));
}

#[test]
fn a_container_that_is_emptied_lets_all_go_and_backwards_shows_what_was_inside() {
    let events = [
        event(1, 1, pack("case", "a b")),
        event(2, 2, unpack("case", "")),
        event(3, 3, pack("case", "c")),
        event(4, 4, pack("pallet", "case")),
    ];
    let (forward, _) = walk("a", Direction::Forward, &events);
    assert_eq!(lines(&forward), ["a-case@1"]);
    let (back, _) = walk("pallet", Direction::Back, &events);
    assert_eq!(lines(&back), ["case-pallet@1", "c-case@2"], "a and b were out before");
    let (case, _) = walk("case", Direction::Back, &events);
    assert_eq!(lines(&case), ["a-case@1", "b-case@1", "c-case@1"]);
}

#[test]
fn of_a_transformation_with_many_outputs_each_is_inferred() {
    let events = [event(1, 1, make("a b", "c d")), event(2, 2, make("c", "e"))];
    let (forward, _) = walk("a", Direction::Forward, &events);
    assert_eq!(lines(&forward), ["a-#1@1", "#1~c@1", "#1~d@1", "c-#2@2", "#2-e@2"]);
    let (back, _) = walk("e", Direction::Back, &events);
    assert_eq!(lines(&back), ["#2-e@1", "c-#2@1", "#1~c@2", "a-#1@2", "b-#1@2"]);
}

#[test]
fn what_was_made_before_comes_not_from_what_was_put_in_later() {
    let events = [event(1, 5, pack("vat", "a")), event(2, 2, make("vat", "bottle"))];
    let (trace, _) = walk("a", Direction::Forward, &events);
    assert_eq!(lines(&trace), ["a-vat@1"]);
}

#[test]
fn events_of_one_transformation_id_belong_together() {
    let part = |inputs: &str, outputs: &str| Movement::Transformed {
        process: Some("urn:x:run".to_owned()),
        inputs: names(inputs),
        outputs: names(outputs),
    };
    let events =
        [event(1, 1, part("a", "")), event(2, 2, part("b", "")), event(3, 3, part("", "c"))];
    let (forward, _) = walk("a", Direction::Forward, &events);
    assert_eq!(lines(&forward), ["a-run@1", "run-c@2"]);
    let (back, _) = walk("c", Direction::Back, &events);
    assert_eq!(lines(&back), ["run-c@1", "a-run@2", "b-run@2"]);
}

#[test]
fn a_lot_leads_to_its_items_and_an_item_to_its_lot() {
    let made = Movement::Made(vec![("urn:x:lot".to_owned(), names("a b"))]);
    let events = [event(1, 1, made), event(2, 2, pack("case", "a b"))];
    let (forward, asked) = walk("lot", Direction::Forward, &events);
    assert_eq!(lines(&forward), ["lot-a@1", "lot-b@1", "a-case@2", "b-case@2"]);
    assert!(asked <= 6, "a fixed number of times for a level, not for a thing: {asked}");
    let (back, _) = walk("case", Direction::Back, &events);
    assert_eq!(lines(&back), ["a-case@1", "b-case@1", "lot-a@2", "lot-b@2"]);
}

#[test]
fn cycles_and_too_many_things_end() {
    let events = [event(1, 1, pack("a", "b")), event(2, 1, pack("b", "a"))];
    for direction in [Direction::Forward, Direction::Back, Direction::Neighbourhood] {
        let (trace, asked) = walk("a", direction, &events);
        assert_eq!(trace.lines.len(), 2, "{direction:?}");
        assert!(asked <= 8 && !trace.is_cut);
    }
    let many: Vec<String> = (0..2_000).map(|number| format!("n{number}")).collect();
    let (trace, _) = walk("case", Direction::Back, &[event(1, 1, pack("case", &many.join(" ")))]);
    assert!(trace.is_cut);
}

#[test]
fn a_neighbourhood_is_both_directions() {
    let events = [event(1, 1, pack("case", "a")), event(2, 2, pack("pallet", "case"))];
    let (trace, _) = walk("case", Direction::Neighbourhood, &events);
    assert_eq!(lines(&trace), ["a-case@1", "case-pallet@1"]);
}
