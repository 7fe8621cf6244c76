//! The walk from thing to thing: no I/O, it says which links it needs, is given the events that they lead to, and goes on.
//!
//! What holds: the work of a level is that of the names in the events that were read; of a transformation each input is led to
//! the transformation and this to each output, so that no pair of them is written down.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use sql::events::{LinkRow, MOST_OF_A_THING};

use super::found::{Direction, Kind, Line, Source, Span, Trace};
use super::things::{Thing, Things};
use crate::movement::{Movement, Role};

/// Which links are needed next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// Keys of things.
    pub things: Vec<i64>,
    /// What they are in the events, as numbers.
    pub roles: Vec<i16>,
}

/// An event that moves something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedEvent {
    /// Which event.
    pub source: Source,
    /// What it does.
    pub movement: Movement,
}

/// What an event does, by numbers of things.
#[derive(Debug)]
enum Step {
    Packed(Thing, Vec<Thing>),
    Unpacked(Thing, Vec<Thing>),
    Transformed { process: Thing, inputs: Vec<Thing>, outputs: Vec<Thing> },
    Made(Vec<(Thing, Vec<Thing>)>),
}

/// What is asked for next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Links,
    /// When the containers of the frontier were emptied.
    Emptied,
    Done,
}

/// A line before its names are written out.
#[derive(Debug)]
struct Found {
    kind: Kind,
    from: Thing,
    to: Thing,
    depth: u32,
    span: Span,
    is_inferred: bool,
    begun_by: usize,
    ended_by: Option<usize>,
}

/// A walk.
#[derive(Debug)]
pub struct Walk {
    direction: Direction,
    /// Levels that are left.
    levels: u32,
    most_things: usize,
    depth: u32,
    phase: Phase,
    things: Things,
    sources: Vec<Source>,
    steps: Vec<Step>,
    /// Which events were asked for, by position.
    known: HashSet<u64>,
    /// Events that name a thing.
    of_thing: HashMap<Thing, Vec<usize>>,
    reached: HashMap<Thing, Span>,
    frontier: Vec<Thing>,
    emptied: HashSet<Thing>,
    lines: Vec<Found>,
    seen: HashSet<(Kind, Thing, Thing, usize)>,
    next: BTreeSet<Thing>,
    is_cut: bool,
}

impl Walk {
    /// Begins at a thing.
    ///
    /// - `levels`: how far it goes.
    /// - `most_things`: it ends when it has met so many.
    #[must_use]
    pub fn new(start: &str, direction: Direction, levels: u32, most_things: usize) -> Self {
        let mut things = Things::default();
        let first = things.of(start);
        Self {
            direction,
            levels,
            most_things,
            depth: 1,
            phase: Phase::Links,
            things,
            sources: Vec::new(),
            steps: Vec::new(),
            known: HashSet::new(),
            of_thing: HashMap::new(),
            reached: [(first, Span::ALWAYS)].into(),
            frontier: vec![first],
            emptied: HashSet::new(),
            lines: Vec::new(),
            seen: HashSet::new(),
            next: BTreeSet::new(),
            is_cut: false,
        }
    }

    fn goes(&self, direction: Direction) -> bool {
        self.direction == direction || self.direction == Direction::Neighbourhood
    }

    /// Which links are needed next; none at the end.
    pub fn needs(&mut self) -> Option<Needs> {
        loop {
            if self.phase == Phase::Done || self.depth > self.levels || self.frontier.is_empty() {
                return None;
            }
            if self.phase == Phase::Links {
                let mut roles = vec![Role::Process];
                if self.goes(Direction::Forward) {
                    roles.extend([Role::Child, Role::Input, Role::Lot]);
                }
                if self.goes(Direction::Back) {
                    roles.extend([Role::Parent, Role::Emptied, Role::Output, Role::OfLot]);
                }
                let things = self.frontier.iter().map(|thing| self.things.key(*thing)).collect();
                return Some(Needs {
                    things,
                    roles: roles.into_iter().map(Role::number).collect(),
                });
            }
            let asked: Vec<Thing> =
                self.containers().into_iter().filter(|thing| self.emptied.insert(*thing)).collect();
            if !asked.is_empty() {
                let things = asked.iter().map(|thing| self.things.key(*thing)).collect();
                return Some(Needs { things, roles: vec![Role::Emptied.number()] });
            }
            self.end_level();
        }
    }

