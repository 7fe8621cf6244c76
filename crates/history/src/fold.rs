//! The fold from an item's records to its state.
//!
//! The way through:
//!
//! ```text
//! records -> deeds ([`crate::statement`]) -> in order ([`order`]) -> weighed and applied ([`journey`]), error
//! declarations applied ([`corrections`]) -> ItemState
//! ```
//!
//! What holds: pure, the time is a parameter; only statements that count change the state; a record with a fault states
//! nothing, and makes a gap if its party has to do with the item, or a contradiction if its whole ledger has two pasts; a record that was
//! erased makes a gap whoever spoke in it, so that nothing is better for an erasure than a gap; without a directory everything is a claim.
//!
//! Not here: scans and tags, which are not in records ([`crate::verdict`]), who may say what ([`crate::authority`]).

use std::borrow::Cow;
use std::collections::BTreeSet;

use directory::{PartyId, Rights, Subject};
use epc::{Epc, EpcClass};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::authority::{Roles, Row};
use crate::entry::{Fault, HistoryEntry};
use crate::gaps::{Gap, find_gaps};
use crate::record_view::RecordView;
use crate::state::{Clash, ClashKind, ItemState, MAX_NOTICES, NotIssued, Notice, Withdrawal};
use crate::statement::{Deed, Level, Reader};
use crate::weight::{Mark, Weight};

mod boxes;
mod corrections;
mod journey;
mod order;
mod sales;
mod succession;

use boxes::Boxes;
pub use boxes::Stay;
use journey::Journey;
use order::Statement;

/// Time after a second sale was known ([`crate::weight::Seal::known`]) within which it decides nothing: a return, or word that the sale was a mistake, may be on its way.
pub const RETURN_GRACE: SignedDuration = SignedDuration::from_hours(24);

/// The records of one item, weighed.
#[derive(Debug, Clone)]
pub struct History {
    /// The item. If no record spells out where its company prefix ends, the division in its URN is not known: whoever
    /// names it uses [`History::name`].
    pub item: Epc,
    /// Whether only links name the item.
    is_link: bool,
    /// In order of time; those of its lot and class among them.
    pub entries: Vec<HistoryEntry>,
    /// What the records add up to, but for its expiry.
    state: ItemState,
    /// Stays in containers.
    stays: Vec<Stay>,
    /// Whoever holds the item, or did, or was to.
    related: BTreeSet<PartyId>,
}

impl History {
    /// Weighs `entries`, which are in order of time, by `rights`.
    #[must_use]
    pub fn weigh(item: Epc, mut entries: Vec<HistoryEntry>, rights: &Rights) -> Self {
        let late = if rights.has_directory { rights.late } else { SignedDuration::MAX };
        for entry in &mut entries {
            entry.speaker = rights.speaker(&entry.origin, entry.index).cloned();
            // The name in the database is its owner's word.
            let known = entry.speaker.as_ref().and_then(|speaker| rights.parties.get(speaker));
            if let Some(party) = known {
                entry.party = party.name.as_str().into();
            }
            entry.mark = Mark::of(entry.at, entry.seal.at, late);
            entry.weight = Weight::Listed;
        }
        let statements = statements(&item, &entries, rights);
        let mut history = Self {
            item,
            is_link: false,
            entries,
            state: ItemState::default(),
            stays: Vec::new(),
            related: BTreeSet::new(),
        };
        if rights.has_directory {
            history.fold(statements, rights);
        } else {
            history.claim(&statements);
        }
        history
    }

    /// The item's one name, under which it is shown, scanned and proved: its pure identity URN, or its canonical Digital Link
    /// if its records name it by links only, which do not tell where the company prefix ends.
    #[must_use]
    pub fn name(&self) -> String {
        if self.is_link { self.item.to_digital_link() } else { self.item.to_uri() }
    }

