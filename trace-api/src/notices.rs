//! Notices above the timeline: what does not fit, what got too warm, when the item expires.

use epcis::BizStep;
use history::record_view::RecordView;
use history::{History, HistoryEntry};

use crate::language::Language;
use crate::words::{self, page as text};

/// The notices of a history.
#[must_use]
pub fn notices(history: &History, language: Language) -> Vec<String> {
    let disputed = history
        .disputed()
        .map(|entry| format!("{} {} #{}", language.of(text::DISPUTED), entry.origin, entry.index));
    let excursions = history
        .of_lot()
        .filter(|entry| entry.step == Some(BizStep::SensorReporting))
        .map(|entry| format!("{} {}", language.of(text::EXCURSION), extreme(entry)));
    let expiry = history.expiry_date().map(|date| words::expires_on(date, language));
    disputed.chain(excursions).chain(expiry).collect()
}

/// The extreme value of a sensor event and its span.
fn extreme(entry: &HistoryEntry) -> String {
    let found = entry.view().and_then(RecordView::sensor_span);
    let value = found.and_then(|found| found.value).unwrap_or("?");
    let span = found.and_then(|found| found.span).map_or_else(String::new, |(from, to)| {
        format!("{} – {}", from.strftime("%Y-%m-%d %H:%M:%S"), to.strftime("%H:%M:%S UTC"))
    });
    format!("{value} °C, {span}")
}

#[cfg(test)]
mod tests {
    use history::testing::{ITEM, entries, excursion_event, object_event};
    use history::{Fault, Relation};

    use super::*;

    #[test]
    fn disputes_come_first_then_excursions_then_the_expiry_date() {
        let events = [
            object_event("2026-11-20T08:00:00Z", "commissioning").lot("L1", "2027-03-31"),
            excursion_event("2026-11-21T02:00:00Z", "2026-11-21T02:10:00Z", "9.2"),
            object_event("2026-11-21T03:00:00Z", "inspecting"),
            object_event("2026-11-21T04:00:00Z", "storing"),
        ];
        let mut history = History { item: ITEM.parse().unwrap(), entries: entries(&events) };
        history.entries[1].relation = Relation::Lot;
        history.entries[2].relation = Relation::Lot;
        history.entries[3].fault = Some(Fault::Tree);
        assert_eq!(
            notices(&history, Language::English),
            [
                "A stored record no longer fits its signed ledger and does not count: log.example/1 #3",
                "The sensor recorded a temperature above the limit: 9.2 °C, 2026-11-21 02:00:00 – 02:10:00 UTC",
                "Expires on 2027-03-31",
            ]
        );
        assert_eq!(notices(&history, Language::Chinese)[2], "有效期至 2027-03-31");
    }

    #[test]
    fn a_sensor_event_without_values_is_shown_without_them() {
        let events = [object_event("2026-11-21T03:00:00Z", "sensor_reporting")];
        let mut history = History { item: ITEM.parse().unwrap(), entries: entries(&events) };
        history.entries[0].relation = Relation::Lot;
        assert_eq!(
            notices(&history, Language::English),
            ["The sensor recorded a temperature above the limit: ? °C, "]
        );
    }
}