    /// Takes the links that were found; gives the positions of events that were not asked for yet, in order.
    pub fn take_links(&mut self, links: &[LinkRow]) -> Vec<u64> {
        let mut counts: HashMap<i64, u32> = HashMap::new();
        for link in links {
            let count = counts.entry(link.thing).or_default();
            *count += 1;
            self.is_cut |= *count >= MOST_OF_A_THING;
        }
        let mut positions: Vec<u64> = links.iter().map(|link| link.position).collect();
        positions.sort_unstable();
        positions.dedup();
        positions.retain(|position| self.known.insert(*position));
        positions
    }

    /// There was more than was taken.
    pub fn cut(&mut self) {
        self.is_cut = true;
    }

    /// Takes the events that were asked for, as far as there are any, and goes on.
    pub fn take_events(&mut self, events: Vec<TracedEvent>) {
        for event in events {
            self.add(event);
        }
        match self.phase {
            Phase::Links if self.goes(Direction::Forward) => self.phase = Phase::Emptied,
            Phase::Links | Phase::Emptied => self.end_level(),
            Phase::Done => {}
        }
    }

    fn add(&mut self, event: TracedEvent) {
        let place = self.sources.len();
        let id = event.source.event_id.clone();
        self.sources.push(event.source);
        let mut named: Vec<Thing> = Vec::new();
        let mut all = |uris: &[String]| -> Vec<Thing> {
            let things: Vec<Thing> = uris.iter().map(|uri| self.things.of(uri)).collect();
            named.extend(&things);
            things
        };
        let step = match event.movement {
            Movement::Packed { parent, children } => {
                Step::Packed(all(&[parent])[0], all(&children))
            }
            Movement::Unpacked { parent, children } => {
                Step::Unpacked(all(&[parent])[0], all(&children))
            }
            Movement::Transformed { process, inputs, outputs } => {
                let process = all(&[process.unwrap_or(id)])[0];
                Step::Transformed { process, inputs: all(&inputs), outputs: all(&outputs) }
            }
            Movement::Made(lots) => {
                let lots = lots.into_iter().map(|(lot, items)| (all(&[lot])[0], all(&items)));
                Step::Made(lots.collect())
            }
        };
        named.sort_unstable();
        named.dedup();
        for thing in named {
            self.of_thing.entry(thing).or_default().push(place);
        }
        self.steps.push(step);
        self.is_cut |= self.things.len() > self.most_things;
    }

    /// Events of the things of the frontier, each once, in order of time.
    fn around(&self) -> Vec<usize> {
        let events = self.frontier.iter().filter_map(|thing| self.of_thing.get(thing)).flatten();
        let mut events: Vec<usize> = events.copied().collect();
        events.sort_unstable_by_key(|place| self.order(*place));
        events.dedup();
        events
    }

    fn order(&self, place: usize) -> (Timestamp, u64) {
        let source = &self.sources[place];
        (source.at, source.position)
    }

    /// Containers into which things of the frontier were put or from which they were taken.
    fn containers(&self) -> BTreeSet<Thing> {
        let steps = self.around().into_iter().map(|place| &self.steps[place]);
        let containers = steps.filter_map(|step| match step {
            Step::Packed(parent, _) | Step::Unpacked(parent, _) => Some(*parent),
            Step::Transformed { .. } | Step::Made(_) => None,
        });
        containers.collect()
    }

