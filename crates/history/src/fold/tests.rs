//! States of an item from the records of one party: who may say what is in the cases.

use epcis::BizStep;

use super::*;
use crate::entry::{Fault, Relation};
use crate::state::ClashKind;
use crate::testing::{
    CASE, EventDraft, FACTORY, ITEM, SHOP, entries, excursion_event, object_event, packing_event,
    rights,
};
use crate::weight::Seal;

const NOW: &str = "2026-11-30T12:00:00Z";

fn weigh(entries: Vec<HistoryEntry>) -> History {
    History::weigh(ITEM.parse().unwrap(), entries, &rights())
}

fn history(events: &[EventDraft]) -> History {
    weigh(entries(events))
}

fn state(history: &History) -> ItemState {
    history.state(NOW.parse().unwrap(), &TimeZone::UTC)
}

fn step(hour: u8, word: &str) -> EventDraft {
    object_event(&format!("2026-11-20T{hour:02}:00:00Z"), word).at(FACTORY)
}

fn made() -> EventDraft {
    step(0, "commissioning")
}

#[test]
fn an_item_that_was_commissioned_and_nothing_else_has_an_empty_state() {
    assert_eq!(state(&history(&[made()])), ItemState::default());
}

#[test]
fn an_item_without_records_is_unknown() {
    assert_eq!(state(&history(&[])), ItemState::unknown());
}

#[test]
fn an_item_that_was_not_commissioned_was_not_issued_and_the_state_says_why() {
    for (what, events, why) in [
        ("announced only", vec![step(1, "shipping")], NotIssued::NeverApplied),
        ("no step", vec![step(1, "")], NotIssued::NeverApplied),
        (
            "observed at a commissioning",
            vec![made().with("action", "OBSERVE".into())],
            NotIssued::NeverApplied,
        ),
    ] {
        assert_eq!(state(&history(&events)).not_issued, Some(why), "{what}");
    }
    let with_fault = |place: usize| {
        let mut records = entries(&[made(), step(1, "storing")]);
        records[place].fault = Some(Fault::Text);
        state(&weigh(records)).not_issued
    };
    assert_eq!(with_fault(0), Some(NotIssued::Disputed));
    assert_eq!(with_fault(1), None);
}

#[test]
fn the_commissioning_of_a_container_or_of_the_lot_issues_no_item() {
    for relation in [Relation::Container(CASE.into()), Relation::Lot] {
        let mut records = entries(&[made()]);
        records[0].relation = relation;
        assert_eq!(state(&weigh(records)).not_issued, Some(NotIssued::NeverApplied));
    }
}

#[test]
fn a_recall_and_a_theft_stay_until_they_are_lifted_whatever_is_said_later() {
    let report = |hour, word| step(hour, "holding").disposition(word);
    for (events, withdrawn) in [
        (vec![report(1, "in_progress")], None),
        (vec![report(1, "recalled")], Some(Withdrawal::Recalled)),
        (vec![report(1, "urn:epcglobal:cbv:disp:stolen")], Some(Withdrawal::Stolen)),
        (vec![report(1, "recalled"), report(2, "stolen")], Some(Withdrawal::Recalled)),
        (vec![report(1, "recalled"), report(2, "active")], Some(Withdrawal::Recalled)),
        (vec![report(1, "recalled"), report(2, "in_progress")], Some(Withdrawal::Recalled)),
    ] {
        let history = history(&[vec![made()], events].concat());
        assert_eq!(state(&history).withdrawn, withdrawn);
    }
}

#[test]
fn a_recall_of_the_container_withdraws_the_item_while_it_is_inside() {
    let pack = |hour, action| {
        packing_event(&format!("2026-11-20T{hour:02}:00:00Z"), action, CASE, &[ITEM])
    };
    let recall = step(5, "holding").of(&[CASE]).disposition("recalled");
    let withdrawn = |events: &[EventDraft]| {
        let mut records = entries(events);
        records.last_mut().unwrap().relation = Relation::Container(CASE.into());
        state(&weigh(records)).withdrawn
    };
    assert_eq!(withdrawn(&[made(), recall.clone()]), None);
    let inside = [made(), pack(1, "ADD"), recall.clone()];
    assert_eq!(withdrawn(&inside), Some(Withdrawal::Recalled));
    assert_eq!(withdrawn(&[made(), pack(1, "ADD"), pack(2, "DELETE"), recall]), None);
}

