//! What a record states about one item: its business step, action, dispositions and members, read as deeds.
//!
//! What holds: pure; every record gives at least one deed, and one that only says where the item was gives
//! [`Deed::See`]; a record with an error declaration states only that another record is wrong.
//!
//! Not here: whether the speaker may say so ([`crate::authority`]), what it does ([`crate::fold`]).
//!
//! Sources: EPCIS 2.0 section 7.4, CBV 2.0 section 7.

use directory::{PartyId, Rights};
use epc::Epc;
use epcis::{BizStep, Disposition};

use crate::authority::Row;
use crate::entry::{HistoryEntry, Relation};
use crate::record_view::{ContainerChange, RecordView};

/// The step by which a serial is voided; the vocabulary of EPCIS has none.
pub const VOIDING: &str = "https://chopmark.org/voc/BizStep-voiding";

/// How an item ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// Its serial was voided.
    Voided,
    /// It was decommissioned.
    Decommissioned,
    /// It was destroyed.
    Destroyed,
    /// It was taken as a sample.
    Sampled,
    /// It was used up to make something else.
    UsedUp,
}

/// What a recall is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The item.
    Item,
    /// What is in the container of this key.
    Container(String),
    /// The lot of this key.
    Lot(String),
    /// All items of the GTIN.
    Class,
}

/// To whom something is shipped, or who received it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipient {
    /// Who is to possess it.
    pub possessor: Option<PartyId>,
    /// Who is to own it.
    pub owner: Option<PartyId>,
    /// Only announced: possession does not move before it is received.
    pub is_advice: bool,
}

/// One thing that a record states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// It was issued.
    Commission,
    /// It has this lot, expiry date or chip.
    Describe,
    /// It is recalled.
    Recall(Level),
    /// The recall is lifted.
    LiftRecall(Level),
    /// It was stolen.
    Steal,
    /// It was found.
    Find,
    /// It has ended.
    End(Ending),
    /// Its tag was switched off for good.
    Kill,
    /// It was shipped.
    Ship(Recipient),
    /// A shipping was called off.
    VoidShipping,
    /// It was received.
    Receive(Recipient),
    /// It was put into the container of this key.
    Pack(String),
    /// It was taken out of the container of this key.
    Unpack(String),
    /// It was sold to a consumer.
    Sell,
    /// It was taken back; with a receiving if it came that way.
    Return(Option<Recipient>),
    /// It is on hold.
    Hold(Disposition),
    /// A hold is over; none for every hold.
    Release(Option<Disposition>),
    /// A storage condition was broken.
    BreakCondition,
    /// An earlier record is wrong.
    Correct,
    /// It was somewhere.
    See,
}

impl Deed {
    /// The row of the table that it belongs to.
    #[must_use]
    pub fn row(&self) -> Row {
        match self {
            Self::Commission | Self::Describe => Row::Issue,
            Self::Recall(_) => Row::Recall,
            Self::LiftRecall(_) => Row::LiftRecall,
            Self::Steal => Row::Theft,
            Self::Find => Row::Found,
            Self::End(Ending::Voided) => Row::Void,
            Self::End(_) | Self::Kill => Row::End,
            Self::Ship(_) | Self::VoidShipping | Self::Pack(_) | Self::Unpack(_) | Self::Sell => {
                Row::Handle
            }
            Self::Receive(_) => Row::Receive,
            Self::Return(_) => Row::Return,
            Self::Hold(_) | Self::Release(_) => Row::Hold,
            Self::BreakCondition => Row::Condition,
            Self::Correct => Row::Correct,
            Self::See => Row::See,
        }
    }
}

/// Reads records as statements about one item.
#[derive(Debug)]
pub struct Reader<'a> {
    rights: &'a Rights,
    /// Key of the item.
    thing: String,
    /// Key of its class.
    class: Option<String>,
}

impl<'a> Reader<'a> {
    /// A reader for `item`.
    #[must_use]
    pub fn new(rights: &'a Rights, item: &Epc) -> Self {
        let class = item.gtin14().map(|gtin| format!("https://id.gs1.org/01/{gtin}"));
        Self { rights, thing: epc::thing_key(&item.to_uri()), class }
    }

