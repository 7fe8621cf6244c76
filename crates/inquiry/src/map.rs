//! The places of a journey on an outline of the continents, as the parts of a drawing.
//!
//! The way through: [`Map::of`] takes the positions of the places in the order in which they were reached; it finds the part of the globe that
//! shows them all, and gives points, ways and where the outline lies. Pages draw that as SVG; [`OUTLINE`] is served beside them.
//!
//! What holds:
//!
//! - a place without a known position is not drawn, and a way that leads over it is drawn as unsure;
//! - at least `LEAST_DEGREES` are shown, because the outline is no finer; places that would cover one another share a point;
//! - pure, and total: whatever the positions are, every number of the drawing is finite.
//!
//! Not here: which position a place has (`history::named`), words, SVG (`desk`, `trace-api`).
//!
//! Source: docs/decisions/0087-places-on-a-map.md; the outline is made by `scripts/outline.mjs` from Natural Earth (public domain).

use std::fmt::Write as _;

use history::named::Position;

/// The outline of the continents: an SVG file of 360 by 180 degrees, from 180 degrees west and 90 degrees north.
pub const OUTLINE: &str = include_str!("../assets/outline.svg");
/// Width of a drawing, in its own units.
pub const WIDTH: f64 = 640.0;
/// Height of a drawing.
pub const HEIGHT: f64 = 320.0;
/// Fewest degrees of latitude, or of longitude at the equator, that are shown from left to right.
const LEAST_DEGREES: f64 = 20.0;
/// How much more is shown than the places need.
const MARGIN: f64 = 1.4;
/// Two places that are nearer than this share a point, in units of the drawing.
const APART: f64 = 26.0;

/// A point of the drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
    /// Numbers of its places, from 1: `2` or `2, 3`.
    pub numbers: String,
}

/// Where the outline lies in the drawing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutlinePlace {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

/// A drawing, [`WIDTH`] by [`HEIGHT`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map {
    /// The outline; twice where the drawing goes over 180 degrees.
    pub outlines: Vec<OutlinePlace>,
    /// The places.
    pub points: Vec<Point>,
    /// Ways between places that follow one another, as the data of an SVG path; empty if there are none.
    pub ways: String,
    /// Ways over places of which no position is known.
    pub unsure: String,
}

/// The part of the globe that is shown: longitudes are shrunk by the cosine of the latitude in the middle.
struct Frame {
    left: f64,
    top: f64,
    shrunk: f64,
    scale: f64,
}

impl Frame {
    fn of(places: &[Position]) -> Self {
        let bounds = |of: fn(&Position) -> f64| {
            let all = places.iter().map(of);
            all.fold((f64::MAX, f64::MIN), |(low, high), one| (low.min(one), high.max(one)))
        };
        let ((south, north), (west, east)) = (bounds(|p| p.latitude), bounds(|p| p.longitude));
        let shrunk = f64::midpoint(south, north).to_radians().cos().max(0.2);
        let wide = (east - west) * shrunk * MARGIN;
        let high = (north - south) * MARGIN * WIDTH / HEIGHT;
        let shown = wide.max(high).max(LEAST_DEGREES);
        let (middle_x, middle_y) =
            (f64::midpoint(west, east) * shrunk, -f64::midpoint(south, north));
        let left = middle_x - shown / 2.0;
        let top = middle_y - shown / 2.0 * HEIGHT / WIDTH;
        Self { left, top, shrunk, scale: WIDTH / shown }
    }

    fn point(&self, place: Position) -> (f64, f64) {
        let x = (place.longitude * self.shrunk - self.left) * self.scale;
        (rounded(x), rounded((-place.latitude - self.top) * self.scale))
    }

    /// The outline, as often as a part of it is seen.
    fn outlines(&self) -> Vec<OutlinePlace> {
        let (_, y) = self.point(Position { latitude: 90.0, longitude: 0.0 });
        let width = rounded(360.0 * self.shrunk * self.scale);
        let all = [-540.0, -180.0, 180.0].map(|longitude| {
            let (x, _) = self.point(Position { latitude: 90.0, longitude });
            OutlinePlace { x, y, width, height: rounded(180.0 * self.scale) }
        });
        all.into_iter().filter(|one| one.x < WIDTH && one.x + one.width > 0.0).collect()
    }
}

/// To a tenth: finer than what is seen.
fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// The same positions on the side of 180 degrees on which they lie closest together.
fn unwrapped(places: &[Option<Position>]) -> Vec<Option<Position>> {
    let east = |place: Position| {
        let more = if place.longitude < 0.0 { 360.0 } else { 0.0 };
        Position { longitude: place.longitude + more, ..place }
    };
    let turned: Vec<Option<Position>> = places.iter().map(|place| place.map(east)).collect();
    let span = |all: &[Option<Position>]| {
        let known = all.iter().flatten().map(|place| place.longitude);
        let (low, high) =
            known.fold((f64::MAX, f64::MIN), |(low, high), one| (low.min(one), high.max(one)));
        high - low
    };
    if span(&turned) < span(places) { turned } else { places.to_vec() }
}