    /// Takes the item's name from the records: from those that count, or if none of these names it, from the others.
    pub(crate) fn take_name(&mut self) {
        let own = epc::thing_key(&self.item.to_uri());
        let (counted, others): (Vec<_>, Vec<_>) =
            self.entries.iter().partition(|entry| entry.fits() && entry.weight != Weight::Listed);
        let named = |entries: &[&HistoryEntry]| -> Vec<String> {
            let records = entries.iter().filter_map(|entry| entry.record.as_deref());
            let names = records.flat_map(|record| record.spellings(&own));
            names.map(Cow::into_owned).collect()
        };
        let mut spellings = named(&counted);
        if spellings.is_empty() {
            spellings = named(&others);
        }
        let is_urn =
            |name: &&String| !name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("http"));
        let urn = spellings.iter().filter(is_urn).find_map(|name| epc::identify(name).ok());
        self.is_link = urn.is_none() && !spellings.is_empty();
        self.item = urn.unwrap_or_else(|| self.item.clone());
    }

    /// Records that fit their ledger, are of the item or its containers, and are said by somebody whom it concerns.
    pub fn counted(&self) -> impl Iterator<Item = &HistoryEntry> {
        self.entries.iter().filter(|entry| entry.fits() && entry.weight != Weight::Listed)
    }

    /// Records that do not fit their ledger.
    pub fn disputed(&self) -> impl Iterator<Item = &HistoryEntry> {
        self.entries.iter().filter(|entry| entry.fault.is_some())
    }

    /// Records that say that a storage condition was broken, and count.
    pub fn broken_conditions(&self) -> impl Iterator<Item = &HistoryEntry> {
        let broken = |entry: &&HistoryEntry| self.state.conditions.contains(&entry.reference());
        self.entries.iter().filter(broken)
    }

    /// Expiry date, as it was written: the earliest that counts.
    #[must_use]
    pub fn expiry_date(&self) -> Option<&str> {
        self.state.expiry.as_deref()
    }

    /// Lot number, by the commissioning that counts.
    #[must_use]
    pub fn lot_number(&self) -> Option<&str> {
        self.state.lot.as_deref()
    }

    /// Stays of the item in containers.
    #[must_use]
    pub fn stays(&self) -> &[Stay] {
        &self.stays
    }

    /// The stay in a shipping container that nobody has recorded the end of: the innermost container that is a logistic
    /// unit or a returnable one. A gift box is none, because who buys it opens it. Without a directory packing is only
    /// claimed, and there is none.
    #[must_use]
    pub fn packed_in(&self) -> Option<&Stay> {
        const CONTAINERS: [&str; 2] = ["https://id.gs1.org/00/", "https://id.gs1.org/8003/"];
        let is_open = |stay: &&Stay| {
            let is_container = CONTAINERS.iter().any(|key| stay.container.starts_with(key));
            stay.span.1 == Timestamp::MAX && is_container
        };
        self.stays.iter().find(is_open).filter(|_| self.is_issued_by_right())
    }

    /// Whoever holds the item, or did, or was to.
    #[must_use]
    pub fn related(&self) -> &BTreeSet<PartyId> {
        &self.related
    }

    /// Notes that `left_out` records or containers were not looked at.
    pub fn note_cut(&mut self, left_out: usize) {
        self.state.gaps.push(Gap::Cut { left_out });
    }

    /// What the records add up to at the time `now`.
    ///
    /// - `zone`: the reader's; an item expires at the end of its date there.
    #[must_use]
    pub fn state(&self, now: Timestamp, zone: &TimeZone) -> ItemState {
        let mut state = self.state.clone();
        let is_expired = || self.expiry_date().is_some_and(|date| is_past(date, now, zone));
        if state.withdrawn.is_none() && self.is_issued_by_right() && is_expired() {
            state.withdrawn = Some(Withdrawal::Expired);
        }
        let clashes = std::mem::take(&mut state.clashes).into_iter();
        (state.resold, state.clashes) = clashes.partition(|clash| self.is_resold(clash, now));
        state
    }

    /// Whether a clash is a second sale that has been known for less than [`RETURN_GRACE`] and that stands.
    fn is_resold(&self, clash: &Clash, now: Timestamp) -> bool {
        let again = |entry: &&HistoryEntry| {
            (&entry.origin, entry.index) == (&clash.other.origin, clash.other.index)
        };
        let is_recent = |entry: &HistoryEntry| {
            // A time far ahead, which only a ledger without a hub could state, gives no grace.
            let age = now.duration_since(entry.seal.known()).abs();
            age < RETURN_GRACE && self.state.sales.contains(&entry.at)
        };
        clash.kind == ClashKind::SoldTwice && self.entries.iter().find(again).is_some_and(is_recent)
    }

    /// An expiry date that is only claimed withdraws nothing.
    fn is_issued_by_right(&self) -> bool {
        !self.state.gaps.iter().any(|gap| matches!(gap, Gap::NoDirectory { .. }))
    }

    fn fold(&mut self, mut statements: Vec<Statement>, rights: &Rights) {
        let subject = subject_of(&self.item);
        order::sort(&mut statements, &self.entries, rights.late);
        let corrected = corrections::run(rights, &subject, &self.entries, &statements);
        let journey = corrected.journey;
        for (place, weight) in &journey.weights {
            self.entries[*place].weight = *weight;
        }
        for place in corrected.cancelled {
            self.entries[place].mark = Some(Mark::Corrected);
        }
        self.related.clone_from(&journey.related);
        self.stays.clone_from(&journey.boxes.stays);
        let not_covered = rights.licences_of(&subject.digits).is_none();
        let clashes = journey.clashes.clone();
        let sales = journey.sales.standing();
        self.state = ItemState {
            not_covered,
            malformed: false,
            withdrawn: self.withdrawn(&journey),
            not_issued: self.not_issued(&journey, rights, &subject),
            sales: sales.iter().map(|place| self.entries[*place].at).collect(),
            sale: sales.first().map(|place| self.entries[*place].reference()),
            resold: Vec::new(),
            gaps: self.gaps(&journey, rights, &subject),
            conditions: journey.conditions.iter().map(|at| self.entries[*at].reference()).collect(),
            clashes: self.ledger_clashes(&journey, rights, &subject).chain(clashes).collect(),
            chips: self.chips(&journey.described),
            notices: journey.notices,
            lot: journey.lot,
            expiry: journey.expiry,
            markets: journey.markets,
        };
    }

    /// The chips that these records bind to the item.
    fn chips(&self, described: &[usize]) -> Vec<String> {
        let item = epc::thing_key(&self.item.to_uri());
        let records = described.iter().filter_map(|place| self.entries[*place].record.as_deref());
        records.flat_map(|record| record.chips_of(&item).collect::<Vec<_>>()).collect()
    }

    fn withdrawn(&self, journey: &Journey) -> Option<Withdrawal> {
        let lot = journey.lot.as_ref().and_then(|lot| EpcClass::lot_of(&self.item, lot));
        let lot = lot.map(|lot| epc::thing_key(&lot.to_uri()));
        let concerns = |level: &Level| match level {
            Level::Lot(key) => lot.as_ref() == Some(key),
            Level::Item | Level::Container(_) | Level::Class => true,
        };
        if journey.recalls.keys().any(|(_, level)| concerns(level)) {
            return Some(Withdrawal::Recalled);
        }
        (!journey.thefts.is_empty()).then_some(Withdrawal::Stolen)
    }

    fn not_issued(
        &self,
        journey: &Journey,
        rights: &Rights,
        subject: &Subject,
    ) -> Option<NotIssued> {
        if let Some(ending) = journey.ended {
            return Some(NotIssued::Ended(ending));
        }
        if journey.issued.is_some() {
            return None;
        }
        let may_issue = |entry: &HistoryEntry| {
            roles(entry, rights, subject)
                .is_some_and(|roles| roles.is_licensee() || roles.is_grantee())
        };
        // Whether it was issued cannot be told of a ledger with two pasts, and the clash is the answer; nor of one that may have two or in
        // which a record of the item was erased, and then the gap is.
        let is_open = |entry: &HistoryEntry| may_have_two_pasts(entry) || entry.erased().is_some();
        if self.disputed().any(|entry| may_issue(entry) && is_open(entry)) {
            return None;
        }
        let reader = Reader::new(rights, &self.item);
        let commissions = |entry: &&HistoryEntry| {
            entry.fault.is_none() && reader.deeds(entry).contains(&Deed::Commission)
        };
        Some(if self.entries.is_empty() {
            NotIssued::Unknown
        } else if self.disputed().any(may_issue) {
            NotIssued::Disputed
        } else if self.entries.iter().any(|entry| commissions(&entry)) {
            NotIssued::NotEntitled
        } else {
            NotIssued::NeverApplied
        })
    }

    /// Records that do not fit their ledger, of parties that have to do with the item.
    fn disputed_of_related<'a>(
        &'a self,
        journey: &'a Journey,
        rights: &'a Rights,
        subject: &'a Subject,
    ) -> impl Iterator<Item = &'a HistoryEntry> {
        self.disputed().filter(move |entry| {
            let is_holder = entry.speaker.as_ref().is_some_and(|one| journey.related.contains(one));
            is_holder || roles(entry, rights, subject).is_some_and(Roles::is_related)
        })
    }

    /// Ledgers that contradict what was signed of them, each once, with the first record that is concerned.
    fn ledger_clashes<'a>(
        &'a self,
        journey: &'a Journey,
        rights: &'a Rights,
        subject: &'a Subject,
    ) -> impl Iterator<Item = Clash> + 'a {
        let mut seen = BTreeSet::new();
        self.disputed_of_related(journey, rights, subject).filter_map(move |entry| {
            let kind = entry.fault.as_ref().and_then(Fault::clash)?;
            let record = entry.reference();
            seen.insert(entry.origin.clone()).then(|| Clash {
                kind,
                one: record.clone(),
                other: record,
            })
        })
    }

    fn gaps(&self, journey: &Journey, rights: &Rights, subject: &Subject) -> Vec<Gap> {
        let found = self.disputed_of_related(journey, rights, subject);
        // Whoever spoke in a record that was erased: what it said might have decided.
        let erased = self.disputed().filter(|entry| entry.erased().is_some());
        let mut gaps: Vec<Gap> = erased.map(disputed).collect();
        gaps.extend(found.filter(|entry| entry.erased().is_none()).map(disputed));
        gaps.extend(journey.gaps.iter().cloned());
        gaps.extend(journey.holds.iter().map(|(disposition, place)| Gap::OnHold {
            disposition: disposition.clone(),
            record: self.entries[*place].reference(),
        }));
        gaps.extend(find_gaps(journey.counted.iter().map(|place| &self.entries[*place])));
        gaps
    }

    /// Without a directory: everything is a claim, and the item is neither cleared nor condemned by it.
    fn claim(&mut self, statements: &[Statement]) {
        for entry in self.entries.iter_mut().filter(|entry| entry.fault.is_none()) {
            entry.weight = Weight::Claim;
        }
        let issues = |statement: &&Statement| statement.deeds.contains(&Deed::Commission);
        let origin = statements.iter().find(issues).map(|statement| &self.entries[statement.entry]);
        let mut state = ItemState::default();
        state.gaps.extend(origin.map(|entry| Gap::NoDirectory { origin: entry.reference() }));
        state.gaps.extend(self.disputed().map(disputed));
        if let Some(view) = origin.and_then(HistoryEntry::view) {
            state.lot = view.lot_number().map(str::to_owned);
            state.expiry = view.expiry_date().map(str::to_owned);
        } else {
            let has_faults = self.disputed().next().is_some();
            let why = if has_faults { NotIssued::Disputed } else { NotIssued::NeverApplied };
            let is_unknown = self.entries.is_empty();
            let is_erased = self.disputed().any(|entry| entry.erased().is_some());
            // What was erased may have been its origin: the gap says so.
            state.not_issued =
                (!is_erased).then_some(if is_unknown { NotIssued::Unknown } else { why });
        }
        for statement in statements {
            let record = self.entries[statement.entry].reference();
            let says = statement.deeds.iter().map(Deed::row);
            for says in says.filter(|row| matches!(row, Row::Recall | Row::Theft)) {
                if state.notices.len() < MAX_NOTICES {
                    let record = record.clone();
                    state.notices.push(Notice { says, record, lacks_approvals: false });
                }
            }
        }
        let entries = self.entries.iter().filter(|entry| entry.fault.is_none());
        let broken = entries.filter(|entry| entry.view().is_some_and(RecordView::breaks_condition));
        state.conditions = broken.map(HistoryEntry::reference).collect();
        self.stays = claimed_stays(statements, &self.entries);
        self.state = state;
    }
}

