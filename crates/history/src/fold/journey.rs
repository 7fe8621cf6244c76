//! One pass over an item's statements: who holds it, where it is on its way, what it is in, what was said about it.
//!
//! What holds: a statement is weighed by the state that the statements before it left; one that does not count changes
//! nothing; nobody becomes a holder but by a commissioning that counts and by shippings and receivings that name each
//! other.
//!
//! Not here: the order of statements ([`super::order`]), which record an error declaration cancels
//! ([`super::corrections`]).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use directory::{Moment, PartyId, Rights, Subject};
use epcis::Disposition;
use jiff::civil::Date;

use super::boxes::Boxes;
use super::order::Statement;
use super::sales::{Sales, Times};
use super::succession;
use crate::approval::recall_is_approved;
use crate::authority::{Roles, Row, Tie};
use crate::entry::{HistoryEntry, Relation};
use crate::gaps::Gap;
use crate::record_view::RecordView;
use crate::state::{Clash, ClashKind, MAX_NOTICES, Notice};
use crate::statement::{Deed, Ending, Level, Recipient};
use crate::weight::{Mark, Weight};

/// What a pass needs to know and does not change.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The rights.
    pub rights: &'a Rights,
    /// The item.
    pub subject: &'a Subject,
    /// The records.
    pub entries: &'a [HistoryEntry],
    /// Records that were declared wrong.
    pub cancelled: &'a HashSet<usize>,
    /// What the error declarations weigh.
    pub corrections: &'a HashMap<usize, Weight>,
}

impl<'a> Facts<'a> {
    fn times(&self) -> Times<'a> {
        Times { entries: self.entries, late: self.rights.late }
    }
}

/// A shipping that was not received yet.
#[derive(Debug, Clone)]
struct Transit {
    by: PartyId,
    to: Recipient,
    entry: usize,
}

/// Where the statements so far have led.
#[derive(Debug, Default)]
pub struct Journey {
    /// Weight of each entry.
    pub weights: HashMap<usize, Weight>,
    /// The entry that issued it.
    pub issued: Option<usize>,
    /// How it ended.
    pub ended: Option<Ending>,
    /// Recalls that stand, by setter and level.
    pub recalls: BTreeMap<(PartyId, Level), usize>,
    /// Thefts that stand, by setter.
    pub thefts: BTreeMap<PartyId, usize>,
    /// Sales and returns.
    pub sales: Sales,
    /// Records that cannot both be right.
    pub clashes: Vec<Clash>,
    /// Receivings without a shipping, then claims.
    pub gaps: Vec<Gap>,
    /// Holds that stand.
    pub holds: Vec<(Disposition, usize)>,
    /// Broken conditions.
    pub conditions: Vec<usize>,
    /// What is said without effect and should be read.
    pub notices: Vec<Notice>,
    /// Records that say what it is: its commissioning, and what the issuer adds.
    pub described: Vec<usize>,
    /// Lot number.
    pub lot: Option<String>,
    /// Expiry date, as it was written.
    pub expiry: Option<String>,
    /// Where it is to be sold.
    pub markets: Vec<String>,
    /// Containers.
    pub boxes: Boxes,
    /// Whoever held it, or was to hold it, at any time.
    pub related: BTreeSet<PartyId>,
    /// Statements that count, in order.
    pub counted: Vec<usize>,
    possessor: Option<PartyId>,
    owner: Option<PartyId>,
    former: BTreeSet<PartyId>,
    seller: Option<PartyId>,
    transit: Option<Transit>,
    advice: Option<Transit>,
    killed: Option<usize>,
}

impl Journey {
    /// Runs over `statements`, which are in order.
    #[must_use]
    pub fn run(facts: &Facts<'_>, statements: &[Statement]) -> Self {
        let mut journey = Self::default();
        for statement in statements.iter().filter(|one| !facts.cancelled.contains(&one.entry)) {
            journey.take(facts, statement);
        }
        journey
    }

