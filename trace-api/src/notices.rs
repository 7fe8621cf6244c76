//! Notices above the timeline: what others say though it does not decide, records that contradict each other, what
//! does not fit, which storage condition was broken, what the scan hints at, when the item expires.
//!
//! What holds: the public reads of no ledger, of no party but as the configuration says, and of no time beyond the day.
//!
//! Not here: the sentences ([`crate::words`]).

use history::record_view::{Excursion, RecordView};
use history::scans::Evidence;
use history::{History, HistoryEntry, ItemState};
use sql::owners::Registered;

use crate::consumer::day;
use crate::language::Language;
use crate::naming::Naming;
use crate::words::{self, page as text};

/// All notices of a history: what asks for care, then when the item expires.
#[must_use]
pub fn notices(
    history: &History,
    state: &ItemState,
    naming: Naming,
    language: Language,
) -> Vec<String> {
    let mut notices = warnings(history, state, naming, language);
    notices.extend(expiry(history, language));
    notices
}

/// When the item expires, which is no warning.
#[must_use]
pub fn expiry(history: &History, language: Language) -> Option<String> {
    history.expiry_date().map(|date| words::expires_on(date, language))
}

/// That the code states another lot than the records do.
///
/// - `stated`: the lot in the code, if it has one.
#[must_use]
pub fn other_lot(history: &History, stated: Option<&str>, language: Language) -> Option<String> {
    let (stated, recorded) = (stated?, history.lot_number()?);
    (stated != recorded).then(|| words::other_lot(stated, recorded, language))
}

/// That somebody registered as the owner, and that the hidden code was used.
pub fn registered(found: &Registered, language: Language) -> impl Iterator<Item = String> {
    let used = found.code_used.map(|at| words::code::used(at, language));
    let owned = found.owned.map(|at| words::own::owned(at, language));
    owned.into_iter().chain(used)
}

/// What a scan hints at.
#[must_use]
pub fn hints(found: &[Evidence], language: Language) -> Vec<String> {
    found.iter().filter_map(|hint| words::hint(hint, language)).collect()
}

/// What asks for care; what reads the same is said once.
#[must_use]
pub fn warnings(
    history: &History,
    state: &ItemState,
    naming: Naming,
    language: Language,
) -> Vec<String> {
    let said = state.notices.iter().map(|notice| words::notice(notice, naming, language));
    let clashes = state.clashes.iter().map(|clash| words::clash(clash, naming, language));
    let resold = state.resold.iter().map(|clash| words::resold(clash, naming, language));
    let excursions = history.broken_conditions().map(|entry| excursion(entry, naming, language));
    let mut notices: Vec<String> = Vec::new();
    let all = said.chain(clashes).chain(resold).chain(disputed(history, naming, language));
    for notice in all.chain(excursions) {
        if !notices.contains(&notice) {
            notices.push(notice);
        }
    }
    notices
}

/// Records that do not fit their ledger: for the public their number, for the operator each.
fn disputed(history: &History, naming: Naming, language: Language) -> Vec<String> {
    if naming == Naming::Whole {
        let each = history.disputed().map(|entry| {
            format!("{} {} #{}", language.of(text::DISPUTED), entry.origin, entry.index)
        });
        return each.collect();
    }
    let count = history.disputed().count();
    (count > 0).then(|| words::disputed(count, language)).into_iter().collect()
}

/// When a sensor event was, from its beginning to its end; for the public its day.
fn when(entry: &HistoryEntry, found: Option<&Excursion<'_>>, naming: Naming) -> String {
    let span = found.and_then(|found| found.span);
    if naming != Naming::Whole {
        return day(span.map_or(entry.at, |(from, _)| from));
    }
    let Some((from, to)) = span else {
        return entry.at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    };
    let (begin, end) = (from.strftime("%Y-%m-%d %H:%M:%S"), to.strftime("%H:%M:%S UTC"));
    if day(from) == day(to) {
        return format!("{begin} – {end}");
    }
    format!("{begin} – {} {end}", day(to))
}

