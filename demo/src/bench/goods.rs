//! What the bench makes: numbered items in containers, and the documents that give each item eight records.
//!
//! The way through: [`documents`] gives the journey of some containers, document by document, in the order in which they must be
//! recorded. An item has six records that name it (made, inspected, stored, packed; at the centre unpacked and stored), and two
//! that name its container only, while it is inside (shipped, received).
//!
//! What holds: a document follows from its numbers and the time; serials are scattered, so that neighbours in time are no
//! neighbours in an index. The company prefixes are of the range 952 that GS1 keeps for demonstrations.
//!
//! Source: EPCIS 2.0, CBV 2.0.

use std::fmt::Write as _;
use std::ops::Range;

use jiff::Timestamp;

/// Items in a container.
pub const PER_CONTAINER: u64 = 1_700;
/// Items in an event that names items outside of a container.
const PER_EVENT: u64 = 100;
/// Records that an item has after its whole journey.
pub const RECORDS: usize = 8;

/// Where goods are made.
pub const FACTORY_PLACE: &str = "urn:epc:id:sgln:9521141.00001.0";
/// Where they are sent.
pub const CENTRE_PLACE: &str = "urn:epc:id:sgln:9521142.00001.0";
/// Where some are sold.
pub const SHOP_PLACE: &str = "urn:epc:id:sgln:9521143.00001.0";
/// The product that all items are of.
pub const PRODUCT: &str = "https://id.gs1.org/01/09521141123454";
/// Number of the order of [`ordered`].
pub const ORDER: &str = "4500018812";
/// The serials of goods that are single things: above those of the items in containers.
const SINGLES: u64 = 1 << 33;

/// Who states a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// Makes and ships.
    Factory,
    /// Receives.
    Centre,
    /// Sells.
    Shop,
}

/// A document, and who states it.
#[derive(Debug, Clone)]
pub struct Document {
    /// Who.
    pub speaker: Speaker,
    /// The text.
    pub text: String,
}

/// The serial of item `number`: every number below 2^34 has one of its own, below 2^37.
fn serial(number: u64) -> u64 {
    number.wrapping_mul(0x9E_3779_B97F) & ((1 << 37) - 1)
}

/// URI of item `number`.
#[must_use]
pub fn item(number: u64) -> String {
    format!("urn:epc:id:sgtin:9521141.012345.{}", serial(number))
}

/// URI of the single thing `number`, which is in no container.
#[must_use]
pub fn single(number: u64) -> String {
    item(SINGLES + number)
}

/// The path under which a phone asks for the thing with this URI: `/01/{gtin}/21/{serial}`.
///
/// # Errors
///
/// If it is no SGTIN.
pub fn scan_path(uri: &str) -> anyhow::Result<String> {
    let epc: epc::Epc = uri.parse()?;
    let (gtin, serial) = (epc.gtin14().unwrap_or_default(), epc.serial().unwrap_or_default());
    Ok(format!("/01/{gtin}/21/{serial}"))
}

/// URI of container `number`.
#[must_use]
pub fn container(number: u64) -> String {
    format!("urn:epc:id:sscc:9521141.1{number:09}")
}

/// An event.
struct Event<'a> {
    step: &'a str,
    disposition: &'a str,
    action: &'a str,
    place: &'a str,
    /// Whether the things are at the place afterwards.
    stays: bool,
    /// The container of an `AggregationEvent`.
    parent: Option<&'a str>,
    epcs: &'a str,
    more: &'a str,
}

impl Event<'_> {
    fn write(&self, out: &mut String, at: &str) {
        let Self { step, disposition, action, place, parent, epcs, more, .. } = self;
        let (kind, list) = if parent.is_some() {
            ("AggregationEvent", "childEPCs")
        } else {
            ("ObjectEvent", "epcList")
        };
        write!(
            out,
            "{{\"type\":\"{kind}\",\"eventTime\":\"{at}\",\"eventTimeZoneOffset\":\"+00:00\",\"{list}\":[{epcs}],\
             \"action\":\"{action}\",\"bizStep\":\"{step}\",\"readPoint\":{{\"id\":\"{place}\"}}{more}"
        )
        .ok();
        if !disposition.is_empty() {
            write!(out, ",\"disposition\":\"{disposition}\"").ok();
        }
        if let Some(parent) = parent {
            write!(out, ",\"parentID\":\"{parent}\"").ok();
        }
        if self.stays {
            write!(out, ",\"bizLocation\":{{\"id\":\"{place}\"}}").ok();
        }
        out.push('}');
    }
}

/// The URIs of some things as they stand in a list.
fn list(uris: impl Iterator<Item = String>) -> String {
    let mut out = String::new();
    for uri in uris {
        if !out.is_empty() {
            out.push(',');
        }
        write!(out, "\"{uri}\"").ok();
    }
    out
}

/// The time of an event that is stated now.
fn now() -> String {
    format!("{:.3}", Timestamp::now())
}

