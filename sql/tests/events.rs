//! Searching the projection of events: what is found, in which order, on which page, and by how much work.

use std::collections::BTreeSet;

use epcis::query::{Direction, Order, Term};
use jiff::Timestamp;
use ledger::hash;
use ledger::tree::Frontier;
use sql::events::{Batch, Candidates, Link, Move, NewEvent, Place, Search, apply, candidates};
use sql::ledgers::{Append, Entry};
use sql::testing::TestDb;
use sql::{Db, LedgerId};

/// In every event; in every seventh; in three; in the first [`LONG_AGO`].
const ALL: Term = Term(u64::MAX);
const SEVENTH: Term = Term(7);
const RARE: Term = Term(3);
const OLD: Term = Term(11);
/// In every second.
const SECOND: Term = Term(2);
/// More events than are gathered by their term.
const LONG_AGO: u64 = 8_300;

fn time(second: u64) -> Timestamp {
    Timestamp::from_second(i64::try_from(second).expect("small")).expect("a time")
}

/// Event time of the event at a position: in another order than positions, some at one time.
fn event_time(position: u64) -> u64 {
    position * 7919 % 1000
}

/// A ledger of so many records, and the projection of them.
async fn filled(name: &str, count: u64) -> (TestDb, LedgerId) {
    let db = TestDb::migrated(name).await;
    let ledger =
        sql::ledgers::create_ledger(&db, "a.example/x", "site", "A").await.expect("created");
    let mut frontier = Frontier::new();
    let entries = (0..count).map(|number| {
        let text = format!("{{\"n\":{number}}}");
        Entry { leaf_hash: hash::leaf(text.as_bytes()), secret: Some([7; 16]), text: text.into() }
    });
    let mut append = Append::to(ledger, &mut frontier, entries.collect(), time(0));
    "note".clone_into(&mut append.note);
    db.run_tx("test.append", async |tx| sql::ledgers::append(tx, &append).await)
        .await
        .expect("appended");
    let mut from = 0;
    while from < count {
        let to = (from + 700).min(count);
        let batch = Batch {
            events: (from..to).map(|index| event(ledger, index)).collect(),
            skipped: Vec::new(),
            moves: vec![Move { ledger, from, to }],
        };
        let head = db.run_tx("test.apply", async |tx| apply(tx, &batch).await).await;
        assert_eq!(head.expect("applied"), to);
        from = to;
    }
    (db, ledger)
}

fn event(ledger: LedgerId, index: u64) -> NewEvent {
    let position = index + 1;
    let mut terms = vec![ALL];
    terms.extend(position.is_multiple_of(7).then_some(SEVENTH));
    terms.extend([5, 700, 2_000].contains(&position).then_some(RARE));
    terms.extend((position <= LONG_AGO).then_some(OLD));
    terms.extend(position.is_multiple_of(2).then_some(SECOND));
    NewEvent {
        ledger,
        index,
        event_time: time(event_time(position)),
        record_time: time(position),
        event_id: format!("urn:event:{}", position % 500),
        terms,
        values: vec![(2, format!("urn:epc:{position:06}"))],
        links: vec![Link { thing: 4, role: 1 }],
    }
}

/// Groups, and which positions have one term of each.
type Case<'a> = (&'a [Vec<Term>], &'a dyn Fn(u64) -> bool);

/// All pages of a search, of `most` each; the positions in order, and the number of pages.
async fn pages(db: &Db, search: &Search<'_>) -> (Vec<u64>, usize) {
    let (mut positions, mut count, mut after) = (Vec::new(), 0, None);
    loop {
        let page = candidates(db, &Search { after, ..search.clone() }).await.expect("searched");
        assert_eq!(page.faults, 0);
        assert!(page.found.len() <= search.most);
        for (row, record) in &page.found {
            assert_eq!(record.text, format!("{{\"n\":{}}}", row.position - 1));
        }
        positions.extend(page.found.iter().map(|(row, _)| row.position));
        count += 1;
        match page.next {
            Some(next) => after = Some(next),
            None => return (positions, count),
        }
        assert!(count < 2_000, "it ends");
    }
}