    fn take(&mut self, facts: &Facts<'_>, statement: &Statement) {
        let (place, entry) = (statement.entry, &facts.entries[statement.entry]);
        if !self.boxes.applies(entry) {
            return;
        }
        let Some(speaker) = &entry.speaker else {
            statement.deeds.iter().for_each(|deed| self.notice(entry, deed, false));
            return;
        };
        let mut most = Weight::Listed;
        for deed in &statement.deeds {
            let weight = self.weigh(facts, place, speaker, deed);
            if weight == Weight::Counts {
                self.perform(facts, place, speaker, deed);
            }
            most = most.max(weight);
        }
        if most == Weight::Counts {
            self.after_counted(place, entry);
        }
        self.weights.insert(place, most);
    }

    fn after_counted(&mut self, place: usize, entry: &HistoryEntry) {
        self.counted.push(place);
        if entry.mark == Some(Mark::BackDated) {
            self.gaps.push(Gap::BackDated { record: entry.reference() });
        }
    }

    /// Weighs one deed, and notes what follows from it if it does not count.
    fn weigh(&mut self, facts: &Facts<'_>, place: usize, speaker: &PartyId, deed: &Deed) -> Weight {
        let entry = &facts.entries[place];
        match deed {
            Deed::Receive(_) => return self.weigh_receiving(facts, place, speaker),
            Deed::Return(to) if self.sales.is_empty() => {
                let is_suspended = || self.roles(facts, entry, speaker, deed).has(Tie::Suspended);
                if self.possessor.as_ref() == Some(speaker) && !is_suspended() {
                    self.sales.returned_early(facts.times(), place, speaker);
                }
                if to.is_some() {
                    return self.weigh_receiving(facts, place, speaker);
                }
            }
            Deed::Correct => {
                let weight = facts.corrections.get(&place).copied().unwrap_or_default();
                return self.claimed(entry, Row::Correct, weight);
            }
            _ => {}
        }
        let row = deed.row();
        let roles = self.roles(facts, entry, speaker, deed);
        let mut weight = roles.weight(row, entry.mark);
        let is_whole_class = matches!(deed, Deed::Recall(Level::Class));
        if is_whole_class && roles.is_grantee() {
            weight = weight.min(Weight::Claim);
        }
        let lacks_approvals = matches!(deed, Deed::Recall(_))
            && weight == Weight::Counts
            && !recall_is_approved(entry, facts.rights, speaker);
        if lacks_approvals {
            weight = Weight::Claim;
        }
        if weight != Weight::Counts {
            self.notice(entry, deed, lacks_approvals);
            self.clash_of_shipping(facts, place, roles, deed);
        }
        self.claimed(entry, row, weight)
    }

    /// Notes a claim.
    fn claimed(&mut self, entry: &HistoryEntry, what: Row, weight: Weight) -> Weight {
        if weight == Weight::Claim {
            self.gaps.push(Gap::Claimed { what, record: entry.reference() });
        }
        weight
    }

    /// Somebody ships who had it once, or whose right has ended.
    fn clash_of_shipping(&mut self, facts: &Facts<'_>, place: usize, roles: Roles, deed: &Deed) {
        let is_real = matches!(deed, Deed::Ship(to) if !to.is_advice);
        if is_real && roles.is_former() && !roles.has(Tie::Suspended) {
            let last = self.counted.last().copied().unwrap_or(place);
            self.clash(facts, ClashKind::ShippedByFormerHolder, last, place);
        }
    }

