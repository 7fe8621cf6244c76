//! What becomes of verdicts when records are erased: never better than a gap, whoever's record it was and whatever it said.

use jiff::tz::TimeZone;
use ledger::record::Tombstone;

use crate::entry::{Fault, HistoryEntry, Relation};
use crate::fold::History;
use crate::gaps::Gap;
use crate::state::NotIssued;
use crate::testing::{
    CASE, EventDraft, FACTORY, ITEM, SHOP, entries, excursion_event, object_event, packing_event,
    rights,
};
use crate::verdict::{Reason, TagCheck, Verdict, judge};

const NOW: &str = "2026-11-30T12:00:00Z";

fn step(hour: u8, word: &str) -> EventDraft {
    object_event(&format!("2026-11-20T{hour:02}:00:00Z"), word).at(FACTORY)
}

fn made() -> EventDraft {
    step(0, "commissioning").lot("L1", "2026-11-25")
}

/// The verdict by a directory, or without one, on a chip that was checked.
fn reason(records: Vec<HistoryEntry>, has_directory: bool) -> Reason {
    let rights = if has_directory { rights() } else { directory::Rights::default() };
    let history = History::weigh(ITEM.parse().unwrap(), records, &rights);
    let state = history.state(NOW.parse().unwrap(), &TimeZone::UTC);
    judge(&state, TagCheck::Passed, &[])
}

fn erase(entry: &mut HistoryEntry) {
    let (at, reason) = ("2026-11-24T08:00:00Z".to_owned(), "asked for".to_owned());
    entry.fault = Some(Fault::Erased(Tombstone { at, reason }));
    entry.record = None;
    (entry.step, entry.disposition, entry.sensed) = (None, None, false);
    entry.place.clear();
    entry.at = entry.seal.committed;
}

#[test]
fn whatever_record_of_an_item_is_erased_its_verdict_is_not_better_than_a_gap() {
    let plain = || step(0, "commissioning");
    let rank = |reason: &Reason| {
        Verdict::ALL.iter().position(|one| *one == reason.verdict()).unwrap_or_default()
    };
    let gap = rank(&Reason::Gap(Gap::Cut { left_out: 1 }));
    let report = |hour, word: &str| step(hour, "holding").disposition(word);
    let sold = |hour| step(hour, "retail_selling").disposition("retail_sold");
    for (what, events, first) in [
        ("nothing against it", vec![plain(), step(1, "storing")], Verdict::Strong),
        ("recalled", vec![plain(), report(1, "recalled")], Verdict::Recalled),
        ("stolen", vec![plain(), report(1, "stolen")], Verdict::Stolen),
        ("expired", vec![made()], Verdict::Expired),
        ("destroyed", vec![plain(), step(1, "destroying")], Verdict::Rejected),
        ("sold", vec![plain(), sold(1)], Verdict::Sold),
        ("never applied", vec![step(1, "storing")], Verdict::Rejected),
        (
            "too warm",
            vec![
                plain(),
                excursion_event("2026-11-20T03:00:00Z", "2026-11-20T04:00:00Z", "9.2").of(&[ITEM]),
            ],
            Verdict::Condition,
        ),
        ("elsewhere", vec![plain(), step(1, "storing").at(SHOP)], Verdict::Strong),
        (
            "packed",
            vec![plain(), packing_event("2026-11-20T01:00:00Z", "ADD", CASE, &[ITEM])],
            Verdict::Strong,
        ),
    ] {
        let before = reason(entries(&events), true).verdict();
        assert!(before == first || what == "elsewhere", "{what}: {before:?}");
        for place in 0..events.len() {
            for origin in ["log.example/1", "shop.example/till", "stranger.example/1"] {
                for relation in [Relation::Item, Relation::Container(CASE.into()), Relation::Lot] {
                    for has_directory in [true, false] {
                        let mut records = entries(&events);
                        records[place].origin = origin.into();
                        records[place].relation = relation.clone();
                        erase(&mut records[place]);
                        let after = reason(records, has_directory);
                        let told = (what, place, origin, &relation, has_directory);
                        assert!(rank(&after) <= gap, "{told:?}: {after:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_gap_of_an_erased_record_says_when_and_why_and_no_code_is_called_not_issued_for_it() {
    let mut records = entries(&[step(0, "commissioning"), step(1, "storing")]);
    erase(&mut records[0]);
    let Reason::Gap(Gap::Erased { index, tombstone, .. }) = reason(records.clone(), true) else {
        panic!("expected the erasure")
    };
    assert_eq!((index, tombstone.day(), &*tombstone.reason), (0, "2026-11-24", "asked for"));
    // A record that was altered is no erasure.
    records[0].fault = Some(Fault::Text);
    assert_eq!(reason(records, true), Reason::NotIssued(NotIssued::Disputed));
}