impl Map {
    /// The drawing of these places, in the order in which they were reached; none if no position is known.
    #[must_use]
    pub fn of(places: &[Option<Position>]) -> Option<Self> {
        let places = unwrapped(places);
        let known: Vec<Position> = places.iter().flatten().copied().collect();
        if known.is_empty() {
            return None;
        }
        let frame = Frame::of(&known);
        let mut map = Self { outlines: frame.outlines(), ..Self::default() };
        let mut last: Option<(usize, (f64, f64))> = None;
        for (place, position) in places.iter().enumerate() {
            let Some(point) = position.map(|position| frame.point(position)) else { continue };
            if let Some((before, from)) = last.replace((place, point)) {
                let ways = if before + 1 == place { &mut map.ways } else { &mut map.unsure };
                // Writing to a text cannot fail.
                _ = write!(ways, "M{} {}L{} {}", from.0, from.1, point.0, point.1);
            }
            map.add(point, place + 1);
        }
        Some(map)
    }

    /// Adds a place to the point that is there, or as a new one.
    fn add(&mut self, (x, y): (f64, f64), number: usize) {
        let is_near = |point: &&mut Point| (point.x - x).hypot(point.y - y) < APART;
        match self.points.iter_mut().find(is_near) {
            Some(point) => _ = write!(point.numbers, ", {number}"),
            None => self.points.push(Point { x, y, numbers: number.to_string() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(latitude: f64, longitude: f64) -> Position {
        Position { latitude, longitude }
    }

    #[test]
    fn places_lie_inside_the_drawing_and_north_is_up() {
        let map =
            Map::of(&[at(30.25, 120.17), at(31.19, 121.7), at(52.5, 13.4)].map(Some)).unwrap();
        assert_eq!(map.points.len(), 2, "Hangzhou and Shanghai share a point: {:?}", map.points);
        assert_eq!(map.points[0].numbers, "1, 2");
        assert!(map.points[1].x < map.points[0].x && map.points[1].y < map.points[0].y);
        assert_eq!((map.ways.matches('L').count(), &*map.unsure), (2, ""));
        let near = Map::of(&[at(30.25, 120.17), at(31.19, 121.7)].map(Some)).unwrap();
        assert_eq!(near.points.len(), 2);
        assert_eq!(near.outlines.len(), 1);
    }

    #[test]
    fn a_place_that_nobody_knows_is_not_drawn_and_the_way_over_it_is_unsure() {
        let map = Map::of(&[Some(at(30.0, 120.0)), None, Some(at(40.0, 116.0)), None]).unwrap();
        let numbers: Vec<&str> = map.points.iter().map(|point| &*point.numbers).collect();
        assert_eq!(numbers, ["1", "3"]);
        assert_eq!((&*map.ways, map.unsure.matches('L').count()), ("", 1));
        assert_eq!(Map::of(&[None, None]), None);
        assert_eq!(Map::of(&[]), None);
    }

    #[test]
    fn a_way_over_180_degrees_is_short() {
        let map = Map::of(&[at(-17.8, 178.0), at(-13.8, -171.8)].map(Some)).unwrap();
        let [fiji, samoa] = &map.points[..] else { panic!("{map:?}") };
        assert!(fiji.x < samoa.x && samoa.x - fiji.x < WIDTH, "{map:?}");
        assert_eq!(map.outlines.len(), 2);
    }

    #[test]
    fn the_outline_is_a_drawing_of_our_own_and_small() {
        assert!(OUTLINE.starts_with("<svg ") && OUTLINE.len() < 30_000);
        for foreign in ["<script", "href", "url(", "style"] {
            assert!(!OUTLINE.contains(foreign), "{foreign}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_positions_are_all_of_them_are_seen(
            places in proptest::collection::vec(
                proptest::option::of((-90.0..=90.0f64, -180.0..=180.0f64)), 1..12)
        ) {
            let places: Vec<Option<Position>> =
                places.into_iter().map(|place| place.map(|(n, e)| at(n, e))).collect();
            let Some(map) = Map::of(&places) else { return Ok(()) };
            for point in &map.points {
                prop_assert!((0.0..=WIDTH).contains(&point.x), "{:?}", point);
                prop_assert!((0.0..=HEIGHT).contains(&point.y), "{:?}", point);
            }
            prop_assert!(!map.outlines.is_empty());
        }
    }
}
