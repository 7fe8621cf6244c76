//! What `access` must know of an event to say whether a reader may see it.
//!
//! The way through: [`sees`] asks about an event as a projection leads to it, [`sees_record`] about the record of an item's history.
//!
//! What holds: everything that the event names counts: who stated it, sources and destinations, each thing and class in every
//! list, each place. Both ways give the same answer.
//!
//! Not here: the decision (`access`).
//!
//! Source: decisions 0058 and 0061.

use access::{Facts, Sight};
use epcis::Event;
use ledger::json::Json;

use crate::known_record::KnownRecord;

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
    covers(sight, by, event, &things(event.json()))
}

/// Whether a caller may see the event of a record; one that is no event nobody sees.
#[must_use]
pub fn sees_record(sight: &Sight, record: &KnownRecord) -> bool {
    let view = record.view();
    let Some(event) = Event::of_record(view.event()) else { return false };
    let names: Vec<_> = record.all_names().collect();
    let things: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    covers(sight, view.stated_by(), &event, &things)
}

fn covers(sight: &Sight, by: &str, event: &Event, things: &[&str]) -> bool {
    let (sources, destinations) = (event.sources(), event.destinations());
    let named = sources.iter().chain(&destinations).map(|(_, value)| value.as_str());
    let parties: Vec<&str> = [by].into_iter().filter(|by| !by.is_empty()).chain(named).collect();
    let places: Vec<&str> =
        [event.read_point(), event.biz_location()].into_iter().flatten().collect();
    let facts =
        Facts { parties: &parties, things, places: &places, event_time: event.event_time() };
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

#[cfg(test)]
mod tests {
    use access::{Act, Decision, Grant, Identity, Means, Role, Scope, decide};
    use jiff::Timestamp;
    use ledger::record::Record;

    use super::*;
    use crate::testing::{
        CASE, CENTRE, FACTORY, ITEM, LOT, excursion_event, object_event, packing_event,
    };

    fn sight(scope: Scope) -> Sight {
        let grant = Grant::new(Role::Regulator, scope, None).unwrap();
        let who = Identity { subject: "r".into(), means: Means::Session, grants: vec![grant] };
        match decide(Some(&who), Act::QueryEvents, Timestamp::UNIX_EPOCH) {
            Decision::Allowed(sight) => sight,
            Decision::Refused { why, .. } => panic!("{why}"),
        }
    }

    fn both(record: &Record, sight: &Sight) -> bool {
        let known = KnownRecord::of(record.clone(), Some([1; 16]));
        let event = Event::of_record(crate::record_view::RecordView::of(record.json()).event());
        let by = crate::record_view::RecordView::of(record.json()).stated_by();
        let direct = sees(sight, by, &event.unwrap());
        assert_eq!(sees_record(sight, &known), direct, "{}", record.text());
        direct
    }

    #[test]
    fn a_record_whose_long_list_was_packed_away_is_judged_by_all_it_names() {
        let many: Vec<String> =
            (0..1700).map(|serial| format!("urn:epc:id:sgtin:9506000.134352.{serial}")).collect();
        let mut many: Vec<&str> = many.iter().map(String::as_str).collect();
        many.push(ITEM);
        let packing =
            packing_event("2026-11-20T09:00:00Z", "ADD", CASE, &many).at(FACTORY).record();
        let lot = excursion_event("2026-11-20T08:00:00Z", "2026-11-20T09:00:00Z", "9.2").record();
        let own = |what: &str| sight(Scope::default().with_product(what).unwrap());
        assert!(both(&packing, &own("urn:epc:id:sgtin:4012345.011111.9876")));
        assert!(both(&packing, &own("950600034352")) == both(&packing, &own("950600")));
        assert!(both(&packing, &own("950600")));
        assert!(!both(&packing, &own("9521141")));
        assert!(both(&lot, &own(LOT)));
    }

    #[test]
    fn places_parties_and_times_count_alike() {
        let event = object_event("2026-11-20T08:00:00Z", "storing").at(CENTRE).with(
            "chopmark:by",
            ledger::json::object([("pgln", "urn:epc:id:pgln:4012345.00000".into())]),
        );
        let record = event.record();
        for (scope, expected) in [
            (Scope::default().with_jurisdiction(CENTRE).unwrap(), true),
            (Scope::default().with_jurisdiction(FACTORY).unwrap(), false),
            (Scope::default().with_party("urn:epc:id:pgln:4012345.00000").unwrap(), true),
            (Scope::default().with_party("urn:epc:id:pgln:4055555.00000").unwrap(), false),
            (
                Scope::default()
                    .with_period(Some("2026-11-21T00:00:00Z".parse().unwrap()), None)
                    .unwrap(),
                false,
            ),
        ] {
            assert_eq!(both(&record, &sight(scope.clone())), expected, "{scope:?}");
        }
    }
}