#[test]
fn an_item_is_expired_from_the_end_of_its_date_in_the_readers_zone_on() {
    let dated = |date| history(&[made().lot("L1", date)]);
    for (date, zone, now, is_expired) in [
        ("2026-11-30", "UTC", "2026-11-30T23:59:59Z", false),
        ("2026-11-30", "UTC", "2026-12-01T00:00:00Z", false),
        ("2026-11-30", "UTC", "2026-12-01T00:00:01Z", true),
        ("2026-11-29", "UTC", NOW, true),
        ("2026-11-30", "+08", "2026-11-30T16:00:01Z", true),
        ("2026-11-30", "-05", "2026-12-01T04:59:59Z", false),
        ("261129", "UTC", NOW, false),
        ("soon", "UTC", NOW, false),
    ] {
        let hours = zone.parse::<i8>().unwrap_or(0);
        let zone = TimeZone::fixed(jiff::tz::offset(hours));
        let withdrawn = dated(date).state(now.parse().unwrap(), &zone).withdrawn;
        assert_eq!(withdrawn == Some(Withdrawal::Expired), is_expired, "{date} at {now}");
    }
    let recalled =
        history(&[made().lot("L1", "2026-11-01"), step(1, "holding").disposition("recalled")]);
    assert_eq!(state(&recalled).withdrawn, Some(Withdrawal::Recalled));
}

#[test]
fn lot_and_expiry_are_those_of_what_counts_and_two_lots_are_a_clash() {
    let events = [made().lot("L1", "2027-01-01"), step(1, "inspecting").lot("L2", "2026-12-01")];
    let twice = history(&events);
    assert_eq!(twice.lot_number(), Some("L1"));
    assert_eq!(twice.expiry_date(), Some("2026-12-01"), "the earlier date");
    let kinds: Vec<ClashKind> = state(&twice).clashes.iter().map(|clash| clash.kind).collect();
    assert_eq!(kinds, [ClashKind::OtherLot]);
    let mut records = entries(&events);
    records[1].origin = "stranger.example/1".into();
    let foreign = weigh(records);
    assert_eq!(foreign.expiry_date(), Some("2027-01-01"));
    assert_eq!(state(&foreign).clashes, []);
}

#[test]
fn a_sale_is_a_step_or_a_disposition_and_a_return_undoes_it() {
    let sale = |hour| step(hour, "retail_selling");
    let hours = |events: &[EventDraft]| -> Vec<String> {
        let state = state(&history(events));
        state.sales.iter().map(|at| at.strftime("%H").to_string()).collect()
    };
    assert_eq!(hours(&[made(), sale(1).disposition("retail_sold")]), ["01"]);
    assert_eq!(hours(&[made(), step(2, "shipping").disposition("retail_sold")]), ["02"]);
    assert_eq!(hours(&[made(), step(2, "dispensing")]), ["02"]);
    let part = step(2, "dispensing").disposition("partially_dispensed");
    assert_eq!(hours(&[made(), part]), [""; 0]);
    assert_eq!(hours(&[made(), sale(1), sale(3)]), ["01", "03"]);
    assert_eq!(hours(&[made(), sale(1), sale(1).at(SHOP)]), ["01"], "the same sale, said twice");
    let back = step(2, "receiving").disposition("returned");
    assert_eq!(hours(&[made(), sale(1), back.clone()]), [""; 0]);
    assert_eq!(hours(&[made(), sale(1), back, sale(3)]), ["03"]);
}

/// Records that the hub had at these hours after [`made_at`], in the order of these.
fn had_at(events: &[EventDraft], hours: &[i64]) -> Vec<HistoryEntry> {
    let mut records = entries(events);
    for (entry, hour) in records.iter_mut().zip(hours) {
        let at = made_at() + SignedDuration::from_hours(*hour);
        entry.seal = Seal { place: u64::try_from(*hour).ok(), at, committed: at };
    }
    records
}