    fn roles(
        &self,
        facts: &Facts<'_>,
        entry: &HistoryEntry,
        speaker: &PartyId,
        deed: &Deed,
    ) -> Roles {
        let at = Moment { event: entry.at, seal: entry.seal.at };
        let own_lot = || entry.view().and_then(RecordView::lot_number).map(str::to_owned);
        let subject = Subject {
            lot: self.lot.clone().or_else(own_lot),
            site: crate::statement::gln_of(&entry.place),
            ..facts.subject.clone()
        };
        let roles = Roles::of(facts.rights, speaker, deed.row(), &subject, at);
        let holds = |party: &PartyId| {
            [&self.possessor, &self.owner].into_iter().any(|one| one.as_ref() == Some(party))
        };
        let is_awaited = || {
            [&self.transit, &self.advice]
                .into_iter()
                .flatten()
                .any(|transit| transit.to.possessor.as_ref() == Some(speaker))
        };
        // Whom the licensee lent its handling acts as the licensee while that holds the item.
        let acts_for_holder = || {
            roles.is_grantee()
                && facts.rights.licensee(&subject.digits, entry.at).is_some_and(|l| holds(&l.party))
        };
        let is_holder = holds(speaker)
            || (deed.row() == Row::Handle && acts_for_holder())
            || (*deed == Deed::See && is_awaited());
        let is_sale = matches!(deed, Deed::Sell | Deed::Return(_));
        let is_own = match deed {
            Deed::LiftRecall(level) => self.lifts(facts, speaker, at, level).next().is_some(),
            Deed::Find => self.thefts.contains_key(speaker),
            _ => false,
        };
        let is_seller = !self.sales.is_empty() && self.seller.as_ref() == Some(speaker);
        roles
            .tied(Tie::Holder, is_holder)
            .tied(Tie::FormerHolder, !is_holder && self.former.contains(speaker))
            .tied(Tie::Seller, is_sale && is_seller)
            .tied(Tie::Own, is_own)
    }

