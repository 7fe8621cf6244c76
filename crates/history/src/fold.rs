//! The fold from an item's records to its state.
//!
//! What holds: pure, the time is a parameter; a record with a fault decides nothing but that something is disputed
//! and, where no other record says that the item was issued, that it was not.
//!
//! Today every party's record counts. Who may say what (claims, corrections, holders) belongs here, before
//! [`History::state`] reads the records.
//!
//! Not here: scans and tags, which are not in records ([`crate::verdict`]).

use epc::Epc;
use epcis::{BizStep, Disposition};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::entry::{HistoryEntry, Relation};
use crate::gaps::{Gap, find_gaps};

/// The records of one item.
#[derive(Debug, Clone)]
pub struct History {
    /// The item.
    pub item: Epc,
    /// In order of time; those of its lot among them.
    pub entries: Vec<HistoryEntry>,
}

/// Why an item must not be used or bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawal {
    /// It was recalled.
    Recalled,
    /// It was reported stolen.
    Stolen,
    /// Its expiry date is past.
    Expired,
}

/// Why an item's code does not count as issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotIssued {
    /// No record names it.
    Unknown,
    /// Records name it, and none says that it was put on an item.
    NeverApplied,
    /// As [`Self::NeverApplied`], and a record of it does not fit its ledger.
    Disputed,
}

/// What the records of an item add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemState {
    /// Why it must not be used or bought.
    pub withdrawn: Option<Withdrawal>,
    /// Why its code does not count as issued.
    pub not_issued: Option<NotIssued>,
    /// When it was sold, in order of time.
    pub sales: Vec<Timestamp>,
    /// What is missing or disputed.
    pub gaps: Vec<Gap>,
}

impl ItemState {
    /// The state of an item that no record names.
    #[must_use]
    pub fn unknown() -> Self {
        Self { not_issued: Some(NotIssued::Unknown), ..Self::default() }
    }
}

impl History {
    /// Records that count: they fit their ledger, and they are of the item or its containers.
    pub fn counted(&self) -> impl Iterator<Item = &HistoryEntry> {
        self.entries.iter().filter(|entry| entry.counts())
    }

    /// Records that do not fit their ledger.
    pub fn disputed(&self) -> impl Iterator<Item = &HistoryEntry> {
        self.entries.iter().filter(|entry| entry.fault.is_some())
    }

    /// Records of the lot that fit their ledger: what sensors reported about it.
    pub fn of_lot(&self) -> impl Iterator<Item = &HistoryEntry> {
        let is_of_lot = |entry: &&HistoryEntry| entry.relation == Relation::Lot;
        self.entries.iter().filter(is_of_lot).filter(|entry| entry.fault.is_none())
    }

    /// Expiry date, as it was recorded first.
    #[must_use]
    pub fn expiry_date(&self) -> Option<&str> {
        self.counted().find_map(|entry| entry.view()?.expiry_date())
    }

    /// Lot number, as it was recorded first.
    #[must_use]
    pub fn lot_number(&self) -> Option<&str> {
        self.counted().find_map(|entry| entry.view()?.lot_number())
    }

    /// Sales, in order of time.
    pub fn sales(&self) -> impl Iterator<Item = &HistoryEntry> {
        self.counted().filter(|entry| {
            entry.step == Some(BizStep::RetailSelling)
                || entry.disposition == Some(Disposition::RetailSold)
        })
    }

    /// What the records add up to at the time `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> ItemState {
        ItemState {
            withdrawn: self.withdrawn(now),
            not_issued: self.not_issued(),
            sales: self.sales().map(|entry| entry.at).collect(),
            gaps: find_gaps(&self.entries),
        }
    }

    /// The last recall or theft wins; the expiry date matters only without one.
    fn withdrawn(&self, now: Timestamp) -> Option<Withdrawal> {
        let reported = self.counted().filter_map(|entry| match entry.disposition {
            Some(Disposition::Recalled) => Some(Withdrawal::Recalled),
            Some(Disposition::Stolen) => Some(Withdrawal::Stolen),
            _ => None,
        });
        let is_expired = || self.expiry_date().is_some_and(|date| is_past(date, now));
        reported.last().or_else(|| is_expired().then_some(Withdrawal::Expired))
    }

    fn not_issued(&self) -> Option<NotIssued> {
        let is_commissioned = self.counted().any(|entry| {
            entry.step == Some(BizStep::Commissioning) && entry.relation == Relation::Item
        });
        if is_commissioned {
            None
        } else if self.entries.is_empty() {
            Some(NotIssued::Unknown)
        } else if self.disputed().next().is_some() {
            Some(NotIssued::Disputed)
        } else {
            Some(NotIssued::NeverApplied)
        }
    }
}