/// Hours of the sales that stand, and what the records are answered with at `hour`: sold again and not decided, sold twice.
fn sales_at(records: Vec<HistoryEntry>, hour: i64) -> (Vec<String>, bool, bool) {
    let state = weigh(records).state(made_at() + SignedDuration::from_hours(hour), &TimeZone::UTC);
    let sales = state.sales.iter().map(|at| at.strftime("%H").to_string()).collect();
    (sales, !state.resold.is_empty(), !state.clashes.is_empty())
}

#[test]
fn a_second_sale_decides_when_the_day_for_its_return_is_over_whatever_time_the_seller_writes() {
    let sale = |hour| step(hour, "retail_selling");
    let twice = had_at(&[made(), sale(1), sale(9)], &[0, 1, 30]);
    let both = || vec!["01".to_owned(), "09".into()];
    assert_eq!(sales_at(twice.clone(), 30), (both(), true, false));
    assert_eq!(sales_at(twice.clone(), 53), (both(), true, false));
    assert_eq!(sales_at(twice, 54), (both(), false, true));
    // Of a ledger that no hub has, its own signature counts, and a time far ahead gives no grace.
    for (committed, is_resold) in [(30, true), (10, false), (90, false)] {
        let mut records = had_at(&[made(), sale(1), sale(9)], &[0, 1, 30]);
        let committed = made_at() + SignedDuration::from_hours(committed);
        records[2].seal = Seal::pending(made_at() + SignedDuration::from_hours(40), committed);
        assert_eq!(sales_at(records, 40), (both(), is_resold, !is_resold), "{committed}");
    }
    let back = |hour| step(hour, "storing").disposition("returned");
    // One of the two is back, and the other one is still out.
    let returned = had_at(&[made(), sale(1), sale(9), back(10)], &[0, 1, 30, 31]);
    assert_eq!(sales_at(returned, 31), (vec![], false, true));
}

#[test]
fn a_return_that_reaches_the_hub_after_the_next_sale_undoes_the_sale_before_it() {
    let sale = |hour| step(hour, "retail_selling");
    let back = |hour| step(hour, "storing").disposition("returned");
    let of = |hours: &[i64]| sales_at(had_at(&[made(), sale(1), sale(9), back(5)], hours), 200);
    assert_eq!(of(&[0, 1, 9, 11]), (vec!["09".into()], false, false));
    assert_eq!(of(&[0, 1, 9, 11 + 80]), (vec![], false, true), "beyond the grace");
    let third = [made(), sale(1), sale(2), sale(9), back(5)];
    let both_before = sales_at(had_at(&third, &[0, 1, 2, 9, 11]), 200);
    assert_eq!(both_before, (vec!["09".into()], false, true), "two before it were too many");
    let after = [made(), sale(1), sale(8), sale(9), back(5)];
    let both_after = sales_at(had_at(&after, &[0, 1, 8, 9, 11]), 200);
    assert_eq!(both_after, (vec!["08".into(), "09".into()], false, true));
}

#[test]
fn a_sale_that_reaches_the_hub_after_its_own_return_is_undone_by_it_and_by_no_other() {
    let sale = |hour| step(hour, "retail_selling");
    let back = |hour| step(hour, "storing").disposition("returned");
    let of = |events: &[EventDraft], hours: &[i64]| sales_at(had_at(events, hours), 200);
    let late = [made(), back(5), sale(1), sale(9)];
    assert_eq!(of(&late, &[0, 5, 7, 9]), (vec!["09".into()], false, false));
    let again = [made(), back(5), sale(1), sale(1).at(SHOP), sale(9)];
    assert_eq!(of(&again, &[0, 5, 7, 8, 9]), (vec!["09".into()], false, false), "by two systems");
    let copy_of_it = [made(), sale(1), back(5), sale(1).at(SHOP), sale(9)];
    assert_eq!(of(&copy_of_it, &[0, 1, 5, 7, 9]), (vec!["09".into()], false, false));
    let two = [made(), back(5), sale(1), sale(2), sale(9)];
    assert_eq!(of(&two, &[0, 5, 6, 7, 9]).0, ["02", "09"], "one return undoes one sale");
    let before = [made(), back(1), sale(2), sale(9)];
    assert_eq!(of(&before, &[0, 1, 2, 9]), (vec!["02".into(), "09".into()], false, true));
    assert_eq!(of(&late, &[0, 5, 5 + 73, 90]).0.len(), 2, "beyond the grace");
    let mut foreign = had_at(&late, &[0, 5, 7, 9]);
    foreign[1].origin = "shop.example/till".into();
    let (sales, _, is_clash) = sales_at(foreign, 200);
    assert_eq!((sales.len(), is_clash), (2, true), "a party that never had it");
}