    /// Everything that the frontier leads to.
    fn end_level(&mut self) {
        let frontier: HashSet<Thing> = self.frontier.iter().copied().collect();
        for place in self.around() {
            let at = self.sources[place].at;
            match std::mem::replace(&mut self.steps[place], Step::Made(Vec::new())) {
                Step::Transformed { process, inputs, outputs } => {
                    self.transform((place, at), process, (&inputs, &outputs), &frontier);
                    self.steps[place] = Step::Transformed { process, inputs, outputs };
                }
                Step::Made(lots) => {
                    self.make((place, at), &lots, &frontier);
                    self.steps[place] = Step::Made(lots);
                }
                packed => self.steps[place] = packed,
            }
        }
        for container in self.containers() {
            self.fold(container, &frontier);
        }
        self.depth += 1;
        let is_full = self.things.len() > self.most_things;
        self.phase = if is_full { Phase::Done } else { Phase::Links };
        self.frontier = std::mem::take(&mut self.next).into_iter().collect();
    }

    /// A step of a transformation: inputs to it, it to its outputs.
    fn transform(
        &mut self,
        (place, at): (usize, Timestamp),
        process: Thing,
        (inputs, outputs): (&[Thing], &[Thing]),
        frontier: &HashSet<Thing>,
    ) {
        let is_there = |walk: &Self, thing: &Thing| {
            frontier.contains(thing) && walk.reached.get(thing).is_some_and(|span| span.has(at))
        };
        let is_inferred = outputs.len() > 1;
        let line = |walk: &mut Self, from: Thing, to: Thing, is_inferred: bool| {
            let span = Span { from: at, until: Timestamp::MAX };
            walk.line((Kind::Transformation, from, to), span, is_inferred, (place, None));
        };
        if self.goes(Direction::Forward) {
            let after = Span { from: at, until: Timestamp::MAX };
            let from: Vec<Thing> =
                inputs.iter().copied().filter(|thing| is_there(self, thing)).collect();
            for input in &from {
                line(self, *input, process, false);
            }
            if !from.is_empty() || is_there(self, &process) {
                self.reach(process, after);
                for output in outputs {
                    line(self, process, *output, is_inferred);
                    self.reach(*output, after);
                }
            }
        }
        if self.goes(Direction::Back) {
            let before = Span { from: Timestamp::MIN, until: at };
            let to: Vec<Thing> =
                outputs.iter().copied().filter(|thing| is_there(self, thing)).collect();
            for output in &to {
                line(self, process, *output, is_inferred);
            }
            if !to.is_empty() || is_there(self, &process) {
                self.reach(process, before);
                for input in inputs {
                    line(self, *input, process, false);
                    self.reach(*input, before);
                }
            }
        }
    }

    /// Things that were made as part of lots.
    fn make(
        &mut self,
        (place, at): (usize, Timestamp),
        lots: &[(Thing, Vec<Thing>)],
        frontier: &HashSet<Thing>,
    ) {
        let span = Span { from: at, until: Timestamp::MAX };
        for (lot, items) in lots {
            let is_lot = self.goes(Direction::Forward) && frontier.contains(lot);
            for item in items {
                let is_item = self.goes(Direction::Back) && frontier.contains(item);
                if is_lot || is_item {
                    self.line((Kind::Lot, *lot, *item), span, false, (place, None));
                }
                if is_lot {
                    self.reach(*item, span);
                }
                if is_item {
                    self.reach(*lot, Span { from: Timestamp::MIN, until: at });
                }
            }
        }
    }