/// Whether the end of `date` (`YYYY-MM-DD`, UTC) is past.
fn is_past(date: &str, now: Timestamp) -> bool {
    let end = date
        .parse::<Date>()
        .ok()
        .and_then(|date| date.tomorrow().ok())
        .and_then(|date| date.to_zoned(TimeZone::UTC).ok());
    end.is_some_and(|end| end.timestamp() < now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Fault;
    use crate::testing::{EventDraft, FACTORY, ITEM, SHOP, entries, excursion_event, object_event};

    const NOW: &str = "2026-11-30T12:00:00Z";

    fn history(events: &[EventDraft]) -> History {
        History { item: ITEM.parse().unwrap(), entries: entries(events) }
    }

    fn state(history: &History) -> ItemState {
        history.state(NOW.parse().unwrap())
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
            ("another step's word", vec![step(1, "decommissioning")], NotIssued::NeverApplied),
            ("no step", vec![step(1, "")], NotIssued::NeverApplied),
        ] {
            assert_eq!(state(&history(&events)).not_issued, Some(why), "{what}");
        }
        let mut disputed = history(&[made(), step(1, "storing")]);
        disputed.entries[0].fault = Some(Fault::Text);
        assert_eq!(state(&disputed).not_issued, Some(NotIssued::Disputed));
        disputed.entries.swap(0, 1);
        assert_eq!(state(&disputed).not_issued, Some(NotIssued::Disputed));
        let mut elsewhere = history(&[made(), step(1, "storing")]);
        elsewhere.entries[1].fault = Some(Fault::Tree);
        assert_eq!(state(&elsewhere).not_issued, None);
    }

    #[test]
    fn the_commissioning_of_a_container_or_of_the_lot_issues_no_item() {
        for relation in [Relation::Container("urn:example:case".into()), Relation::Lot] {
            let mut history = history(&[made()]);
            history.entries[0].relation = relation;
            assert_eq!(state(&history).not_issued, Some(NotIssued::NeverApplied));
        }
    }

    #[test]
    fn the_last_report_of_a_recall_or_theft_withdraws_the_item() {
        let report = |hour, word| step(hour, "holding").disposition(word);
        for (events, withdrawn) in [
            (vec![report(1, "in_progress")], None),
            (vec![report(1, "recalled")], Some(Withdrawal::Recalled)),
            (vec![report(1, "urn:epcglobal:cbv:disp:stolen")], Some(Withdrawal::Stolen)),
            (vec![report(1, "recalled"), report(2, "stolen")], Some(Withdrawal::Stolen)),
            (vec![report(1, "stolen"), report(2, "recalled")], Some(Withdrawal::Recalled)),
            (vec![report(1, "recalled"), report(2, "active")], Some(Withdrawal::Recalled)),
        ] {
            let history = history(&[vec![made()], events].concat());
            assert_eq!(state(&history).withdrawn, withdrawn);
        }
    }

    #[test]
    fn a_recall_of_the_container_withdraws_the_item_and_a_flag_on_the_lot_does_not() {
        let mut history = history(&[made(), step(1, "holding").disposition("recalled")]);
        history.entries[1].relation = Relation::Container("urn:example:case".into());
        assert_eq!(state(&history).withdrawn, Some(Withdrawal::Recalled));
        history.entries[1].relation = Relation::Lot;
        assert_eq!(state(&history).withdrawn, None);
    }

    #[test]
    fn an_item_is_expired_from_the_end_of_its_date_on() {
        let dated = |date| history(&[made().lot("L1", date)]);
        for (date, now, withdrawn) in [
            ("2026-11-30", "2026-11-30T23:59:59Z", None),
            ("2026-11-30", "2026-12-01T00:00:00Z", None),
            ("2026-11-30", "2026-12-01T00:00:01Z", Some(Withdrawal::Expired)),
            ("2026-11-29", NOW, Some(Withdrawal::Expired)),
            ("261129", NOW, None),
            ("soon", NOW, None),
        ] {
            let state = dated(date).state(now.parse().unwrap());
            assert_eq!(state.withdrawn, withdrawn, "{date} at {now}");
        }
        let recalled =
            history(&[made().lot("L1", "2026-11-01"), step(1, "holding").disposition("recalled")]);
        assert_eq!(state(&recalled).withdrawn, Some(Withdrawal::Recalled));
    }

    #[test]
    fn lot_and_expiry_are_those_of_the_first_record_that_counts() {
        let mut history = history(&[
            made().lot("L1", "2027-01-01"),
            step(1, "inspecting").lot("L2", "2028-01-01"),
        ]);
        assert_eq!(history.lot_number(), Some("L1"));
        assert_eq!(history.expiry_date(), Some("2027-01-01"));
        history.entries[0].fault = Some(Fault::Text);
        assert_eq!(history.lot_number(), Some("L2"));
        assert_eq!(history.expiry_date(), Some("2028-01-01"));
    }

    #[test]
    fn a_sale_is_a_step_or_a_disposition_and_each_record_is_one() {
        let mut history = history(&[
            made(),
            step(1, "retail_selling").disposition("retail_sold"),
            step(2, "shipping").disposition("retail_sold"),
            step(3, "retail_selling"),
            step(4, "stocking").at(SHOP).disposition("sellable_accessible"),
        ]);
        let hours = |history: &History| -> Vec<String> {
            state(history).sales.iter().map(|at| at.strftime("%H").to_string()).collect()
        };
        assert_eq!(hours(&history), ["01", "02", "03"]);
        history.entries[1].fault = Some(Fault::Text);
        assert_eq!(hours(&history), ["02", "03"]);
    }

    #[test]
    fn records_of_the_lot_are_listed_unless_they_do_not_fit_their_ledger() {
        let flag = excursion_event("2026-11-20T01:00:00Z", "2026-11-20T02:00:00Z", "9.2");
        let mut history = history(&[made(), flag.clone(), flag]);
        history.entries[1].relation = Relation::Lot;
        history.entries[2].relation = Relation::Lot;
        history.entries[2].fault = Some(Fault::Text);
        let indexes = |entries: Vec<&HistoryEntry>| {
            entries.into_iter().map(|entry| entry.index).collect::<Vec<_>>()
        };
        assert_eq!(indexes(history.of_lot().collect()), [1]);
        assert_eq!(indexes(history.disputed().collect()), [2]);
        assert_eq!(indexes(history.counted().collect()), [0]);
    }
}