/// What the records without a fault state.
fn statements(item: &Epc, entries: &[HistoryEntry], rights: &Rights) -> Vec<Statement> {
    let reader = Reader::new(rights, item);
    let readable = entries.iter().enumerate().filter(|(_, entry)| entry.fault.is_none());
    readable
        .map(|(place, entry)| Statement { entry: place, deeds: reader.deeds(entry) })
        .filter(|statement| !statement.deeds.is_empty())
        .collect()
}

/// Whether its whole ledger contradicts what was signed of it, or whether it does cannot be told.
fn may_have_two_pasts(entry: &HistoryEntry) -> bool {
    let is_unexamined = matches!(entry.fault, Some(Fault::Unexamined { .. }));
    is_unexamined || entry.fault.as_ref().and_then(Fault::clash).is_some()
}

fn disputed(entry: &HistoryEntry) -> Gap {
    let (origin, index) = (entry.origin.clone(), entry.index);
    match entry.erased() {
        Some(tombstone) => Gap::Erased { origin, index, tombstone: tombstone.clone() },
        None => Gap::Disputed { origin, index },
    }
}

/// What the party of `entry` is to the item by the directory; a record that cannot be read gives no time but its seal.
fn roles(entry: &HistoryEntry, rights: &Rights, subject: &Subject) -> Option<Roles> {
    let is_unread = entry.fault.as_ref().is_some_and(Fault::is_of_text);
    let event = if is_unread { entry.seal.at } else { entry.at };
    let at = directory::Moment { event, seal: entry.seal.at };
    Some(Roles::of(rights, entry.speaker.as_ref()?, Row::Issue, subject, at))
}

