//! The map of a journey: its places on an outline of the continents, drawn by the server, and the same as a list.
//!
//! What holds: a place is no finer on the map than its city; one whose position nobody says is in the list, which says so, and not on the
//! map. The outline is a file beside the page, so the page stays small and nothing is loaded from elsewhere.
//!
//! Not here: where things lie in the drawing (`inquiry::map`), which position a place has (`history::named`).
//!
//! Source: docs/decisions/0087-places-on-a-map.md.

use history::named::Position;
use inquiry::map::Map;
use process::vocabulary;

use crate::assets;
use crate::language::Language;
use crate::words::journey as text;

/// A map with its texts.
#[derive(Debug, Clone)]
pub struct JourneyMap {
    /// The drawing.
    pub drawing: Map,
    /// Path of the outline.
    pub outline: String,
    /// What it shows, for whoever does not see it.
    pub about: String,
    /// A line for each place, in order of time: name and position.
    pub places: Vec<(String, String)>,
}

impl JourneyMap {
    /// The map of these places, in order of time; none if no position is known.
    #[must_use]
    pub fn of(stops: &[(&str, Option<Position>)], language: Language) -> Option<Self> {
        let positions: Vec<_> = stops.iter().map(|(_, position)| *position).collect();
        let line = |(name, position): &(&str, Option<Position>)| {
            let position = position.map_or_else(
                || language.of(text::NO_POSITION).to_owned(),
                |at| vocabulary::position(at.latitude, at.longitude, language),
            );
            ((*name).to_owned(), position)
        };
        let names: Vec<&str> = stops.iter().map(|(name, _)| *name).collect();
        Some(Self {
            drawing: Map::of(&positions)?,
            outline: assets::path("outline.svg"),
            about: names.join(" → "),
            places: stops.iter().map(line).collect(),
        })
    }
}