#[test]
fn a_corrected_sale_is_no_sale() {
    let sale = step(1, "retail_selling").with("eventID", "urn:uuid:1".into());
    let error = |reason: &str, ids: &[&str]| {
        let ids = ids.iter().map(|id| ledger::json::Json::from(*id)).collect();
        let members = [
            ("declarationTime", "2026-11-20T02:00:00Z".into()),
            ("reason", reason.into()),
            ("correctiveEventIDs", ledger::json::Json::Array(ids)),
        ];
        sale.clone().with("errorDeclaration", ledger::json::object(members))
    };
    let did_not_occur = error("urn:epcglobal:cbv:er:did_not_occur", &[]);
    let corrected = history(&[made(), sale.clone(), did_not_occur.clone()]);
    assert_eq!(state(&corrected), ItemState::default());
    assert_eq!(corrected.entries[1].mark, Some(Mark::Corrected));
    let replaced = error("incorrect_data", &["urn:uuid:2"]);
    let sales = |events: &[EventDraft]| state(&history(events)).sales.len();
    assert_eq!(sales(&[made(), sale.clone(), replaced, step(3, "retail_selling")]), 1);
    for (what, declaration) in [
        ("incomplete", error("incorrect_data", &[])),
        ("with a corrective event that cannot be", error("did_not_occur", &["urn:uuid:2"])),
        ("of another event", did_not_occur.clone().with("eventID", "urn:uuid:9".into())),
        ("of other content", did_not_occur.at(SHOP)),
    ] {
        assert_eq!(sales(&[made(), sale.clone(), declaration]), 1, "{what}");
    }
}

#[test]
fn a_statement_about_the_future_only_claims_and_a_back_dated_one_is_marked_and_makes_a_gap() {
    let sealed = |hours_after: i64| {
        let mut records = entries(&[made(), step(9, "storing")]);
        let at = records[1].at + SignedDuration::from_hours(hours_after);
        records[1].seal = Seal { place: Some(9), at, committed: at };
        records[0].seal.place = Some(0);
        weigh(records)
    };
    let gaps = |history: &History| state(history).gaps;
    assert_eq!(gaps(&sealed(72)), []);
    let back_dated = sealed(73);
    assert_eq!(back_dated.entries[1].mark, Some(Mark::BackDated));
    assert_eq!(gaps(&back_dated), [Gap::BackDated { record: back_dated.entries[1].reference() }]);
    let future = sealed(-1);
    assert_eq!(future.entries[1].mark, Some(Mark::Future));
    assert_eq!(future.entries[1].weight, Weight::Claim);
    let record = future.entries[1].reference();
    assert_eq!(gaps(&future), [Gap::Claimed { what: Row::See, record }]);
    let mut sold = entries(&[made(), step(9, "retail_selling")]);
    sold[1].seal.at = made_at();
    let sold = weigh(sold);
    assert_eq!((sold.entries[1].weight, state(&sold).sales.len()), (Weight::Claim, 0));
}

fn made_at() -> Timestamp {
    "2026-11-20T00:00:00Z".parse().unwrap()
}

#[test]
fn back_dating_moves_nothing_before_what_the_hub_had_first() {
    // A sale that the hub has later comes later, however early it is dated.
    let mut records =
        entries(&[made(), step(8, "retail_selling"), step(1, "receiving").disposition("returned")]);
    for (place, entry) in (0..).zip(&mut records) {
        entry.seal.place = Some(place);
    }
    assert_eq!(state(&weigh(records.clone())).sales.len(), 0);
    records[1].seal.place = Some(5);
    assert_eq!(state(&weigh(records)).sales.len(), 1);
}

