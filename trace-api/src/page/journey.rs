//! The timeline and the way of an item: newest first, gaps drawn where they are, equal steps once, older calm steps folded.
//!
//! The way through: [`Journey::of`] makes a row of each record in order of time, puts each gap between the rows that it
//! divides, merges neighbours that read the same, and turns the order round. [`stops`] lists the places, which [`crate::page::map`] draws.
//!
//! What holds:
//!
//! - nothing that asks for care is hidden: where a folded row is a gap, a correction, a claim or a recall, the fold is open;
//! - a day is that of the place where it happened, by the event's own offset; no time of day;
//! - a seal stands beside a name only.
//!
//! Not here: whether a record counts (`history::fold`), the sentences ([`crate::words::journey`]).

use history::named::Position;
use history::record_view::RecordView;
use history::{Gap, HistoryEntry, Mark, Relation, Weight};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::config::Config;
use crate::consumer;
use crate::language::{Language, Pair};
use crate::page::map::JourneyMap;
use crate::page::parties::Parties;
use crate::signs::Icon;
use crate::words::{self, journey as text, page};

/// Rows that are shown before the fold.
const SHOWN: usize = 3;
/// Most stops of the way that fit beside one another.
const STOPS_IN_A_LINE: usize = 4;

/// The day of a record, where it happened.
#[must_use]
pub fn local_day(entry: &HistoryEntry) -> Date {
    let offset = entry.record.as_ref().and_then(|record| record.view().utc_offset());
    let zone = offset.map_or(TimeZone::UTC, TimeZone::fixed);
    entry.at.to_zoned(zone).date()
}

/// A step of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What happened.
    pub what: String,
    /// Where.
    pub place: String,
    /// `2026-11-21`.
    pub date: String,
    /// The day as people write it.
    pub day: String,
    /// Who says so.
    pub who: String,
    /// How it is known.
    pub how: &'static str,
    /// That it is about the whole lot; empty if it is not.
    pub of_lot: &'static str,
    /// Its drawing, SVG.
    pub icon: String,
    /// What is to be known about its weight and its time.
    pub marks: Vec<&'static str>,
    /// CSS class.
    pub class: &'static str,
    /// It was declared wrong, or does not fit its ledger.
    pub is_struck: bool,
    /// The seal of who says so.
    pub seal: Option<usize>,
    /// Records that read the same, this one included.
    pub count: usize,
    /// That they are several; empty if they are not.
    pub merged: String,
}

/// A row of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// A gap; empty for a step.
    pub gap: String,
    /// The step; none for a gap.
    pub step: Option<Step>,
}

/// Rows that are shown or folded together.
#[derive(Debug, Clone)]
pub struct Group {
    /// The rows, newest first.
    pub rows: Vec<Row>,
    /// What is folded: `5 earlier steps`; empty where nothing is.
    pub summary: String,
    /// The fold is open.
    pub is_open: bool,
}

/// A place on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Stop {
    /// City, or the place's name where none is configured.
    pub name: String,
    /// A gap lies before it.
    pub is_cut: bool,
    /// Where it is, no finer than its city; none if nobody says.
    pub position: Option<Position>,
}

/// What is shown of an item's journey.
#[derive(Debug, Clone, Default)]
pub struct Journey {
    /// The timeline.
    pub groups: Vec<Group>,
    /// The places in order of time; none if there are fewer than two.
    pub stops: Vec<Stop>,
    /// Whether the places need a line each.
    pub is_long: bool,
    /// The places on a map; none if no position is known.
    pub map: Option<JourneyMap>,
}