#[tokio::test]
async fn every_order_and_page_size_gives_each_matching_event_once_in_its_order() {
    const COUNT: u64 = 3_000;
    let (db, _) = filled("orders", COUNT).await;
    let rare_and_seventh = [vec![ALL], vec![RARE, Term(99)], vec![SEVENTH]];
    let sevenths = [vec![SEVENTH], vec![ALL]];
    let cases: [Case<'_>; 4] = [
        (&[], &|_| true),
        (&rare_and_seventh, &|position| position == 700),
        (&sevenths, &|position| position.is_multiple_of(7)),
        (&[vec![ALL]], &|_| true),
    ];
    for (groups, matches) in cases {
        for order in [Order::Unstated, Order::EventTime, Order::RecordTime] {
            for direction in [Direction::Ascending, Direction::Descending] {
                let mut expected: Vec<(u64, u64)> = (1..=COUNT)
                    .filter(|position| matches(*position))
                    .map(|position| {
                        let is_by_event = order == Order::EventTime;
                        (if is_by_event { event_time(position) } else { 0 }, position)
                    })
                    .collect();
                expected.sort_unstable();
                if direction == Direction::Descending {
                    expected.reverse();
                }
                let expected: Vec<u64> =
                    expected.into_iter().map(|(_, position)| position).collect();
                for most in [237, 10_000] {
                    let order = order.clone();
                    let search = Search { groups, order, direction, most, ..Search::default() };
                    let (found, _) = pages(&db, &search).await;
                    assert_eq!(found, expected, "{:?} {direction:?} {most}", search.order);
                }
            }
        }
    }
}

#[tokio::test]
async fn what_was_stated_long_ago_is_on_the_first_page_though_very_much_was_stated_since() {
    let (db, _) = filled("long_ago", LONG_AGO + 25_000).await;
    let groups = [vec![OLD, Term(99)]];
    let (order, direction) = (Order::RecordTime, Direction::Descending);
    let search = Search { groups: &groups, order, direction, most: 1_000, ..Search::default() };
    let first = candidates(&db, &search).await.expect("searched");
    let newest = first.found.first().map(|(row, _)| row.position);
    assert_eq!((newest, first.found.len()), (Some(LONG_AGO), 1_000));
    let (all, _) = pages(&db, &search).await;
    assert_eq!(all, (1..=LONG_AGO).rev().collect::<Vec<_>>());
    // By the blocks that have it: not by reading what was stated since.
    let first = Search { most: 50, ..search.clone() };
    let before = sql::testing::statements();
    let found = candidates(&db, &first).await.expect("searched");
    assert_eq!((found.found.len(), found.next.is_some()), (50, true));
    let asked = sql::testing::statements() - before;
    assert!(asked <= 9, "{asked} statements");
}

/// The events of a search in its order, by what is known of them.
fn expected(search: &Search<'_>, count: u64, matches: &dyn Fn(u64) -> bool) -> Vec<(u64, u64)> {
    let at = |position: u64| match search.order {
        Order::EventTime => event_time(position),
        _ => position,
    };
    let within = |(from, until): (Option<Timestamp>, Option<Timestamp>), at: u64| {
        from.is_none_or(|from| time(at) >= from) && until.is_none_or(|until| time(at) <= until)
    };
    let is_in = |position: &u64| {
        matches(*position)
            && within(search.event_time, event_time(*position))
            && within(search.record_time, *position)
    };
    let mut all: Vec<(u64, u64)> =
        (1..=count).filter(is_in).map(|position| (at(position), position)).collect();
    all.sort_unstable();
    if search.direction == Direction::Descending {
        all.reverse();
    }
    all
}

#[tokio::test]
async fn a_list_goes_on_from_any_place_by_blocks_as_by_a_scan_whatever_the_times_of_the_blocks_are()
{
    const COUNT: u64 = LONG_AGO + 12_000;
    let (db, _) = filled("places", COUNT).await;
    let old = [vec![OLD, Term(99)]];
    let both = [vec![OLD], vec![SECOND]];
    let spans = [(None, None), (Some(time(100)), Some(time(8_000)))];
    let cases: [Case<'_>; 2] = [
        (&old, &|position| position <= LONG_AGO),
        (&both, &|position| position <= LONG_AGO && position.is_multiple_of(2)),
    ];
    // Of the blocks nothing is known in the end: all times are possible then.
    for forget in [None, Some("delete from event_blocks where block > 3")] {
        if let Some(forget) = forget {
            db.execute(forget).await.expect("forgotten");
        }
        for (groups, matches) in cases {
            for order in [Order::EventTime, Order::RecordTime] {
                for direction in [Direction::Ascending, Direction::Descending] {
                    for record_time in spans {
                        let order = order.clone();
                        let search = Search {
                            groups,
                            order,
                            direction,
                            record_time,
                            most: 1_900,
                            ..Search::default()
                        };
                        let expected = expected(&search, COUNT, matches);
                        let (found, _) = pages(&db, &search).await;
                        let positions: Vec<u64> = expected.iter().map(|(_, at)| *at).collect();
                        assert_eq!(found, positions, "{:?} {direction:?}", search.order);
                        from_places(&db, &search, &expected).await;
                    }
                }
            }
        }
    }
}

