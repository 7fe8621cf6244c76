//! EPCIS documents of invented goods: made, packed, shipped, received.
//!
//! The way through: goods are numbered in batches. A batch has some events; event `e` of batch `b` is about container
//! `b * events + e` and the items in it. Each [`Step`] of a batch is one document ([`Goods::document`]), and
//! [`Journeys`] gives the order in which documents are sent: the steps of a batch one after the other, with so many
//! documents between them that the earlier step is recorded before the later one is stated.
//!
//! What holds: a document follows from seed, company prefix, shape, step and number; only the times are given to it.
//! Serial numbers have the seed in them, so that runs with different seeds make different items.
//!
//! Sources: EPCIS 2.0, CBV 2.0; GS1 General Specifications (AI 21: at most 20 characters).

use std::fmt::Write as _;

use anyhow::Context as _;
use jiff::Timestamp;

use crate::simulators::seeded::Seeded;

/// Characters of a serial number that say which run made it.
const RUN_LENGTH: u32 = 6;
/// Items that share a lot.
const PER_LOT: u64 = 10_000;
/// Documents of other batches between two steps of one.
const LAG: u64 = 256;
/// Number of the first batch that is only made: it fills the time until the first batches may be packed.
const ONLY_MADE: u64 = 1_000_000_000;

/// What happens to goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Items are made; one event for the items of each container.
    Commissioning,
    /// Items are packed into containers; one event for each container.
    Packing,
    /// Containers leave; one event for each.
    Shipping,
    /// Containers arrive; one event for each.
    Receiving,
}

/// All steps, in order.
const STEPS: [Step; 4] = [Step::Commissioning, Step::Packing, Step::Shipping, Step::Receiving];

/// How large documents are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Events of a document, at least 1.
    pub events: u64,
    /// Items of a container, at least 1.
    pub items: u64,
}

/// Goods of one company, numbered.
#[derive(Debug, Clone)]
pub struct Goods {
    shape: Shape,
    /// `urn:epc:id:sgtin:9521141.012345.L0F3K2A`: an item's URI up to its number.
    item: String,
    /// `/01/09521141123454/21/L0F3K2A`: an item's path up to its number.
    path: String,
    /// `urn:epc:id:sscc:9521141.`: a container's URI up to its number.
    container: String,
    /// Digits of a container's number.
    digits: u32,
    /// Number of the first container.
    first_container: u64,
    /// Where goods are made.
    from: String,
    /// Where they are sent.
    to: String,
    lot: String,
}

/// A number in the digits 0 to 9 and A to Z.
fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(number % 36).unwrap_or_default();
        digits.push(char::from_digit(digit, 36).unwrap_or('0').to_ascii_uppercase());
        number /= 36;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

impl Goods {
    /// Goods of the company with this prefix.
    ///
    /// - `seed`: decides the serial numbers; another seed makes other items.
    /// - `prefix`: GS1 company prefix, 6 to 12 digits.
    ///
    /// # Errors
    ///
    /// If that is no company prefix or the shape is empty.
    pub fn new(seed: u64, prefix: &str, shape: Shape) -> anyhow::Result<Self> {
        let length = prefix.len();
        anyhow::ensure!(
            (6..=12).contains(&length) && prefix.bytes().all(|byte| byte.is_ascii_digit()),
            "the company prefix: got `{prefix}`, expected 6 to 12 digits"
        );
        anyhow::ensure!(
            shape.events > 0 && shape.items > 0,
            "documents: got {} events of {} items, expected at least 1 of 1",
            shape.events,
            shape.items
        );
        let mut random = Seeded::new(seed);
        let run = base36(random.draw() % 36_u64.pow(RUN_LENGTH));
        let run = format!("L{run:0>width$}", width = RUN_LENGTH as usize);
        let reference = &"012345670"[..13 - length];
        let item = format!("urn:epc:id:sgtin:{prefix}.{reference}.{run}");
        let known: epc::Epc = item.parse().with_context(|| format!("could not name {item}"))?;
        let gtin = known.gtin14().context("an SGTIN has a GTIN")?;
        let digits = u32::try_from(17 - length)?;
        let place = &"000001"[length - 6..];
        let extension = |number: u32| format!("urn:epc:id:sgln:{prefix}.{place}.{number}");
        Ok(Self {
            shape,
            path: format!("/01/{gtin}/21/{run}"),
            item,
            container: format!("urn:epc:id:sscc:{prefix}."),
            digits,
            first_container: random.draw() % 10_u64.pow(digits),
            from: extension(0),
            to: extension(9),
            lot: run,
        })
    }