#[test]
fn a_shipping_that_reached_the_hub_after_its_receiving_still_backs_it() {
    let with_parties = |hub_order: [u64; 3]| {
        let to = ledger::json::object([
            ("type", "possessing_party".into()),
            ("destination", "urn:epc:id:pgln:4055555.00000".into()),
        ]);
        let shipping =
            step(1, "shipping").with("destinationList", ledger::json::Json::Array(vec![to]));
        let mut records = entries(&[made(), shipping, step(2, "receiving")]);
        records[2].origin = "shop.example/till".into();
        for (entry, place) in records.iter_mut().zip(hub_order) {
            entry.seal.place = Some(place);
        }
        state(&weigh(records)).gaps
    };
    assert_eq!(with_parties([0, 1, 2]), []);
    assert_eq!(with_parties([0, 2, 1]), []);
}

#[test]
fn without_a_directory_everything_is_a_claim_and_nothing_is_cleared_or_condemned() {
    let events = [made().lot("L1", "2020-01-01"), step(1, "holding").disposition("recalled")];
    let history = History::weigh(ITEM.parse().unwrap(), entries(&events), &Rights::default());
    let state = state(&history);
    let origin = history.entries[0].reference();
    assert_eq!(state.gaps, [Gap::NoDirectory { origin }]);
    assert_eq!((state.withdrawn, state.not_issued), (None, None));
    assert_eq!(state.notices.len(), 1);
    assert!(history.entries.iter().all(|entry| entry.weight == Weight::Claim));
    assert_eq!(history.lot_number(), Some("L1"));
}

#[test]
fn a_record_that_does_not_fit_is_disputed_only_if_its_party_has_to_do_with_the_item() {
    let gaps = |origin: &str| {
        let mut records = entries(&[made(), step(1, "storing")]);
        records[1].origin = origin.into();
        records[1].fault = Some(Fault::Text);
        state(&weigh(records)).gaps.len()
    };
    assert_eq!(gaps("factory.example/packing"), 1);
    assert_eq!(gaps("shop.example/till"), 0);
    assert_eq!(gaps("stranger.example/1"), 0);
}

#[test]
fn a_broken_condition_of_the_lot_is_kept_and_readings_within_limits_are_not() {
    let flag = excursion_event("2026-11-20T01:00:00Z", "2026-11-20T02:00:00Z", "9.2");
    let calm = flag.clone().with(
        "persistentDisposition",
        ledger::json::object([("set", ledger::json::Json::Array(vec![]))]),
    );
    let mut records = entries(&[made().lot("L1", "2099-01-01"), flag.clone(), calm, flag]);
    for entry in &mut records[1..] {
        entry.relation = Relation::Lot;
    }
    records[3].fault = Some(Fault::Text);
    let history = weigh(records);
    let indexes =
        |found: Vec<&HistoryEntry>| found.iter().map(|entry| entry.index).collect::<Vec<_>>();
    assert_eq!(indexes(history.broken_conditions().collect()), [1]);
    assert_eq!(indexes(history.disputed().collect()), [3]);
    assert_eq!(indexes(history.counted().collect()), [0]);
    assert_eq!(history.entries[1].step, Some(BizStep::SensorReporting));
}

#[test]
fn chips_are_bound_by_who_may_issue_and_by_nobody_else() {
    let context =
        ledger::json::object([("voc", ledger::json::Json::from(crate::chips::NAMESPACE))]);
    let bound = |event: EventDraft, chip: &str| {
        let text = format!("{ITEM} {chip}");
        event.with("@context", context.clone()).with("voc:chips", text.as_str().into())
    };
    let mut records = entries(&[
        bound(made(), "04958CAA5C5E80"),
        bound(step(1, "storing"), "04DE5F1EACC040"),
        bound(step(2, "storing"), "04000000000001"),
        bound(made(), "04000000000002"),
    ]);
    for (place, record) in records.iter_mut().enumerate().skip(2) {
        record.origin = "shop.example/till".into();
        record.index = place as u64;
    }
    let found = state(&weigh(records.clone()));
    assert_eq!(found.chips, ["04958CAA5C5E80", "04DE5F1EACC040"]);
    records[0].fault = Some(Fault::Text);
    assert_eq!(state(&weigh(records)).chips, ["04DE5F1EACC040"], "a changed record binds nothing");
    assert!(state(&history(&[made()])).chips.is_empty());
}