/// Goes on from places of a list, and from places between its events, as a scan gives them.
async fn from_places(db: &Db, search: &Search<'_>, expected: &[(u64, u64)]) {
    let generation = candidates(db, search).await.expect("searched").generation;
    for at in (0..expected.len()).step_by(expected.len() / 3) {
        let (second, position) = expected[at];
        let micros = i64::try_from(second * 1_000_000).expect("small");
        // At an event, and at one that another search would have had there.
        for (micros, position) in [(micros, position), (micros + 1, 3), (micros - 1, 20_000)] {
            let is_behind = |(other, place): &&(u64, u64)| {
                let other = (i64::try_from(other * 1_000_000).expect("small"), *place);
                match search.direction {
                    Direction::Descending => other < (micros, position),
                    Direction::Ascending => other > (micros, position),
                }
            };
            let rest: Vec<u64> =
                expected.iter().filter(is_behind).map(|(_, place)| *place).take(120).collect();
            let after = Some(Place { generation, at: micros, position });
            let mut found = Vec::new();
            let mut next = after;
            while found.len() < 120 && next.is_some() {
                let page = Search { after: next, most: 120 - found.len(), ..search.clone() };
                let page = candidates(db, &page).await.expect("searched");
                found.extend(page.found.iter().map(|(row, _)| row.position));
                next = page.next;
            }
            assert_eq!(found, rest, "behind {micros} {position}");
        }
    }
}

#[tokio::test]
async fn times_narrow_and_both_may_be_asked_for() {
    let (db, _) = filled("times", 3_000).await;
    let span = |from, until| (Some(time(from)), Some(time(until)));
    // The ends belong to it to the microsecond, since a term of the query decides in the end.
    let within = |at: u64, (from, until): (u64, u64)| (from..=until).contains(&at);
    for order in [Order::Unstated, Order::EventTime, Order::RecordTime] {
        for groups in [&[][..], &[vec![SEVENTH]]] {
            let search = Search {
                groups,
                order: order.clone(),
                event_time: span(100, 300),
                record_time: span(500, 900),
                most: 10,
                ..Search::default()
            };
            let (mut found, _) = pages(&db, &search).await;
            found.sort_unstable();
            let is_in = |position: &u64| {
                let is_term = groups.is_empty() || position.is_multiple_of(7);
                is_term
                    && within(event_time(*position), (100, 300))
                    && within(*position, (500, 900))
            };
            let expected: Vec<u64> = (1..=3_000).filter(is_in).collect();
            assert_eq!(found, expected, "{order:?}");
        }
    }
}

#[tokio::test]
async fn pages_stay_as_they_are_while_events_are_added() {
    let (db, ledger) = filled("stable", 1_500).await;
    let first = Search { order: Order::EventTime, most: 100, ..Search::default() };
    let page = candidates(&db, &first).await.expect("searched");
    let head = Some(page.head);
    let rest = |place: Place| Search { after: Some(place), head, ..first.clone() };
    let second = candidates(&db, &rest(page.next.expect("more"))).await.expect("searched");
    // What comes now lies before the place and behind it.
    let batch = Batch {
        events: (1_500..1_600).map(|index| event(ledger, index)).collect(),
        skipped: Vec::new(),
        moves: vec![Move { ledger, from: 1_500, to: 1_600 }],
    };
    db.run_tx("test.apply", async |tx| apply(tx, &batch).await).await.expect("applied");
    let again = candidates(&db, &rest(page.next.expect("more"))).await.expect("searched");
    assert_eq!(again, Candidates { head: second.head, ..second });
    let seen: BTreeSet<u64> = again.found.iter().map(|(row, _)| row.position).collect();
    assert!(seen.iter().all(|position| *position <= 1_500));
}

