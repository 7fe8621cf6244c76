//! The way of a thing: its places in the order of time, each with its position, and a map of them.
//!
//! What holds: a place stands once where the thing stays; claims, corrected records and those of the lot are no part of the way. A position
//! that nobody states is said to be unknown, one of the site as a whole to be that; while rows are hidden no way between places is sure.
//!
//! Not here: where things lie in the drawing (`inquiry::map`), which position a place has (`history::named`).
//!
//! Source: docs/decisions/0087-places-on-a-map.md.

use history::named::Position;
use inquiry::custody::{Correction, CustodyRow, Knowledge};
use inquiry::map::Map;
use process::language::Language;
use process::vocabulary;

use super::written_time;
use crate::names::{NameView, Names};
use crate::words::inquiry as words;

/// A place on the way of the thing.
#[derive(Debug, Clone)]
pub struct Stop {
    /// Its number, from 1.
    pub number: usize,
    /// What it is called.
    pub place: NameView,
    /// When the thing was first seen there.
    pub at: String,
    /// Where it is, or that this is not known.
    pub position: String,
}

/// The map, with what it shows for whoever does not see it.
#[derive(Debug, Clone)]
pub struct MapView {
    /// The drawing.
    pub drawing: Map,
    /// The places in order.
    pub about: String,
}

/// The places of a way, and their map.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// The places in the order of time.
    pub stops: Vec<Stop>,
    /// The map; none if no position is known.
    pub map: Option<MapView>,
}

impl Way {
    /// The way that rows show, the newest first.
    ///
    /// - `hidden`: how many rows are not shown.
    #[must_use]
    pub fn of(rows: &[CustodyRow], names: &Names, hidden: u64, language: Language) -> Self {
        let mut way = Self::default();
        let mut last = String::new();
        let mut positions: Vec<Option<Position>> = Vec::new();
        for row in rows.iter().rev().filter(|row| counts(row)) {
            let site = epc::site_key(&row.place);
            if site == last {
                continue;
            }
            last = site;
            let found = names.position(&row.place);
            positions.push(found.map(|(position, _)| position));
            way.stops.push(Stop {
                number: positions.len(),
                place: names.place(&row.place),
                at: written_time(row.at, &row.at_text),
                position: position_text(found, language),
            });
        }
        way.map = Map::of(&positions).map(|drawing| {
            let name = |stop: &Stop| {
                let NameView { name, code, .. } = &stop.place;
                format!("{} {}", stop.number, if name.is_empty() { code } else { name })
            };
            let about: Vec<String> = way.stops.iter().map(name).collect();
            let drawing = if hidden > 0 { unsure(drawing) } else { drawing };
            MapView { drawing, about: about.join(" → ") }
        });
        way
    }
}

/// Whether a row says where the thing was.
fn counts(row: &CustodyRow) -> bool {
    let is_wrong =
        matches!(row.correction, Some(Correction::DeclaredWrong(_) | Correction::Declares(..)));
    !row.place.is_empty() && !row.is_of_lot && row.known != Knowledge::Claimed && !is_wrong
}

fn position_text(found: Option<(Position, bool)>, language: Language) -> String {
    let texts = words::texts(language);
    let Some((at, is_of_site)) = found else { return texts.no_position.to_owned() };
    let text = vocabulary::position(at.latitude, at.longitude, language);
    if is_of_site { format!("{text} · {}", texts.of_site) } else { text }
}

/// The same map with no way that is sure.
fn unsure(map: Map) -> Map {
    Map { unsure: map.ways + &map.unsure, ways: String::new(), ..map }
}