    /// What `entry` states; nothing if it cannot be read.
    #[must_use]
    pub fn deeds(&self, entry: &HistoryEntry) -> Vec<Deed> {
        let Some(view) = entry.view() else { return Vec::new() };
        if view.is_correction() {
            return vec![Deed::Correct];
        }
        let level = self.level(entry);
        let mut deeds = reports(view, &level);
        if view.breaks_condition() {
            deeds.push(Deed::BreakCondition);
        }
        match &entry.relation {
            Relation::Item => self.of_item(entry, view, &mut deeds),
            Relation::Container(uri) => self.of_container(entry, view, uri, &mut deeds),
            Relation::Lot => return deeds,
        }
        if deeds.is_empty() {
            deeds.push(Deed::See);
        }
        deeds
    }

    /// What a recall in `entry` would be about.
    fn level(&self, entry: &HistoryEntry) -> Level {
        match &entry.relation {
            Relation::Item => Level::Item,
            Relation::Container(uri) => Level::Container(epc::thing_key(uri)),
            Relation::Lot => {
                let classes = entry.record.iter().flat_map(|record| record.classes());
                let prefix = self.class.as_ref().map(|class| format!("{class}/10/"));
                let is_lot =
                    |key: &&str| prefix.as_ref().is_some_and(|prefix| key.starts_with(prefix));
                let mut lots: Vec<&str> = Vec::new();
                for key in classes {
                    if Some(key) == self.class.as_deref() {
                        return Level::Class;
                    }
                    lots.extend(Some(key).filter(is_lot));
                }
                lots.pop().map_or(Level::Class, |lot| Level::Lot(lot.to_owned()))
            }
        }
    }

    fn of_item(&self, entry: &HistoryEntry, view: RecordView<'_>, deeds: &mut Vec<Deed>) {
        let is_output = view.has_key("outputEPCList", &self.thing);
        let is_commissioned = entry.step == Some(BizStep::Commissioning)
            && view.action() == Some("ADD")
            && view.has_key("epcList", &self.thing);
        if is_output || is_commissioned {
            deeds.push(Deed::Commission);
        } else if view.lot_number().is_some()
            || view.expiry_date().is_some()
            || self.binds_a_chip(entry)
        {
            deeds.push(Deed::Describe);
        }
        deeds.extend(self.ending(entry, view));
        deeds.extend(moves(view.container_change(&self.thing)));
        if is_sale(entry) {
            deeds.push(Deed::Sell);
        } else {
            self.transport(entry, view, deeds);
        }
        if !view.breaks_condition() {
            deeds.extend(holds(view));
        }
    }

    fn binds_a_chip(&self, entry: &HistoryEntry) -> bool {
        entry.record.as_ref().is_some_and(|record| record.chips_of(&self.thing).next().is_some())
    }

    fn ending(&self, entry: &HistoryEntry, view: RecordView<'_>) -> Option<Deed> {
        if view.has_key("inputEPCList", &self.thing) {
            return Some(Deed::End(Ending::UsedUp));
        }
        match &entry.step {
            Some(BizStep::Killing) => return Some(Deed::Kill),
            Some(BizStep::Decommissioning) => return Some(Deed::End(Ending::Decommissioned)),
            Some(BizStep::Destroying) => return Some(Deed::End(Ending::Destroyed)),
            Some(BizStep::Sampling) => return Some(Deed::End(Ending::Sampled)),
            Some(BizStep::Other(word)) if word == VOIDING => {
                return Some(Deed::End(Ending::Voided));
            }
            _ => {}
        }
        let is_deleted = view.action() == Some("DELETE") && view.has_key("epcList", &self.thing);
        match entry.disposition {
            Some(Disposition::Destroyed) => Some(Deed::End(Ending::Destroyed)),
            Some(Disposition::Inactive) => Some(Deed::End(Ending::Decommissioned)),
            _ => is_deleted.then_some(Deed::End(Ending::Decommissioned)),
        }
    }

    fn of_container(
        &self,
        entry: &HistoryEntry,
        view: RecordView<'_>,
        uri: &str,
        deeds: &mut Vec<Deed>,
    ) {
        let key = epc::thing_key(uri);
        deeds.extend(moves(view.container_change(&key)));
        if view.empties(&key) {
            deeds.push(Deed::Unpack(key));
        }
        self.transport(entry, view, deeds);
    }