impl Journey {
    /// The journey in these records.
    #[must_use]
    pub fn of(
        entries: &[HistoryEntry],
        gaps: &[(&Gap, String)],
        parties: &Parties,
        config: &Config,
        language: Language,
    ) -> Self {
        let mut rows: Vec<(usize, Row)> = entries
            .iter()
            .map(|entry| Row {
                gap: String::new(),
                step: Some(step(entry, parties, config, language)),
            })
            .enumerate()
            .collect();
        // From the end, so that the places before stay where they are.
        let mut placed: Vec<(usize, &String)> =
            gaps.iter().map(|(gap, text)| (place_of(gap, entries), text)).collect();
        placed.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
        let cuts: Vec<usize> = placed.iter().map(|(place, _)| *place).collect();
        for (place, text) in placed {
            rows.insert(place, (place, Row { gap: text.clone(), step: None }));
        }
        let mut rows = merged(rows.into_iter().map(|(_, row)| row), language);
        rows.reverse();
        let stops = stops(entries, &cuts, config, language);
        let on_map: Vec<_> = stops.iter().map(|stop| (&*stop.name, stop.position)).collect();
        let map = JourneyMap::of(&on_map, language);
        Self { groups: folded(rows, language), is_long: stops.len() > STOPS_IN_A_LINE, stops, map }
    }
}

/// Before which record a gap lies; after the last if it is of none.
fn place_of(gap: &Gap, entries: &[HistoryEntry]) -> usize {
    let at = |place: &str| entries.iter().position(|entry| entry.place == place);
    let after = |origin: &str, index: u64| {
        let is_it = |entry: &HistoryEntry| &*entry.origin == origin && entry.index == index;
        entries.iter().position(is_it).map(|place| place + 1)
    };
    let found = match gap {
        Gap::Receiving { at: place } => at(place),
        Gap::Shipping { from } => {
            entries.iter().rposition(|entry| entry.place == *from).map(|place| place + 1)
        }
        Gap::Disputed { origin, index } | Gap::Erased { origin, index, .. } => {
            after(origin, *index)
        }
        Gap::NoDirectory { origin: record }
        | Gap::Claimed { record, .. }
        | Gap::Unbacked { record }
        | Gap::OnHold { record, .. }
        | Gap::BackDated { record } => after(&record.origin, record.index),
        Gap::Cut { .. } => Some(0),
    };
    found.unwrap_or(entries.len())
}

/// Neighbours that read the same as one row.
fn merged(rows: impl Iterator<Item = Row>, language: Language) -> Vec<Row> {
    let mut all: Vec<Row> = Vec::new();
    for row in rows {
        if let (Some(new), Some(Row { step: Some(last), .. })) = (&row.step, all.last_mut()) {
            let as_one = Step { count: new.count, merged: String::new(), ..last.clone() };
            if as_one == *new {
                last.count += 1;
                last.merged = text::merged(last.count, language);
                continue;
            }
        }
        all.push(row);
    }
    all
}

/// The newest rows, and the others behind a fold.
fn folded(mut rows: Vec<Row>, language: Language) -> Vec<Group> {
    if rows.is_empty() {
        return Vec::new();
    }
    // A fold of one row hides more than it saves.
    let older = if rows.len() > SHOWN + 1 { rows.split_off(SHOWN) } else { Vec::new() };
    let mut groups = vec![Group { rows, summary: String::new(), is_open: true }];
    if !older.is_empty() {
        let steps = older.iter().filter(|row| row.step.is_some()).count();
        let is_calm = |row: &Row| row.step.as_ref().is_some_and(|step| step.class == "ok");
        let is_open = !older.iter().all(is_calm);
        groups.push(Group { rows: older, summary: text::earlier(steps, language), is_open });
    }
    groups
}