#[tokio::test]
async fn a_group_without_terms_matches_nothing_and_nothing_asked_for_is_nothing() {
    let (db, _) = filled("nothing", 10).await;
    let none = [vec![]];
    let search = Search { groups: &none, most: 10, ..Search::default() };
    assert_eq!(candidates(&db, &search).await.expect("searched").found, []);
    let found = candidates(&db, &Search::default()).await.expect("searched");
    assert_eq!((found.found.len(), found.next), (0, None));
    let unknown = [vec![Term(4_711)]];
    let search = Search { groups: &unknown, most: 10, ..Search::default() };
    assert_eq!(candidates(&db, &search).await.expect("searched").next, None);
}

#[tokio::test]
async fn ids_values_and_links_are_looked_up() {
    let (db, _) = filled("look_ups", 1_200).await;
    let found = sql::events::by_event_id(&db, "urn:event:7").await.expect("asked");
    let positions: Vec<u64> = found.iter().map(|(row, _)| row.position).collect();
    assert_eq!(positions, [7, 507, 1_007]);
    assert_eq!(found[1].1.text, "{\"n\":506}");
    assert!(sql::events::by_event_id(&db, "urn:event:none").await.expect("asked").is_empty());
    let first = sql::events::values(&db, 2, None, 3).await.expect("asked");
    assert_eq!(first, ["urn:epc:000001", "urn:epc:000002", "urn:epc:000003"]);
    let next = sql::events::values(&db, 2, Some(&first[2]), 2).await.expect("asked");
    assert_eq!(next, ["urn:epc:000004", "urn:epc:000005"]);
    assert!(sql::events::values(&db, 1, None, 3).await.expect("asked").is_empty());
    let connection = db.connection().await.expect("connected");
    let links = sql::events::links(&connection, &[4, 5], &[1], (900, 10_000)).await;
    assert_eq!(links.expect("asked").len(), 900, "those behind the head of the page are not seen");
    let none = sql::events::links(&connection, &[4], &[2], (900, 10_000)).await.expect("asked");
    assert_eq!(none, []);
}

#[tokio::test]
async fn texts_and_values_that_postgresql_does_not_take_hold_up_nothing() {
    let db = TestDb::migrated("odd_texts").await;
    let ledger =
        sql::ledgers::create_ledger(&db, "a.example/x", "site", "A").await.expect("created");
    let mut odd = event(ledger, 0);
    odd.event_id = "urn:\0".to_owned();
    odd.values = vec![(2, "\0".to_owned()), (2, "x".repeat(5_000)), (2, "urn:x".to_owned())];
    let mut long = event(ledger, 1);
    long.event_id = "y".repeat(9_000);
    let batch = Batch {
        events: vec![odd, long],
        skipped: vec![sql::events::Skipped { ledger, index: 2, reason: "\0 no".to_owned() }],
        moves: vec![Move { ledger, from: 0, to: 3 }],
    };
    db.run_tx("test.apply", async |tx| apply(tx, &batch).await).await.expect("applied");
    let values = sql::events::values(&db, 2, None, 10).await.expect("asked");
    assert_eq!(values, ["urn:epc:000002", "urn:x"]);
}

#[tokio::test]
async fn a_rare_term_costs_few_statements_and_a_deep_page_as_many_as_the_first() {
    let (db, _) = filled("statements", 3_000).await;
    let count = async |search: &Search<'_>| {
        let before = sql::testing::statements();
        let found = candidates(&db, search).await.expect("searched");
        (sql::testing::statements() - before, found.next)
    };
    let rare = [vec![RARE]];
    let (asked, _) = count(&Search { groups: &rare, most: 10, ..Search::default() }).await;
    assert!(asked <= 3, "{asked} statements");
    for order in [Order::Unstated, Order::EventTime, Order::RecordTime] {
        let mut search = Search { order, most: 50, ..Search::default() };
        let (first, next) = count(&search).await;
        search.after = next;
        for _ in 0..20 {
            let (deep, next) = count(&search).await;
            assert!(deep <= first, "{deep} statements, the first page took {first}");
            search.after = next;
        }
    }
}
