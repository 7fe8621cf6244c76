//! What `access` must know of an event to say whether a caller may see it.
//!
//! What holds: everything that the event names counts: who stated it, sources and destinations, each thing and class in every
//! list, each place.
//!
//! Not here: the decision (`access`).
//!
//! Source: decisions 0058 and 0061.

use access::{Facts, Sight};
use epcis::Event;
use ledger::json::Json;

/// Lists of things.
const THINGS: [&str; 4] = ["epcList", "childEPCs", "inputEPCList", "outputEPCList"];
/// Lists of classes with quantities.
const CLASSES: [&str; 4] =
    ["quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"];

/// Whether a caller may see an event.
///
/// - `by`: PGLN of the party that stated it; empty if its record does not say.
#[must_use]
pub fn sees(sight: &Sight, by: &str, event: &Event) -> bool {
    let (sources, destinations) = (event.sources(), event.destinations());
    let named = sources.iter().chain(&destinations).map(|(_, value)| value.as_str());
    let parties: Vec<&str> = [by].into_iter().filter(|by| !by.is_empty()).chain(named).collect();
    let places: Vec<&str> =
        [event.read_point(), event.biz_location()].into_iter().flatten().collect();
    let facts = Facts {
        parties: &parties,
        things: &things(event.json()),
        places: &places,
        event_time: event.event_time(),
    };
    sight.sees(&facts)
}

/// Every thing and class that an event names, as it names them.
fn things(json: &Json) -> Vec<&str> {
    let list = |name: &str| json.get(name).and_then(Json::as_array).unwrap_or_default();
    let things = THINGS.iter().flat_map(|name| list(name)).filter_map(Json::as_str);
    let classes = CLASSES.iter().flat_map(|name| list(name));
    let classes = classes.filter_map(|element| element.get("epcClass")?.as_str());
    let parent = json.get("parentID").and_then(Json::as_str);
    things.chain(classes).chain(parent).collect()
}