fn step(entry: &HistoryEntry, parties: &Parties, config: &Config, language: Language) -> Step {
    let date = local_day(entry);
    let (how, icon) = how(entry);
    let marks: Vec<&'static str> = marks(entry).into_iter().map(|mark| language.of(mark)).collect();
    let is_struck = entry.fault.is_some() || entry.mark == Some(Mark::Corrected);
    let says = entry.disposition.as_ref().and_then(says).is_some();
    let class = match () {
        () if entry.fault.is_some() => "broken",
        () if says => "says",
        () if entry.weight != Weight::Counts || !marks.is_empty() => "warn",
        () => "ok",
    };
    Step {
        what: words::step(entry.step.as_ref(), language),
        place: consumer::place_name(&entry.place, config, language),
        date: date.to_string(),
        day: text::day(date, language),
        who: consumer::party(&entry.party, config, language),
        how: language.of(how),
        of_lot: if entry.relation == Relation::Lot { language.of(text::OF_LOT) } else { "" },
        icon: icon.svg(20),
        marks,
        class,
        is_struck,
        seal: entry.speaker.as_ref().and_then(|speaker| parties.seal_of(speaker)),
        count: 1,
        merged: String::new(),
    }
}

/// How a record is known.
fn how(entry: &HistoryEntry) -> (Pair, Icon) {
    if entry.erased().is_some() {
        return (text::HOW_ERASED, Icon::Cross);
    }
    if entry.fault.is_some() {
        return (text::HOW_DISPUTED, Icon::Cross);
    }
    if entry.mark == Some(Mark::Corrected) {
        return (if entry.sensed { text::HOW_SENSED } else { text::HOW_STATED }, Icon::Corrected);
    }
    match (&entry.relation, entry.weight, entry.sensed) {
        (_, Weight::Claim, false) => (text::HOW_STATED, Icon::Claimed),
        (Relation::Container(_), _, _) => (text::HOW_INFERRED, Icon::Inferred),
        (_, _, true) => (text::HOW_SENSED, Icon::Sensed),
        (_, _, false) => (text::HOW_STATED, Icon::Stated),
    }
}

/// What a record says that decides more than a step does.
fn says(disposition: &epcis::Disposition) -> Option<Pair> {
    match disposition {
        epcis::Disposition::Recalled => Some(page::SAYS_RECALLED),
        epcis::Disposition::Stolen => Some(page::SAYS_STOLEN),
        _ => None,
    }
}

/// What the timeline says about a recall or a theft in a record, and about its weight and time.
fn marks(entry: &HistoryEntry) -> Vec<Pair> {
    let weight = match entry.weight {
        Weight::Listed if entry.fault.is_none() && entry.relation != Relation::Lot => {
            Some(page::MARK_LISTED)
        }
        Weight::Claim => Some(page::MARK_CLAIM),
        Weight::Listed | Weight::Counts => None,
    };
    let mark = entry.mark.map(|mark| match mark {
        Mark::Future => page::MARK_FUTURE,
        Mark::BackDated => page::MARK_BACK_DATED,
        Mark::Corrected => page::MARK_CORRECTED,
    });
    let exceeds = entry.view().is_some_and(RecordView::breaks_condition);
    let exceeded = exceeds.then_some(text::MARK_EXCEEDED);
    let weight = weight.filter(|_| entry.mark != Some(Mark::Corrected));
    let says = entry.disposition.as_ref().and_then(says);
    says.into_iter().chain(exceeded).chain(weight).chain(mark).collect()
}

/// The places in order of time, each once in a row.
fn stops(
    entries: &[HistoryEntry],
    cuts: &[usize],
    config: &Config,
    language: Language,
) -> Vec<Stop> {
    let mut stops: Vec<Stop> = Vec::new();
    let mut is_cut = false;
    for (place, entry) in entries.iter().enumerate() {
        is_cut |= cuts.contains(&place);
        if entry.relation == Relation::Lot || entry.fault.is_some() {
            continue;
        }
        let Some(names) = consumer::city(&entry.place, config) else { continue };
        let name = language.of(names).to_owned();
        let position = config.names.position(&entry.place).map(|(position, _)| position.coarse());
        match stops.last_mut() {
            Some(last) if last.name == name => last.position = last.position.or(position),
            last => {
                let is_cut = std::mem::take(&mut is_cut) && last.is_some();
                stops.push(Stop { name, is_cut, position });
            }
        }
    }
    if stops.len() < 2 { Vec::new() } else { stops }
}