    /// The recalls that a lifting by `speaker` at `level` ends: its own, and those of a licensee that it follows.
    fn lifts<'a>(
        &'a self,
        facts: &'a Facts<'_>,
        speaker: &'a PartyId,
        at: Moment,
        level: &'a Level,
    ) -> impl Iterator<Item = (PartyId, Level)> + 'a {
        let ends = move |found: &Level| *level == Level::Item || found == level;
        let found = self.recalls.iter().filter(move |((setter, found), recall)| {
            let is_own = setter == speaker;
            let entry = &facts.entries[**recall];
            let recalled = Moment { event: entry.at, seal: entry.seal.at };
            let follows = || {
                let (rights, subject) = (facts.rights, facts.subject);
                succession::follows(rights, subject, (setter, recalled), (speaker, at))
            };
            ends(found) && (is_own || follows())
        });
        found.map(|(key, _)| key.clone())
    }

    /// A receiving counts if a shipping that counts names the receiver.
    fn weigh_receiving(&mut self, facts: &Facts<'_>, place: usize, speaker: &PartyId) -> Weight {
        let entry = &facts.entries[place];
        let at = Moment { event: entry.at, seal: entry.seal.at };
        let roles = Roles::of(facts.rights, speaker, Row::Receive, facts.subject, at);
        if roles.has(Tie::Suspended) || entry.mark == Some(Mark::Future) {
            return self.claimed(entry, Row::Receive, Weight::Claim);
        }
        if self.possessor.as_ref() == Some(speaker) {
            return Weight::Counts;
        }
        let named = |transit: &Option<Transit>| {
            transit.as_ref().and_then(|transit| transit.to.possessor.clone())
        };
        match named(&self.transit).or_else(|| named(&self.advice)) {
            Some(named) if named == *speaker => Weight::Counts,
            Some(_) if self.transit.is_some() => {
                let shipping = self.transit.as_ref().map_or(place, |transit| transit.entry);
                self.clash(facts, ClashKind::OtherReceiver, shipping, place);
                Weight::Claim
            }
            _ => {
                self.gaps.push(Gap::Unbacked { record: entry.reference() });
                Weight::Claim
            }
        }
    }

    fn perform(&mut self, facts: &Facts<'_>, place: usize, speaker: &PartyId, deed: &Deed) {
        let entry = &facts.entries[place];
        let is_read = entry.sensed && entry.relation == Relation::Item;
        if let Some(killed) = self.killed.filter(|killed| is_read && *killed != place) {
            self.clash(facts, ClashKind::ReadAfterKill, killed, place);
        }
        match deed {
            Deed::Commission => self.commission(facts, place, speaker),
            Deed::Describe => self.describe(facts, place),
            Deed::Recall(level) => {
                self.recalls.insert((speaker.clone(), level.clone()), place);
            }
            Deed::LiftRecall(level) => {
                let at = Moment { event: entry.at, seal: entry.seal.at };
                let lifted: Vec<_> = self.lifts(facts, speaker, at, level).collect();
                self.recalls.retain(|key, _| !lifted.contains(key));
            }
            Deed::Steal => {
                self.thefts.insert(speaker.clone(), place);
            }
            Deed::Find => {
                self.thefts.remove(speaker);
            }
            Deed::End(ending) => {
                self.ended.get_or_insert(*ending);
            }
            Deed::Kill => {
                self.killed.get_or_insert(place);
            }
            Deed::Ship(to) => self.ship(facts, place, speaker, to),
            Deed::VoidShipping => {
                let is_own = |transit: &Transit| transit.by == *speaker;
                self.transit = self.transit.take().filter(|transit| !is_own(transit));
                self.advice = self.advice.take().filter(|transit| !is_own(transit));
            }
            Deed::Receive(to) => self.receive(speaker, to),
            Deed::Return(Some(to)) if self.sales.is_empty() => self.receive(speaker, to),
            Deed::Return(_) => self.take_back(facts, place, speaker),
            Deed::Pack(key) => self.boxes.pack(entry, key),
            Deed::Unpack(key) => self.boxes.unpack(entry, key),
            Deed::Sell => self.sell(facts, place, speaker),
            Deed::Hold(word) => self.holds.push((word.clone(), place)),
            Deed::Release(word) => {
                self.holds.retain(|(held, _)| word.as_ref().is_some_and(|word| word != held));
            }
            Deed::BreakCondition => self.conditions.push(place),
            Deed::Correct | Deed::See => {}
        }
    }

    fn commission(&mut self, facts: &Facts<'_>, place: usize, speaker: &PartyId) {
        let entry = &facts.entries[place];
        if let Some(first) = self.issued {
            let content = |place: usize| facts.entries[place].view().map(RecordView::content);
            if content(first) != content(place) {
                self.clash(facts, ClashKind::CommissionedTwice, first, place);
            }
            return;
        }
        self.issued = Some(place);
        let licensee = facts.rights.licensee(&facts.subject.digits, entry.at);
        self.possessor = Some(speaker.clone());
        self.owner = licensee.map(|licence| licence.party.clone());
        self.related.extend([&self.possessor, &self.owner].into_iter().flatten().cloned());
        self.describe(facts, place);
    }

    /// Takes markets, lot and expiry; a later date replaces an earlier one only if that was declared wrong.
    fn describe(&mut self, facts: &Facts<'_>, place: usize) {
        self.described.push(place);
        let Some(view) = facts.entries[place].view() else { return };
        let markets = view.markets();
        if !markets.is_empty() {
            self.markets = markets;
        }
        if let Some(lot) = view.lot_number() {
            match &self.lot {
                Some(known) if known != lot => {
                    let first = self.issued.unwrap_or(place);
                    self.clash(facts, ClashKind::OtherLot, first, place);
                }
                _ => self.lot = Some(lot.to_owned()),
            }
        }
        let Some(expiry) = view.expiry_date() else { return };
        let date = |text: &str| text.parse::<Date>().ok();
        let is_earlier = self.expiry.as_deref().is_none_or(|known| {
            date(expiry).is_some_and(|new| date(known).is_none_or(|known| new < known))
        });
        if is_earlier {
            self.expiry = Some(expiry.to_owned());
        }
    }

    fn ship(&mut self, facts: &Facts<'_>, place: usize, speaker: &PartyId, to: &Recipient) {
        self.related.extend([&to.possessor, &to.owner].into_iter().flatten().cloned());
        let next = Transit { by: speaker.clone(), to: to.clone(), entry: place };
        if to.is_advice {
            self.advice = Some(next);
            return;
        }
        let Some(open) = &mut self.transit else {
            self.transit = Some(next);
            return;
        };
        match (&open.to.possessor, &to.possessor) {
            (Some(one), Some(other)) if one != other => {
                let first = open.entry;
                self.clash(facts, ClashKind::ShippedTwice, first, place);
            }
            _ => {
                open.to.possessor = open.to.possessor.take().or_else(|| to.possessor.clone());
                open.to.owner = open.to.owner.take().or_else(|| to.owner.clone());
            }
        }
    }

    /// Possession moves; ownership moves if shipping and receiving name the same owner, or one does and the other is
    /// silent and names the receiver.
    fn receive(&mut self, speaker: &PartyId, to: &Recipient) {
        let transit = self.transit.take().or_else(|| self.advice.take());
        if self.possessor.as_ref() == Some(speaker) {
            return;
        }
        let shipped_to = self.advice.take().and_then(|advice| advice.to.owner);
        let shipped_to = transit.and_then(|transit| transit.to.owner).or(shipped_to);
        let owner = match (shipped_to, &to.owner) {
            (Some(one), Some(other)) if one == *other => Some(one),
            (Some(one), None) if one == *speaker => Some(one),
            _ => None,
        };
        let moved = [
            self.possessor.replace(speaker.clone()),
            owner.and_then(|owner| self.owner.replace(owner)),
        ];
        self.former.extend(moved.into_iter().flatten());
        self.related.insert(speaker.clone());
    }

    fn sell(&mut self, facts: &Facts<'_>, place: usize, speaker: &PartyId) {
        let Some(first) = self.sales.sell(facts.times(), place, speaker) else { return };
        if first != place {
            self.clash(facts, ClashKind::SoldTwice, first, place);
        }
        self.former.extend([self.possessor.take(), self.owner.take()].into_iter().flatten());
        self.seller = Some(speaker.clone());
        self.transit = None;
    }

    fn take_back(&mut self, facts: &Facts<'_>, place: usize, speaker: &PartyId) {
        let Some(undone) = self.sales.take_back(facts.times(), place) else {
            self.possessor = Some(speaker.clone());
            self.owner = Some(speaker.clone());
            return;
        };
        // The sales before this return are no longer at odds with those after it.
        let of = |place: &usize| facts.entries[*place].reference();
        let undone: Vec<_> = undone.iter().map(of).collect();
        let is_over = |clash: &Clash| {
            clash.kind == ClashKind::SoldTwice
                && undone.contains(&clash.one)
                && !undone.contains(&clash.other)
        };
        self.clashes.retain(|clash| !is_over(clash));
        let standing = self.sales.standing().to_vec();
        for sale in standing.iter().skip(1) {
            self.clash(facts, ClashKind::SoldTwice, standing[0], *sale);
        }
    }

    fn clash(&mut self, facts: &Facts<'_>, kind: ClashKind, one: usize, other: usize) {
        let of = |place: usize| facts.entries[place].reference();
        let clash = Clash { kind, one: of(one), other: of(other) };
        if !self.clashes.contains(&clash) {
            self.clashes.push(clash);
        }
    }

    /// Keeps a recall or theft that does not decide, once for each party.
    fn notice(&mut self, entry: &HistoryEntry, deed: &Deed, lacks_approvals: bool) {
        let says = deed.row();
        let is_report = matches!(deed, Deed::Recall(_) | Deed::Steal);
        let is_new = self
            .notices
            .iter()
            .all(|notice| notice.says != says || notice.record.party != entry.party);
        if is_report && is_new && self.notices.len() < MAX_NOTICES {
            self.notices.push(Notice { says, record: entry.reference(), lacks_approvals });
        }
    }
}