    /// How large its documents are.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// URI of an item.
    #[must_use]
    pub fn item(&self, number: u64) -> String {
        format!("{}{}", self.item, base36(number))
    }

    /// The path under which a phone asks for an item: `/01/{gtin}/21/{serial}`.
    #[must_use]
    pub fn scan_path(&self, number: u64) -> String {
        format!("{}{}", self.path, base36(number))
    }

    /// URI of a container.
    #[must_use]
    pub fn container(&self, number: u64) -> String {
        let all = 10_u64.pow(self.digits);
        let number = (self.first_container + number % all) % all;
        format!("{}{number:0width$}", self.container, width = self.digits as usize)
    }

    /// Numbers of the items of a batch.
    #[must_use]
    pub fn items_of(&self, batch: u64) -> std::ops::Range<u64> {
        let count = self.shape.events * self.shape.items;
        batch * count..(batch + 1) * count
    }

    /// The document that states one step of a batch, as JSON.
    ///
    /// - `at`: time of its events, and of the document.
    #[must_use]
    pub fn document(&self, step: Step, batch: u64, at: Timestamp) -> Vec<u8> {
        let per_item = self.item.len() + 16;
        let items = usize::try_from(self.shape.items).unwrap_or_default();
        let events = usize::try_from(self.shape.events).unwrap_or_default();
        let named = if matches!(step, Step::Commissioning | Step::Packing) { items } else { 1 };
        let mut out = String::with_capacity(256 + events * (512 + named * per_item));
        let at = format!("{at:.3}");
        out.push_str(
            "{\"@context\":[\"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld\"],\
             \"type\":\"EPCISDocument\",\"schemaVersion\":\"2.0\",\"creationDate\":\"",
        );
        out.push_str(&at);
        out.push_str("\",\"epcisBody\":{\"eventList\":[");
        for event in 0..self.shape.events {
            if event > 0 {
                out.push(',');
            }
            self.event(&mut out, step, batch * self.shape.events + event, &at);
        }
        out.push_str("]}}");
        out.into_bytes()
    }

    fn event(&self, out: &mut String, step: Step, number: u64, at: &str) {
        let kind = if step == Step::Packing { "AggregationEvent" } else { "ObjectEvent" };
        write!(
            out,
            "{{\"type\":\"{kind}\",\"eventTime\":\"{at}\",\"eventTimeZoneOffset\":\"+00:00\","
        )
        .ok();
        let (action, biz_step, disposition, place) = match step {
            Step::Commissioning => ("ADD", "commissioning", "active", &self.from),
            Step::Packing => ("ADD", "packing", "in_progress", &self.from),
            Step::Shipping => ("OBSERVE", "shipping", "in_transit", &self.from),
            Step::Receiving => ("OBSERVE", "receiving", "in_progress", &self.to),
        };
        match step {
            Step::Commissioning => self.list_items(out, "epcList", number),
            Step::Packing => {
                write!(out, "\"parentID\":\"{}\",", self.container(number)).ok();
                self.list_items(out, "childEPCs", number);
            }
            Step::Shipping | Step::Receiving => {
                write!(out, "\"epcList\":[\"{}\"],", self.container(number)).ok();
            }
        }
        write!(
            out,
            "\"action\":\"{action}\",\"bizStep\":\"{biz_step}\",\"disposition\":\"{disposition}\",\
             \"readPoint\":{{\"id\":\"{place}\"}}"
        )
        .ok();
        if step != Step::Shipping {
            write!(out, ",\"bizLocation\":{{\"id\":\"{place}\"}}").ok();
        }
        if step == Step::Commissioning {
            let lot = number * self.shape.items / PER_LOT;
            write!(
                out,
                ",\"ilmd\":{{\"cbvmda:lotNumber\":\"{}{}\",\"cbvmda:itemExpirationDate\":\"2099-12-31\"}}",
                self.lot,
                base36(lot)
            )
            .ok();
        }
        if step == Step::Shipping {
            write!(
                out,
                ",\"sourceList\":[{{\"type\":\"location\",\"source\":\"{}\"}}],\
                 \"destinationList\":[{{\"type\":\"location\",\"destination\":\"{}\"}}]",
                self.from, self.to
            )
            .ok();
        }
        out.push('}');
    }