/// A document of these events.
fn document(speaker: Speaker, at: &str, events: &[Event<'_>]) -> Document {
    let mut text = format!(
        "{{\"@context\":[\"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld\"],\"type\":\"EPCISDocument\",\
         \"schemaVersion\":\"2.0\",\"creationDate\":\"{at}\",\"epcisBody\":{{\"eventList\":["
    );
    for (place, event) in events.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        event.write(&mut text, at);
    }
    text.push_str("]}}");
    Document { speaker, text }
}

const MADE: &str =
    ",\"ilmd\":{\"cbvmda:lotNumber\":\"B1\",\"cbvmda:itemExpirationDate\":\"2099-12-31\"}";

fn made(epcs: &str) -> Event<'_> {
    Event {
        step: "commissioning",
        disposition: "active",
        action: "ADD",
        place: FACTORY_PLACE,
        stays: true,
        parent: None,
        epcs,
        more: MADE,
    }
}

fn seen<'a>(step: &'a str, place: &'a str, epcs: &'a str) -> Event<'a> {
    Event {
        step,
        disposition: "in_progress",
        action: "OBSERVE",
        place,
        stays: true,
        parent: None,
        epcs,
        more: "",
    }
}

fn between(from: &str, to: &str) -> String {
    format!(
        ",\"sourceList\":[{{\"type\":\"location\",\"source\":\"{from}\"}}],\
         \"destinationList\":[{{\"type\":\"location\",\"destination\":\"{to}\"}}]"
    )
}

/// The journey of the containers with these numbers and of the items in them, a document for each step.
pub fn documents(containers: Range<u64>) -> impl Iterator<Item = Document> + Send {
    (0..RECORDS).map(move |step| {
        let items = containers.start * PER_CONTAINER..containers.end * PER_CONTAINER;
        match step {
            0..=2 => in_groups(step, items),
            7 => in_groups(3, items),
            _ => in_containers(step, containers.clone()),
        }
    })
}

/// A document about items outside of containers.
fn in_groups(step: usize, items: Range<u64>) -> Document {
    let groups: Vec<String> = items
        .clone()
        .step_by(usize::try_from(PER_EVENT).unwrap_or(1))
        .map(|first| list((first..(first + PER_EVENT).min(items.end)).map(item)))
        .collect();
    let event = |epcs| match step {
        0 => made(epcs),
        1 => seen("inspecting", FACTORY_PLACE, epcs),
        2 => seen("storing", FACTORY_PLACE, epcs),
        _ => seen("storing", CENTRE_PLACE, epcs),
    };
    let events: Vec<Event<'_>> = groups.iter().map(|epcs| event(epcs)).collect();
    document(if step < 3 { Speaker::Factory } else { Speaker::Centre }, &now(), &events)
}

/// A document about containers: packed, shipped, received, unpacked.
fn in_containers(step: usize, containers: Range<u64>) -> Document {
    let sent = between(FACTORY_PLACE, CENTRE_PLACE);
    let names: Vec<String> = containers.clone().map(container).collect();
    let lists: Vec<String> = match step {
        3 | 6 => containers
            .map(|number| list((number * PER_CONTAINER..(number + 1) * PER_CONTAINER).map(item)))
            .collect(),
        _ => names.iter().map(|name| list(std::iter::once(name.clone()))).collect(),
    };
    let event = |(name, epcs)| match step {
        3 => packing("ADD", FACTORY_PLACE, name, epcs),
        4 => Event {
            disposition: "in_transit",
            stays: false,
            more: &sent,
            ..seen("shipping", FACTORY_PLACE, epcs)
        },
        5 => seen("receiving", CENTRE_PLACE, epcs),
        _ => packing("DELETE", CENTRE_PLACE, name, epcs),
    };
    let events: Vec<Event<'_>> =
        names.iter().map(String::as_str).zip(lists.iter().map(String::as_str)).map(event).collect();
    document(if step < 5 { Speaker::Factory } else { Speaker::Centre }, &now(), &events)
}

fn packing<'a>(action: &'a str, place: &'a str, container: &'a str, epcs: &'a str) -> Event<'a> {
    let step = if action == "ADD" { "packing" } else { "unpacking" };
    Event { action, parent: Some(container), ..seen(step, place, epcs) }
}

/// A document of the factory in which each of `events` events makes `items` single things of its own.
///
/// - `first`: number of the first of them.
#[must_use]
pub fn making(first: u64, events: u64, items: u64) -> Document {
    let lists: Vec<String> = (0..events)
        .map(|event| list((0..items).map(|place| single(first + event * items + place))))
        .collect();
    let events: Vec<Event<'_>> = lists.iter().map(|epcs| made(epcs)).collect();
    document(Speaker::Factory, &now(), &events)
}

/// A document of `speaker` with `events` events as small as they may be, each of one thing that it only saw.
///
/// - `first`: number of the first of these things.
#[must_use]
pub fn sightings(speaker: Speaker, first: u64, events: u64) -> Document {
    let at = now();
    let place = match speaker {
        Speaker::Factory => FACTORY_PLACE,
        Speaker::Centre => CENTRE_PLACE,
        Speaker::Shop => SHOP_PLACE,
    };
    let lists: Vec<String> =
        (0..events).map(|event| list(std::iter::once(single(first + event)))).collect();
    let event = |epcs| Event { disposition: "", stays: false, ..seen("storing", place, epcs) };
    let events: Vec<Event<'_>> = lists.iter().map(|epcs| event(epcs)).collect();
    document(speaker, &at, &events)
}