/// What a broken condition was, when.
fn excursion(entry: &HistoryEntry, naming: Naming, language: Language) -> String {
    let found = entry.view().and_then(RecordView::excursion);
    words::excursion(found.as_ref(), &when(entry, found.as_ref(), naming), language)
}

/// Measure, value and day of the first broken condition, for the hint of the verdict.
#[must_use]
pub fn first_excursion(history: &History, naming: Naming, language: Language) -> Option<String> {
    let entry = history.broken_conditions().next()?;
    let found = entry.view().and_then(RecordView::excursion);
    Some(words::excursion_hint(found.as_ref(), &when(entry, found.as_ref(), naming), language))
}

#[cfg(test)]
mod tests {
    use history::testing::{EventDraft, ITEM, entries, excursion_event, object_event, rights};
    use history::{Fault, Relation};
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::*;

    fn made() -> EventDraft {
        object_event("2026-11-20T08:00:00Z", "commissioning").lot("L1", "2027-03-31")
    }

    fn shown(records: Vec<HistoryEntry>, naming: Naming, language: Language) -> Vec<String> {
        let history = History::weigh(ITEM.parse().unwrap(), records, &rights());
        let state = history.state(Timestamp::UNIX_EPOCH, &TimeZone::UTC);
        notices(&history, &state, naming, language)
    }

    #[test]
    fn disputes_come_first_then_excursions_then_the_expiry_date() {
        let mut records = entries(&[
            made(),
            excursion_event("2026-11-21T02:00:00Z", "2026-11-21T02:10:00Z", "9.2"),
            object_event("2026-11-21T04:00:00Z", "storing"),
        ]);
        records[1].relation = Relation::Lot;
        records[2].fault = Some(Fault::Tree);
        assert_eq!(
            shown(records.clone(), Naming::Whole, Language::English),
            [
                "A stored record no longer fits its signed ledger and does not count: log.example/1 #2",
                "The sensor recorded a temperature above the limit: 9.2 °C, 2026-11-21 02:00:00 – 02:10:00 UTC",
                "Expires on 2027-03-31",
            ]
        );
        assert_eq!(
            shown(records.clone(), Naming::Unnamed, Language::English),
            [
                "A stored record no longer fits its signed ledger and does not count",
                "The sensor recorded a temperature above the limit: 9.2 °C, 2026-11-21",
                "Expires on 2027-03-31",
            ]
        );
        assert_eq!(shown(records, Naming::Unnamed, Language::Chinese)[2], "有效期至 2027-03-31");
    }

    #[test]
    fn a_recall_by_somebody_who_may_not_recall_is_on_top_and_named_as_far_as_its_reader_may_know() {
        let mut records = entries(&[
            made(),
            object_event("2026-11-21T03:00:00Z", "holding").disposition("recalled"),
            made().with("eventID", "urn:uuid:1".into()),
        ]);
        records[1].origin = "shop.example/till".into();
        records[1].party = "Shop".into();
        let english = |naming| shown(records.clone(), naming, Language::English)[..2].to_vec();
        assert_eq!(
            english(Naming::Whole),
            [
                "Shop · shop.example/till #1 says: recalled. It is not entitled to say so, and this does not decide.",
                "It was issued twice, with different content: Factory · log.example/1 #0 and Factory · log.example/1 #2",
            ]
        );
        assert_eq!(
            english(Naming::Parties),
            [
                "Shop says: recalled. It is not entitled to say so, and this does not decide.",
                "It was issued twice, with different content: Factory",
            ]
        );
        assert_eq!(
            english(Naming::Unnamed),
            [
                "A company that is not entitled says: recalled. This does not decide.",
                "It was issued twice, with different content",
            ]
        );
        assert_eq!(
            shown(records.clone(), Naming::Unnamed, Language::Chinese)[0],
            "一家无权作此声明的企业称：已召回。不影响结论。"
        );
    }
}
