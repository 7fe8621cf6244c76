//! Events as rows of the electronic sortable spreadsheet that 21 CFR 1.1455 asks for.
//!
//! The way through: [`tracking_event`] says which critical tracking event an event is; [`rows`] makes a row for each lot that it names.
//!
//! What holds: a cell is what the event says or master data say, or is empty; nothing is guessed. What each column comes from, and
//! why some stay empty, is in docs/formats/export-v1.md.
//!
//! Sources: 21 CFR 1.1325 to 1.1350 and 1.1455; CBV 2.0.

use std::collections::{BTreeMap, BTreeSet};

use epc::EpcClass;
use epcis::{Event, EventKind};
use ledger::json::Json;

use crate::descriptions::Descriptions;
use crate::walk::Row;

/// Headings of the columns.
pub const COLUMNS: [&str; 27] = [
    "Critical tracking event",
    "Date",
    "Event time",
    "Traceability lot code",
    "Product",
    "Product description",
    "Quantity",
    "Unit of measure",
    "Input or output",
    "Location",
    "Location description",
    "From location",
    "From location description",
    "To location",
    "To location description",
    "Traceability lot code source",
    "Traceability lot code source reference",
    "Reference document type",
    "Reference document number",
    "Logistic units and assets",
    "Stated by",
    "Correction",
    "Event ID",
    "Ledger",
    "Place in the ledger",
    "Leaf hash",
    "Recorded at",
];
/// Cells of a row.
pub type Cells = [String; COLUMNS.len()];
/// Most characters of a cell: what a workbook takes.
pub const MOST_CHARACTERS: usize = 32_767;

/// A critical tracking event of 21 CFR 1.1310.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackingEvent {
    /// Of a raw agricultural commodity.
    Harvesting,
    /// Before initial packing.
    Cooling,
    /// Of a raw agricultural commodity; here the traceability lot code is assigned.
    InitialPacking,
    /// Of food from a fishing vessel.
    FirstLandBasedReceiving,
    /// From one location to another.
    Shipping,
    /// By somebody other than a consumer, after transport.
    Receiving,
    /// Manufacturing, or changing a food, its packaging or its label.
    Transformation,
}

impl TrackingEvent {
    /// Its name in the first column.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Harvesting => "Harvesting",
            Self::Cooling => "Cooling",
            Self::InitialPacking => "Initial packing",
            Self::FirstLandBasedReceiving => "First land-based receiving",
            Self::Shipping => "Shipping",
            Self::Receiving => "Receiving",
            Self::Transformation => "Transformation",
        }
    }

    /// Whether a traceability lot code is assigned there, so that its location is the code's source.
    fn assigns_lots(self) -> bool {
        matches!(self, Self::InitialPacking | Self::FirstLandBasedReceiving | Self::Transformation)
    }
}

/// The last part of a word of a vocabulary, in whatever spelling: `BizStep-shipping` is `shipping`.
fn word(uri: &str) -> String {
    let last = uri.rsplit(['/', ':', '#']).next().unwrap_or(uri);
    let last = ["BizStep-", "Disp-", "BTT-", "SDT-", "ER-"]
        .iter()
        .find_map(|start| last.strip_prefix(start))
        .unwrap_or(last);
    last.replace('-', "_")
}

/// Which critical tracking event an event is; none if it is none of them.
#[must_use]
pub fn tracking_event(event: &Event) -> Option<TrackingEvent> {
    if event.kind() == EventKind::Transformation {
        return Some(TrackingEvent::Transformation);
    }
    let step = word(&event.biz_step()?).to_ascii_lowercase();
    match step.as_str() {
        "harvesting" | "harvest" => Some(TrackingEvent::Harvesting),
        "cooling" => Some(TrackingEvent::Cooling),
        "initial_packing" => Some(TrackingEvent::InitialPacking),
        // The lot is named for the first time.
        "commissioning" | "creating_class_instance" if event.action() == Some("ADD") => {
            Some(TrackingEvent::InitialPacking)
        }
        "landing" | "first_land_based_receiving" => Some(TrackingEvent::FirstLandBasedReceiving),
        "shipping" | "departing" | "consigning" | "void_shipping" => Some(TrackingEvent::Shipping),
        "receiving" | "accepting" => Some(TrackingEvent::Receiving),
        _ => None,
    }
}

/// A lot that an event names, or items of a class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Line {
    class: String,
    product: String,
    lot: String,
    quantity: String,
    unit: String,
    side: &'static str,
}

/// The places and parties of a row.
#[derive(Debug, Clone, Default)]
struct Places {
    own: String,
    from: String,
    to: String,
    source: String,
}

/// What must be described to write a row of an event.
pub fn names(row: &Row, names: &mut BTreeSet<String>) {
    let Some(kind) = tracking_event(&row.event) else { return };
    let places = places(&row.event, kind);
    names.extend([places.own, places.from, places.to, places.source]);
    let (lines, _) = lines(&row.event);
    names.extend(lines.into_iter().map(|line| product_key(&line)));
    names.remove("");
}