    /// The items of a container, as a member.
    fn list_items(&self, out: &mut String, member: &str, container: u64) {
        write!(out, "\"{member}\":[").ok();
        for item in container * self.shape.items..(container + 1) * self.shape.items {
            if item > container * self.shape.items {
                out.push(',');
            }
            write!(out, "\"{}{}\"", self.item, base36(item)).ok();
        }
        out.push_str("],");
    }
}

/// The order of documents in which every batch is made, packed, shipped and received.
#[derive(Debug, Clone, Copy)]
pub struct Journeys;

impl Journeys {
    /// Step and batch of the document of this number, from 0.
    #[must_use]
    pub fn document(number: u64) -> (Step, u64) {
        let (turn, place) = (number / 4, number % 4);
        let step = usize::try_from(place).ok().and_then(|place| STEPS.get(place).copied());
        let step = step.unwrap_or(Step::Commissioning);
        match turn.checked_sub(place * LAG / 4) {
            Some(batch) => (step, batch),
            None => (Step::Commissioning, ONLY_MADE + number),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn goods(seed: u64, prefix: &str) -> Goods {
        Goods::new(seed, prefix, Shape { events: 3, items: 20 }).unwrap()
    }

    fn at() -> Timestamp {
        "2026-11-20T08:00:00.125Z".parse().unwrap()
    }

    #[test]
    fn every_document_is_one_that_capture_takes_whatever_the_prefix_and_the_step() {
        for prefix in ["952114", "9521141", "95211410", "9521141012", "952114101234"] {
            let goods = goods(7, prefix);
            for step in STEPS {
                let document = goods.document(step, 4, at());
                let found = epcis::Submission::parse(&document);
                assert!(found.envelope.is_empty(), "{prefix} {step:?}: {:?}", found.envelope);
                assert_eq!(found.statements.len(), 3);
                for statement in found.statements {
                    let event = statement.event.unwrap_or_else(|faults| panic!("{faults:?}"));
                    let text = event.json().canonical();
                    let items = text.matches("urn:epc:id:sgtin:").count();
                    let is_named = matches!(step, Step::Commissioning | Step::Packing);
                    assert_eq!(items, if is_named { 20 } else { 0 }, "{text}");
                }
            }
        }
    }

    #[test]
    fn what_a_phone_asks_for_is_the_item_that_the_document_names() {
        let goods = goods(7, "9521141");
        let range = goods.items_of(4);
        assert_eq!(range, 240..300);
        let document = String::from_utf8(goods.document(Step::Commissioning, 4, at())).unwrap();
        for number in range {
            let item = goods.item(number);
            assert!(document.contains(&format!("\"{item}\"")), "{item}");
            let link = format!("https://id.gs1.org{}", goods.scan_path(number));
            assert_eq!(epc::thing_key(&link), epc::thing_key(&item));
        }
    }

    #[test]
    fn a_batch_is_made_once_and_each_later_step_comes_after_the_one_before() {
        let mut seen = HashSet::new();
        let mut places = std::collections::HashMap::new();
        for number in 0..10_000 {
            let (step, batch) = Journeys::document(number);
            assert!(seen.insert((format!("{step:?}"), batch)), "{step:?} of {batch} comes twice");
            let place = STEPS.iter().position(|one| *one == step).unwrap();
            if place > 0 {
                let before: u64 = places[&(place - 1, batch)];
                assert!(number - before >= LAG, "{step:?} of {batch} comes too early");
            }
            places.insert((place, batch), number);
        }
    }

    #[test]
    fn seeds_repeat_themselves_and_share_nothing() {
        let items = |seed| -> HashSet<String> {
            let goods = goods(seed, "9521141");
            [0, 1, ONLY_MADE]
                .into_iter()
                .flat_map(|batch| goods.items_of(batch))
                .map(|it| goods.item(it))
                .collect()
        };
        assert_eq!(items(1), items(1));
        assert_eq!(items(1).len(), 180);
        assert!(items(1).is_disjoint(&items(2)));
        let largest = goods(1, "9521141").item(u64::MAX);
        let serial = largest.rsplit('.').next().unwrap();
        assert!(serial.len() <= 20, "{serial}");
    }

    #[test]
    fn what_is_no_prefix_or_no_document_is_refused_with_what_was_expected() {
        let refusal = |prefix, items| {
            Goods::new(1, prefix, Shape { events: 1, items }).unwrap_err().to_string()
        };
        assert_eq!(refusal("95211", 1), "the company prefix: got `95211`, expected 6 to 12 digits");
        assert!(refusal("9521141", 0).contains("got 1 events of 0 items"));
    }
}