/// A document of the factory in which a single thing is shipped for an order.
#[must_use]
pub fn ordered(number: u64) -> Document {
    let more = format!(
        ",\"bizTransactionList\":[{{\"type\":\"po\",\"bizTransaction\":\"urn:epcglobal:cbv:bt:9521141000014:{ORDER}\"}}]"
    );
    let epcs = list(std::iter::once(single(number)));
    let event = Event { stays: false, more: &more, ..seen("shipping", FACTORY_PLACE, &epcs) };
    document(Speaker::Factory, &now(), &[event])
}

/// The journey of the single thing `number` through three ledgers: eight records.
#[must_use]
pub fn journey_of_one(number: u64) -> Vec<Document> {
    use Speaker::{Centre, Factory, Shop};
    let epcs = list(std::iter::once(single(number)));
    let case = container(900_000_000 + number % 100_000_000);
    let in_case = list(std::iter::once(case.clone()));
    let [out, on] = [between(FACTORY_PLACE, CENTRE_PLACE), between(CENTRE_PLACE, SHOP_PLACE)];
    let shipped = |place, more| Event {
        disposition: "in_transit",
        stays: false,
        more,
        ..seen("shipping", place, &in_case)
    };
    [
        (Factory, made(&epcs)),
        (Factory, packing("ADD", FACTORY_PLACE, &case, &epcs)),
        (Factory, shipped(FACTORY_PLACE, &out)),
        (Centre, seen("receiving", CENTRE_PLACE, &in_case)),
        (Centre, shipped(CENTRE_PLACE, &on)),
        (Shop, seen("receiving", SHOP_PLACE, &in_case)),
        (Shop, packing("DELETE", SHOP_PLACE, &case, &epcs)),
        (Shop, Event { disposition: "retail_sold", ..seen("retail_selling", SHOP_PLACE, &epcs) }),
    ]
    .into_iter()
    .map(|(speaker, event)| document(speaker, &now(), &[event]))
    .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashMap};

    use super::*;

    /// Every document is one that capture takes, by the library that ingest reads it with.
    fn events(document: &Document) -> Vec<String> {
        let found = epcis::Submission::parse(document.text.as_bytes());
        assert!(found.envelope.is_empty(), "{:?}", found.envelope);
        let event = |statement: epcis::Statement| {
            statement.event.unwrap_or_else(|faults| panic!("{faults:?}")).json().canonical()
        };
        found.statements.into_iter().map(event).collect()
    }

    #[test]
    fn an_item_has_eight_records_of_which_two_name_its_container_only() {
        let all: Vec<String> = documents(3..5).flat_map(|document| events(&document)).collect();
        for number in
            [3 * PER_CONTAINER, 4 * PER_CONTAINER - 1, 4 * PER_CONTAINER, 5 * PER_CONTAINER - 1]
        {
            let name = format!("\"{}\"", item(number));
            let case = format!("\"{}\"", container(number / PER_CONTAINER));
            let own = all.iter().filter(|event| event.contains(&name)).count();
            let by_case =
                all.iter().filter(|event| event.contains(&case) && !event.contains(&name)).count();
            assert_eq!((own, by_case), (6, 2), "{number}");
        }
        let largest = all.iter().map(|event| event.matches("sgtin").count()).max();
        assert_eq!(largest, Some(1_700));
    }

    #[test]
    fn no_two_items_have_the_same_serial_and_the_path_names_the_item() {
        let serials: BTreeSet<u64> =
            (0..100_000).chain(SINGLES..SINGLES + 100_000).map(serial).collect();
        assert_eq!(serials.len(), 200_000);
        for uri in [item(12), single(0), single(5)] {
            let link = format!("https://id.gs1.org{}", scan_path(&uri).unwrap());
            assert_eq!(epc::thing_key(&link), epc::thing_key(&uri));
        }
    }

    #[test]
    fn a_making_document_has_as_many_events_and_items_as_it_was_asked_for() {
        let found = events(&making(40, 3, 5));
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|event| event.matches("sgtin").count() == 5));
        assert!(found[2].contains(&single(54)) && !found[2].contains(&single(55)));
        assert_eq!(events(&sightings(Speaker::Centre, 7, 9)).len(), 9);
    }

    #[test]
    fn sixty_thousand_events_fit_into_the_largest_body_that_is_accepted() {
        let size = sightings(Speaker::Factory, 0, 60_000).text.len();
        assert!(size <= 16 << 20, "{size}");
    }

    #[test]
    fn a_single_thing_travels_through_three_ledgers_in_eight_records() {
        let mut of = HashMap::new();
        for document in journey_of_one(9) {
            assert_eq!(events(&document).len(), 1);
            *of.entry(format!("{:?}", document.speaker)).or_insert(0) += 1;
        }
        assert_eq!(
            of,
            HashMap::from([("Factory".into(), 3), ("Centre".into(), 2), ("Shop".into(), 3)])
        );
    }
}