/// What master data name a product by: its class without the lot.
fn product_key(line: &Line) -> String {
    if line.product.len() == 14 {
        format!("https://id.gs1.org/01/{}", line.product)
    } else {
        line.class.clone()
    }
}

/// The rows of an event; none if it is no critical tracking event.
#[must_use]
pub fn rows(row: &Row, described: &Descriptions<'_>) -> Vec<Cells> {
    let event = &row.event;
    let Some(kind) = tracking_event(event) else { return Vec::new() };
    let places = places(event, kind);
    let (mut lines, others) = lines(event);
    if lines.is_empty() {
        lines.push(Line::default());
    }
    let others = within_cell(&others);
    let (types, numbers) = documents(event);
    let reference = member(event, &["traceabilityLotCodeSourceReference", "tlcSourceReference"]);
    let correction = correction(event);
    let cells = |line: Line| {
        let description = described.of(&product_key(&line)).to_owned();
        [
            kind.name().to_owned(),
            date(event),
            event.event_time_text().to_owned(),
            line.lot,
            if line.product.is_empty() { line.class } else { line.product },
            description,
            line.quantity,
            line.unit,
            line.side.to_owned(),
            places.own.clone(),
            described.of(&places.own).to_owned(),
            places.from.clone(),
            described.of(&places.from).to_owned(),
            places.to.clone(),
            described.of(&places.to).to_owned(),
            source(&places, described),
            reference.clone(),
            types.clone(),
            numbers.clone(),
            others.clone(),
            row.stated_by.clone(),
            correction.clone(),
            row.event_id.clone(),
            row.origin.clone(),
            row.index.to_string(),
            row.leaf_hash.to_string(),
            row.record_time.to_string(),
        ]
        .map(|cell| cut(&cell))
    };
    lines.into_iter().map(cells).collect()
}

fn source(places: &Places, described: &Descriptions<'_>) -> String {
    let description = described.of(&places.source);
    if description.is_empty() {
        return places.source.clone();
    }
    format!("{description} ({})", places.source)
}

/// The day at the place of the event.
fn date(event: &Event) -> String {
    let offset = event.json().get("eventTimeZoneOffset").and_then(Json::as_str);
    let offset = offset.and_then(|text| {
        let (sign, digits) = text.split_at_checked(1)?;
        let (hours, minutes) = digits.split_once(':')?;
        let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
        jiff::tz::Offset::from_seconds(if sign == "-" { -seconds } else { seconds }).ok()
    });
    offset.unwrap_or(jiff::tz::Offset::UTC).to_datetime(event.event_time()).date().to_string()
}

/// The first member of one of these local names, in the event or its ILMD.
fn member(event: &Event, names: &[&str]) -> String {
    let inside = [Some(event.json()), event.ilmd()];
    let members = inside.into_iter().flatten().filter_map(Json::as_object).flatten();
    let is_named =
        |name: &str| names.contains(&name.rsplit([':', '/', '#']).next().unwrap_or(name));
    members
        .filter(|(name, _)| is_named(name))
        .find_map(|(_, value)| value.as_str().or_else(|| value.as_number()))
        .unwrap_or_default()
        .to_owned()
}

fn places(event: &Event, kind: TrackingEvent) -> Places {
    let at = if kind == TrackingEvent::Shipping {
        event.read_point().or_else(|| event.biz_location())
    } else {
        event.biz_location().or_else(|| event.read_point())
    };
    let own = at.unwrap_or_default().to_owned();
    // A location first, then who has it, then whose it is.
    let best = |pairs: Vec<(String, String)>| {
        let rank = |kind: &str| match word(kind).as_str() {
            "location" => 0,
            "possessing_party" => 1,
            _ => 2,
        };
        pairs.into_iter().min_by_key(|(kind, _)| rank(kind)).map(|(_, value)| value)
    };
    let mut from = best(event.sources()).unwrap_or_default();
    let mut to = best(event.destinations()).unwrap_or_default();
    if kind == TrackingEvent::Shipping && from.is_empty() {
        from.clone_from(&own);
    }
    if kind == TrackingEvent::Receiving && to.is_empty() {
        to.clone_from(&own);
    }
    let stated = member(event, &["traceabilityLotCodeSource", "tlcSource"]);
    let source = match stated.is_empty() {
        false => stated,
        true if kind.assigns_lots() => own.clone(),
        true => String::new(),
    };
    Places { own, from, to, source }
}