    /// Shipping, receiving and taking back.
    fn transport(&self, entry: &HistoryEntry, view: RecordView<'_>, deeds: &mut Vec<Deed>) {
        let is_return = entry.disposition == Some(Disposition::Returned);
        match &entry.step {
            Some(BizStep::Shipping | BizStep::Departing | BizStep::Consigning) => {
                deeds.push(Deed::Ship(self.recipient(view)));
            }
            Some(BizStep::VoidShipping) => deeds.push(Deed::VoidShipping),
            Some(BizStep::Receiving | BizStep::Accepting) if is_return => {
                deeds.push(Deed::Return(Some(self.recipient(view))));
            }
            Some(BizStep::Receiving | BizStep::Accepting) => {
                deeds.push(Deed::Receive(self.recipient(view)));
            }
            _ if is_return => deeds.push(Deed::Return(None)),
            _ => {}
        }
    }

    /// The parties that the destinations name, directly or by the site of a location.
    fn recipient(&self, view: RecordView<'_>) -> Recipient {
        let named = |kind| view.destination(kind).and_then(|uri| self.party(uri));
        let at_site = || view.destination("location").and_then(|uri| self.party(uri));
        Recipient {
            possessor: named("possessing_party").or_else(at_site),
            owner: named("owning_party"),
            is_advice: view.is_despatch_advice(),
        }
    }

    fn party(&self, uri: &str) -> Option<PartyId> {
        let at_site = || self.rights.party_at(&gln_of(uri)?);
        self.rights.party_named(uri).or_else(at_site).cloned()
    }
}

/// The 13 digits of the GLN in a location URI, in any spelling.
#[must_use]
pub fn gln_of(uri: &str) -> Option<String> {
    let key = epc::thing_key(uri);
    let path = key.strip_prefix("https://id.gs1.org/")?;
    let rest = path.strip_prefix("414/").or_else(|| path.strip_prefix("417/"))?;
    rest.get(..13).map(str::to_owned)
}

/// Recalls and thefts, and their ends.
fn reports(view: RecordView<'_>, level: &Level) -> Vec<Deed> {
    let set = view.dispositions_set();
    let unset = view.dispositions_unset();
    let is_about_things = !matches!(level, Level::Lot(_) | Level::Class);
    let mut deeds = Vec::new();
    if set.contains(&Disposition::Recalled) {
        deeds.push(Deed::Recall(level.clone()));
    }
    if unset.contains(&Disposition::Recalled) {
        deeds.push(Deed::LiftRecall(level.clone()));
    }
    if is_about_things && set.contains(&Disposition::Stolen) {
        deeds.push(Deed::Steal);
    }
    if is_about_things && unset.contains(&Disposition::Stolen) {
        deeds.push(Deed::Find);
    }
    deeds
}

fn moves(change: Option<ContainerChange<'_>>) -> Option<Deed> {
    change.map(|change| match change {
        ContainerChange::Entered(uri) => Deed::Pack(epc::thing_key(uri)),
        ContainerChange::Left(uri) => Deed::Unpack(epc::thing_key(uri)),
    })
}

fn is_sale(entry: &HistoryEntry) -> bool {
    matches!(entry.disposition, Some(Disposition::RetailSold | Disposition::Dispensed))
        || entry.step == Some(BizStep::RetailSelling)
        || (entry.step == Some(BizStep::Dispensing)
            && entry.disposition != Some(Disposition::PartiallyDispensed))
}

/// Holds and their ends, by the event's dispositions.
fn holds(view: RecordView<'_>) -> Vec<Deed> {
    use Disposition::{Available, Conformant, SellableAccessible, SellableNotAccessible};
    let mut deeds = Vec::new();
    for word in view.dispositions_set() {
        if matches!(word, Available | Conformant | SellableAccessible | SellableNotAccessible) {
            deeds.push(Deed::Release(None));
        } else if is_hold(&word) {
            deeds.push(Deed::Hold(word));
        }
    }
    let ended = view.dispositions_unset().into_iter().filter(is_hold);
    deeds.extend(ended.map(|word| Deed::Release(Some(word))));
    deeds
}

fn is_hold(word: &Disposition) -> bool {
    use Disposition::{
        ContainerOpen, Damaged, Disposed, MismatchClass, MismatchInstance, MismatchQuantity,
        NeedsReplacement, NoPedigreeMatch, NonConformant, NonSellableOther, Unavailable, Unknown,
    };
    matches!(
        word,
        ContainerOpen
            | Damaged
            | Disposed
            | MismatchClass
            | MismatchInstance
            | MismatchQuantity
            | NeedsReplacement
            | NoPedigreeMatch
            | NonConformant
            | NonSellableOther
            | Unavailable
            | Unknown
    )
}