/// What the directory's rights are about: the item.
#[must_use]
pub fn subject_of(item: &Epc) -> Subject {
    Subject {
        digits: epc::licence_digits(&item.to_uri()).unwrap_or_default(),
        gtin: item.gtin14(),
        lot: None,
        serial: item.serial().map(str::to_owned),
        site: None,
    }
}

/// Whether the end of `date` (`YYYY-MM-DD`) in `zone` is past.
fn is_past(date: &str, now: Timestamp, zone: &TimeZone) -> bool {
    let end = date
        .parse::<Date>()
        .ok()
        .and_then(|date| date.tomorrow().ok())
        .and_then(|date| date.to_zoned(zone.clone()).ok());
    end.is_some_and(|end| end.timestamp() < now)
}

/// Stays as the records tell them, whoever speaks.
fn claimed_stays(statements: &[Statement], entries: &[HistoryEntry]) -> Vec<Stay> {
    let mut boxes = Boxes::default();
    for statement in statements {
        let entry = &entries[statement.entry];
        if !boxes.applies(entry) {
            continue;
        }
        for deed in &statement.deeds {
            match deed {
                Deed::Pack(key) => boxes.pack(entry, key),
                Deed::Unpack(key) => boxes.unpack(entry, key),
                _ => {}
            }
        }
    }
    boxes.stays
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod erased;
#[cfg(test)]
mod tests;