/// Lots and classes with their quantities, and the things that have none.
fn lines(event: &Event) -> (Vec<Line>, Vec<String>) {
    let sides: &[(&str, &str, &'static str)] = match event.kind() {
        EventKind::Transformation => &[
            ("inputEPCList", "inputQuantityList", "input"),
            ("outputEPCList", "outputQuantityList", "output"),
        ],
        EventKind::Object | EventKind::Transaction => &[("epcList", "quantityList", "")],
        EventKind::Aggregation | EventKind::Association => {
            &[("childEPCs", "childQuantityList", "")]
        }
    };
    // What an ILMD says of a lot, it says of all that the event makes.
    let stated_lot = member(event, &["lotNumber", "traceabilityLotCode"]);
    let mut others: Vec<String> = event.parent_id().map(str::to_owned).into_iter().collect();
    let mut lines = Vec::new();
    for (things, classes, side) in sides {
        let has_lot = *side != "input";
        let stated_lot = if has_lot { stated_lot.as_str() } else { "" };
        lines.extend(quantities(event.json(), classes, side, stated_lot));
        let mut counted: BTreeMap<String, u64> = BTreeMap::new();
        let list = event.json().get(things).and_then(Json::as_array).unwrap_or_default();
        for thing in list.iter().filter_map(Json::as_str) {
            match gtin_of(thing) {
                Some(gtin) => *counted.entry(gtin).or_default() += 1,
                None => others.push(thing.to_owned()),
            }
        }
        lines.extend(counted.into_iter().map(|(gtin, count)| Line {
            class: format!("https://id.gs1.org/01/{gtin}"),
            product: gtin,
            lot: stated_lot.to_owned(),
            quantity: count.to_string(),
            unit: "EA".to_owned(),
            side,
        }));
    }
    (lines, others)
}

/// The GTIN of an item in any spelling.
fn gtin_of(thing: &str) -> Option<String> {
    let key = epc::gs1_thing_key(thing)?;
    let rest = key.strip_prefix("https://id.gs1.org/01/")?;
    rest.get(..14).map(str::to_owned)
}

fn quantities(json: &Json, list: &str, side: &'static str, stated_lot: &str) -> Vec<Line> {
    let list = json.get(list).and_then(Json::as_array).unwrap_or_default();
    let line = |element: &Json| {
        let class = element.get("epcClass")?.as_str()?;
        let number = element.get("quantity").and_then(Json::as_number).unwrap_or_default();
        let unit = element.get("uom").and_then(Json::as_str);
        let (product, lot) = product_and_lot(class);
        Some(Line {
            class: class.to_owned(),
            product,
            lot: lot.unwrap_or_else(|| stated_lot.to_owned()),
            quantity: number.to_owned(),
            unit: match unit {
                Some(unit) => unit.to_owned(),
                // Without a unit a quantity counts pieces; without a quantity nothing is counted.
                None if number.is_empty() => String::new(),
                None => "EA".to_owned(),
            },
            side,
        })
    };
    list.iter().filter_map(line).collect()
}

/// GTIN and lot of a class, in any spelling; nothing of one that has none.
fn product_and_lot(class: &str) -> (String, Option<String>) {
    if let Ok(class) = EpcClass::from_uri(class) {
        return (class.gtin14(), class.lot().map(str::to_owned));
    }
    let key = epc::thing_key(class);
    let Ok(link) = epc::parse_digital_link(&key) else { return (String::new(), None) };
    if link.primary != "01" {
        return (String::new(), None);
    }
    let lot = link.qualifier("10").map(str::to_owned);
    (link.value, lot)
}

/// Types and numbers of the documents, in the order of the event.
fn documents(event: &Event) -> (String, String) {
    let (mut types, mut numbers) = (Vec::new(), Vec::new());
    for (kind, number) in event.biz_transactions() {
        types.push(kind.map(|kind| word(&kind)).unwrap_or_default());
        numbers.push(number);
    }
    (types.join("; "), numbers.join("; "))
}

/// What the event says against itself: that it was wrong, and what stands in its place.
fn correction(event: &Event) -> String {
    let mut parts = Vec::new();
    if let Some(declared) = event.json().get("errorDeclaration") {
        let text = |name: &str| declared.get(name).and_then(Json::as_str).unwrap_or_default();
        parts.push(format!("declared erroneous {}", text("declarationTime")).trim().to_owned());
        if !text("reason").is_empty() {
            parts.push(format!("reason {}", word(text("reason"))));
        }
        let list = declared.get("correctiveEventIDs").and_then(Json::as_array).unwrap_or_default();
        let ids: Vec<&str> = list.iter().filter_map(Json::as_str).collect();
        if !ids.is_empty() {
            parts.push(format!("corrected by {}", ids.join(" ")));
        }
    }
    if event.biz_step().is_some_and(|step| word(&step) == "void_shipping") {
        parts.push("voids an earlier shipping".to_owned());
    }
    parts.join("; ")
}

/// Names with spaces between, as many as fit into a cell; of the others their number.
fn within_cell(names: &[String]) -> String {
    let mut text = String::new();
    for (place, name) in names.iter().enumerate() {
        if text.chars().count() + name.chars().count() + 60 > MOST_CHARACTERS {
            let more = names.len() - place;
            text += " and ";
            text += &more.to_string();
            text += " more that the event names";
            break;
        }
        if place > 0 {
            text.push(' ');
        }
        text.push_str(name);
    }
    text
}

/// A text as far as a cell takes it.
fn cut(text: &str) -> String {
    text.chars().take(MOST_CHARACTERS).collect()
}

#[cfg(test)]
mod tests;