    /// What was in a container when: of what the frontier has, if it goes forward; of all, if the container is in the frontier.
    fn fold(&mut self, container: Thing, frontier: &HashSet<Thing>) {
        let is_back = self.goes(Direction::Back) && frontier.contains(&container);
        let is_forward = self.goes(Direction::Forward);
        let mut events = self.of_thing.get(&container).cloned().unwrap_or_default();
        events.sort_unstable_by_key(|place| self.order(*place));
        let mut inside: BTreeMap<Thing, usize> = BTreeMap::new();
        let mut stays: Vec<(Thing, usize, Option<usize>)> = Vec::new();
        let is_wanted = |child: &Thing| is_back || (is_forward && frontier.contains(child));
        for place in events {
            match &self.steps[place] {
                Step::Packed(parent, children) if *parent == container => {
                    for child in children.iter().filter(|child| is_wanted(child)) {
                        inside.entry(*child).or_insert(place);
                    }
                }
                Step::Unpacked(parent, children) if *parent == container && children.is_empty() => {
                    let all = std::mem::take(&mut inside).into_iter();
                    stays.extend(all.map(|(child, begun)| (child, begun, Some(place))));
                }
                Step::Unpacked(parent, children) if *parent == container => {
                    let left = children.iter().filter_map(|child| inside.remove_entry(child));
                    stays.extend(left.map(|(child, begun)| (child, begun, Some(place))));
                }
                _ => {}
            }
        }
        stays.extend(inside.into_iter().map(|(child, begun)| (child, begun, None)));
        for (child, begun, ended) in stays {
            self.stay((child, container), (begun, ended), frontier);
        }
    }

    fn stay(
        &mut self,
        (child, container): (Thing, Thing),
        (begun, ended): (usize, Option<usize>),
        frontier: &HashSet<Thing>,
    ) {
        let until = ended.map_or(Timestamp::MAX, |place| self.sources[place].at);
        let span = Span { from: self.sources[begun].at, until };
        for (direction, from, to) in
            [(Direction::Forward, child, container), (Direction::Back, container, child)]
        {
            let common = self.reached.get(&from).and_then(|own| own.common(span));
            if let Some(common) = common
                && self.goes(direction)
                && frontier.contains(&from)
            {
                self.line((Kind::Containment, child, container), span, false, (begun, ended));
                self.reach(to, common);
            }
        }
    }

    fn line(
        &mut self,
        (kind, from, to): (Kind, Thing, Thing),
        span: Span,
        is_inferred: bool,
        (begun_by, ended_by): (usize, Option<usize>),
    ) {
        if self.lines.len() >= self.most_things.saturating_mul(2) {
            self.is_cut = true;
        } else if self.seen.insert((kind, from, to, begun_by)) {
            let depth = self.depth;
            self.lines.push(Found { kind, from, to, depth, span, is_inferred, begun_by, ended_by });
        }
    }

    /// A thing is reached for a time; it is gone on from if that is new.
    fn reach(&mut self, thing: Thing, span: Span) {
        let span = if self.direction == Direction::Neighbourhood { Span::ALWAYS } else { span };
        let all = self.reached.get(&thing).map_or(span, |known| known.hull(span));
        if self.reached.insert(thing, all) != Some(all) {
            self.next.insert(thing);
        }
    }

    /// What was found.
    #[must_use]
    pub fn finish(mut self) -> Trace {
        let order = |line: &Found| {
            let source = &self.sources[line.begun_by];
            (line.depth, source.position, line.kind, line.from, line.to)
        };
        self.lines.sort_by_key(order);
        let lines = self.lines.iter().map(|line| Line {
            from: self.things.name(line.from).to_owned(),
            to: self.things.name(line.to).to_owned(),
            kind: line.kind,
            depth: line.depth,
            span: line.span,
            is_inferred: line.is_inferred,
            begun_by: line.begun_by,
            ended_by: line.ended_by,
        });
        Trace {
            lines: lines.collect(),
            things: self.reached.len().saturating_sub(1) as u64,
            is_cut: self.is_cut || !(self.frontier.is_empty() || self.depth > self.levels),
            sources: self.sources,
            ..Trace::default()
        }
    }
}

#[cfg(test)]
mod tests;
