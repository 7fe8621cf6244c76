//! What an event does to the things it names, as far as traces ([`mod@crate::trace`]) follow it.
//!
//! What holds: an association moves nothing; an aggregation that is only observed says that its children are inside.

use epcis::{Event, EventKind};
use ledger::json::Json;

/// What a thing is in an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// It is put into a container, or taken out.
    Child,
    /// Things are put into it, or taken out.
    Parent,
    /// It is emptied.
    Emptied,
    /// Something is made of it.
    Input,
    /// It is made.
    Output,
    /// It is the id that several events of one transformation have.
    Process,
    /// It is made as part of a lot.
    OfLot,
    /// It is the lot of things that are made.
    Lot,
}

impl Role {
    /// Its number in the tables; it never changes.
    #[must_use]
    pub fn number(self) -> i16 {
        match self {
            Self::Child => 1,
            Self::Parent => 2,
            Self::Emptied => 3,
            Self::Input => 4,
            Self::Output => 5,
            Self::Process => 6,
            Self::OfLot => 7,
            Self::Lot => 8,
        }
    }
}

/// What an event does. Things are named as the event names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Movement {
    /// Children are in a container from now on.
    Packed {
        /// The container.
        parent: String,
        /// What is in it.
        children: Vec<String>,
    },
    /// Children leave a container; all of them if none is named.
    Unpacked {
        /// The container.
        parent: String,
        /// What leaves it.
        children: Vec<String>,
    },
    /// Things are made of others.
    Transformed {
        /// What the events of one transformation have in common.
        process: Option<String>,
        /// Of what.
        inputs: Vec<String>,
        /// What is made.
        outputs: Vec<String>,
    },
    /// Things of lots are made: each lot, and its things.
    Made(Vec<(String, Vec<String>)>),
}

fn texts<'a>(json: &'a Json, list: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let list = json.get(list).and_then(Json::as_array).unwrap_or_default();
    list.iter().filter_map(Json::as_str)
}

/// Single things and classes of two lists.
fn things(json: &Json, single: &str, classes: &str) -> Vec<String> {
    let list = json.get(classes).and_then(Json::as_array).unwrap_or_default();
    let classes = list.iter().filter_map(|element| element.get("epcClass")?.as_str());
    texts(json, single).chain(classes).map(str::to_owned).collect()
}

/// What an event does; none if it moves nothing.
#[must_use]
pub fn movement_of(event: &Event) -> Option<Movement> {
    let json = event.json();
    let text = |name: &str| json.get(name).and_then(Json::as_str);
    match event.kind() {
        EventKind::Aggregation => {
            let parent = text("parentID")?.to_owned();
            let children = things(json, "childEPCs", "childQuantityList");
            match event.action() {
                Some("DELETE") => Some(Movement::Unpacked { parent, children }),
                _ => (!children.is_empty()).then_some(Movement::Packed { parent, children }),
            }
        }
        EventKind::Transformation => Some(Movement::Transformed {
            process: text("transformationID").map(str::to_owned),
            inputs: things(json, "inputEPCList", "inputQuantityList"),
            outputs: things(json, "outputEPCList", "outputQuantityList"),
        }),
        EventKind::Object if event.action() == Some("ADD") => made(json),
        EventKind::Object | EventKind::Transaction | EventKind::Association => None,
    }
}

/// Most lots of one event that are followed.
const MOST_LOTS: usize = 64;

/// Things that are made, by the lot that the event says.
fn made(json: &Json) -> Option<Movement> {
    let lot = json.get("ilmd")?.get("cbvmda:lotNumber")?.as_str()?;
    let mut lots: Vec<(String, Vec<String>)> = Vec::new();
    for item in texts(json, "epcList") {
        let Ok(named) = epc::identify(item) else { continue };
        let Some(class) = epc::EpcClass::lot_of(&named, lot) else { continue };
        let class = class.to_uri();
        // One event makes things of a few classes; of very many the rest is left out of traces.
        if let Some((_, items)) = lots.iter_mut().find(|(known, _)| *known == class) {
            items.push(item.to_owned());
        } else if lots.len() < MOST_LOTS {
            lots.push((class, vec![item.to_owned()]));
        }
    }
    (!lots.is_empty()).then_some(Movement::Made(lots))
}

/// What the projection stores of an event: the keys of the things that it moves, and what they are.
#[must_use]
pub fn links_of(event: &Event) -> Vec<(i64, Role)> {
    let mut links = Vec::new();
    let mut add = |things: &[String], role: Role| {
        links.extend(things.iter().map(|thing| (sql::items::key(thing), role)));
    };
    match movement_of(event) {
        None => {}
        Some(Movement::Packed { parent, children }) => {
            add(&[parent], Role::Parent);
            add(&children, Role::Child);
        }
        Some(Movement::Unpacked { parent, children }) => {
            add(&[parent], if children.is_empty() { Role::Emptied } else { Role::Parent });
            add(&children, Role::Child);
        }
        Some(Movement::Transformed { process, inputs, outputs }) => {
            add(process.as_slice(), Role::Process);
            add(&inputs, Role::Input);
            add(&outputs, Role::Output);
        }
        Some(Movement::Made(lots)) => {
            for (lot, items) in lots {
                add(&[lot], Role::Lot);
                add(&items, Role::OfLot);
            }
        }
    }
    links.sort_unstable();
    links.dedup();
    links
}

#[cfg(test)]
mod tests {
    use ledger::json::object;

    use super::*;
    use crate::testing::{CASE, ITEM, LOT, object_event, packing_event};

    const AT: &str = "2026-11-20T08:00:00.000+08:00";

    fn roles(event: Json) -> Vec<Role> {
        let event = Event::of_record(event).unwrap();
        let mut roles: Vec<Role> = links_of(&event).into_iter().map(|(_, role)| role).collect();
        roles.sort_unstable();
        roles
    }

    #[test]
    fn aggregations_move_and_associations_do_not() {
        let pack = |action| packing_event(AT, action, CASE, &[ITEM]).record().json().clone();
        assert_eq!(roles(pack("ADD")), [Role::Child, Role::Parent]);
        assert_eq!(roles(pack("DELETE")), [Role::Child, Role::Parent]);
        let emptied = packing_event(AT, "DELETE", CASE, &[]).record().json().clone();
        assert_eq!(roles(emptied), [Role::Emptied]);
        let mut association = pack("ADD");
        association.set("type", Json::from("AssociationEvent"));
        assert_eq!(roles(association), []);
    }

    #[test]
    fn a_commissioning_with_a_lot_links_the_lot_with_its_items() {
        let made = object_event(AT, "commissioning").lot("L1", "2099-12-31").record();
        let event = Event::of_record(made.json().clone()).unwrap();
        let mut expected =
            vec![(sql::items::key(ITEM), Role::OfLot), (sql::items::key(LOT), Role::Lot)];
        expected.sort_unstable();
        assert_eq!(links_of(&event), expected);
        assert_eq!(roles(object_event(AT, "storing").record().json().clone()), []);
    }

    #[test]
    fn inputs_and_outputs_may_be_classes_and_share_an_id() {
        let list = |uri: &str| Json::Array(vec![Json::from(uri)]);
        let quantity = Json::Array(vec![object([("epcClass", Json::from(LOT))])]);
        let event = object([
            ("type", Json::from("TransformationEvent")),
            ("eventTime", Json::from(AT)),
            ("inputQuantityList", quantity),
            ("outputEPCList", list(ITEM)),
            ("transformationID", Json::from("urn:uuid:7")),
        ]);
        assert_eq!(roles(event), [Role::Input, Role::Output, Role::Process]);
    }
}
