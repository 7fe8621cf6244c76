//! Dock doors side by side, pallets that pass them, and tags that stand near them.
//!
//! What holds: inside is where y is above 0; door n has its middle at x = n times the spacing; ports 1 and 2 look
//! inside, 3 and 4 outside. Every tag that crosses the line of a door is in the truth once for each crossing, and
//! no other tag is.
//!
//! Source: dock doors as makers of readers draw them: antennas at both posts, about 2.4 m apart.

use reads::{Direction, Read};

use super::{Antenna, Station, Tag, between, epc, exponential, play, time};
use crate::simulators::seeded::Seeded;

/// What the traffic is like.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Doors.
    pub doors: usize,
    /// Metres from the middle of one door to that of the next.
    pub spacing_m: f64,
    /// Tags that pass, at least.
    pub passages: usize,
    /// Mean seconds between two pallets at a door.
    pub headway_s: f64,
    /// Tags that stand near the doors at any time.
    pub parked: usize,
    /// Of a hundred pallets, how many stand inside near the door for minutes: after coming in, or before going out.
    pub staged_pct: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self { doors: 2, spacing_m: 3.0, passages: 200, headway_s: 30.0, parked: 6, staged_pct: 0 }
    }
}

/// One tag that crossed the line of a door.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// Its EPC bank.
    pub epc: Vec<u8>,
    /// The door.
    pub door: usize,
    /// Which way.
    pub direction: Direction,
    /// When it was on the line.
    pub at: jiff::Timestamp,
}

/// A light barrier that changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beam {
    /// The door.
    pub door: usize,
    /// Whether it is the one nearer to the inside.
    pub is_inside: bool,
    /// Whether it is broken now.
    pub is_broken: bool,
    /// When.
    pub at: jiff::Timestamp,
}

/// What the readers report, and what happened.
#[derive(Debug, Clone)]
pub struct Traffic {
    /// Reads by door, in order of time.
    pub reads: Vec<Vec<Read>>,
    /// Edges of the light barriers, in order of time.
    pub beams: Vec<Beam>,
    /// Who passed, in order of time.
    pub passages: Vec<Passage>,
}

/// Metres from the line of a door at which a way begins and ends; nothing is read there.
const FAR_M: f64 = 9.0;
/// Metres from the line to each light barrier.
const BEAM_M: f64 = 0.3;
/// Half of a pallet's length, metres.
const HALF_M: f64 = 0.6;

/// The reader of a door whose middle is at `x`.
#[must_use]
pub fn station(x: f64) -> Station {
    let antenna = |port, side: f64, inside: f64| Antenna {
        port,
        at: [x + side * 1.2, inside * 0.2],
        // Turned by 30 degrees towards the middle.
        looks: [-side * 0.5, inside * 0.866_025_4],
        blind_db: 7.0,
    };
    Station {
        antennas: vec![
            antenna(1, -1.0, 1.0),
            antenna(3, -1.0, -1.0),
            antenna(2, 1.0, 1.0),
            antenna(4, 1.0, -1.0),
        ],
        less_db: 0.0,
        offset_db: 2.0,
    }
}

/// The traffic of a seed.
#[must_use]
pub fn traffic(seed: u64, plan: &Plan) -> Traffic {
    let mut scene = Scene {
        random: Seeded::new(seed),
        seed,
        spacing_m: plan.spacing_m,
        tags: Vec::new(),
        beams: Vec::new(),
        passages: Vec::new(),
        staged_pct: plan.staged_pct,
    };
    let mut free: Vec<f64> = (0..plan.doors).map(|_| 12.0).collect();
    let mut end: f64 = 0.0;
    while scene.passages.len() < plan.passages {
        // The door that is free first; every fourth pallet meets one at the other door.
        let Some(door) = (0..plan.doors).min_by(|a, b| free[*a].total_cmp(&free[*b])) else {
            break;
        };
        let least = plan.headway_s / 4.0;
        let wait = least + exponential(&mut scene.random, plan.headway_s - least);
        let at = free[door] + wait;
        free[door] = scene.pallet(door, at);
        for (other, from) in free.iter_mut().enumerate() {
            if other != door && scene.random.below(4) == 0 && *from < at - least {
                let together = at + between(&mut scene.random, -1.0, 1.0);
                *from = scene.pallet(other, together);
            }
        }
        end = end.max(at);
    }
    for _ in 0..plan.parked {
        let mut from = -between(&mut scene.random, 0.0, 120.0);
        while from < end {
            let door = usize::try_from(scene.random.below(plan.doors as u64)).unwrap_or(0);
            let stays = between(&mut scene.random, 60.0, 360.0);
            scene.parked(door, from, stays);
            from += stays + between(&mut scene.random, 5.0, 60.0);
        }
    }
    let stations: Vec<Station> =
        (0_u32..).take(plan.doors).map(|door| station(f64::from(door) * plan.spacing_m)).collect();
    let Scene { tags, mut beams, mut passages, .. } = scene;
    passages.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.epc.cmp(&b.epc)));
    beams.sort_by_key(|beam| beam.at);
    Traffic { reads: play(seed, &stations, &tags), beams, passages }
}

struct Scene {
    random: Seeded,
    seed: u64,
    spacing_m: f64,
    tags: Vec<Tag>,
    beams: Vec<Beam>,
    passages: Vec<Passage>,
    staged_pct: u64,
}

impl Scene {
    fn new_epc(&self) -> Vec<u8> {
        epc(self.seed, self.tags.len())
    }

    fn middle(&self, door: usize) -> f64 {
        f64::from(u32::try_from(door).unwrap_or(0)) * self.spacing_m
    }

    /// A spot 1.5 to 4 m from the middle of a door, mostly inside.
    fn spot(&mut self, door: usize) -> [f64; 2] {
        let away = between(&mut self.random, 1.5, 4.0);
        let angle = between(&mut self.random, 20.0, 160.0).to_radians();
        let side = if self.random.below(5) == 0 { -1.0 } else { 1.0 };
        [self.middle(door) + away * angle.cos(), side * away * angle.sin()]
    }

    /// Tags on a pallet that crosses the line of a door at `at`; gives the time from which the door is free.
    fn pallet(&mut self, door: usize, at: f64) -> f64 {
        let random = &mut self.random;
        let direction = if random.below(2) == 0 { Direction::In } else { Direction::Out };
        let sign = if direction == Direction::In { 1.0 } else { -1.0 };
        let speed = between(random, 0.7, 2.0);
        let aside = between(random, -0.4, 0.4);
        let stop = (random.below(10) == 0)
            .then(|| (between(random, -0.5, 0.5), between(random, 1.0, 8.0)));
        let is_put = random.below(100) < self.staged_pct;
        let count = 1 + random.below(4);
        let put = is_put.then(|| (between(random, 1.8, 3.8), between(random, 60.0, 240.0)));
        let middle = self.middle(door) + aside;
        // The pallet's own way: seconds and y.
        let mut way = vec![[at - FAR_M / speed, -sign * FAR_M]];
        if let (Some((y, lasts)), Direction::Out) = (put, direction) {
            let left = at - y / speed;
            way = vec![[left - lasts - (FAR_M - y) / speed, FAR_M], [left - lasts, y], [left, y]];
        }
        let mut waited = 0.0;
        if let Some((y, lasts)) = stop {
            let reached = at + y / speed;
            way.push([reached, sign * y]);
            way.push([reached + lasts, sign * y]);
            waited = lasts;
        }
        if let (Some((y, lasts)), Direction::In) = (put, direction) {
            way.push([at + waited + y / speed, y]);
            way.push([at + waited + y / speed + lasts, y]);
            waited += lasts;
        }
        way.push([at + waited + FAR_M / speed, sign * FAR_M]);
        for _ in 0..count {
            let (dx, dy) =
                (between(&mut self.random, -0.5, 0.5), between(&mut self.random, -0.5, 0.5));
            let path = way.iter().map(|[t, y]| [*t, middle + dx, y + dy]).collect();
            let tag = Tag { epc: self.new_epc(), path, hidden: Vec::new() };
            if let Some(crossed) = when(&way, -dy) {
                let at = time(crossed);
                self.passages.push(Passage { epc: tag.epc.clone(), door, direction, at });
            }
            self.tags.push(tag);
        }
        for is_inside in [true, false] {
            let beam = if is_inside { BEAM_M } else { -BEAM_M };
            let ends = [when(&way, beam - sign * HALF_M), when(&way, beam + sign * HALF_M)];
            for (is_broken, crossed) in [true, false].into_iter().zip(ends) {
                if let Some(crossed) = crossed {
                    self.beams.push(Beam { door, is_inside, is_broken, at: time(crossed) });
                }
            }
        }
        // The next one waits until this one is out of the way.
        when(&way, sign * 2.0).unwrap_or(at).max(at)
    }

    /// A tag that is brought to a spot near a door without crossing its line, stays, and is taken away.
    fn parked(&mut self, door: usize, from: f64, stays: f64) {
        let [x, y] = self.spot(door);
        let speed = between(&mut self.random, 0.7, 2.0);
        // Along the wall or straight out of the depth.
        let gone = |random: &mut Seeded| {
            if random.below(2) == 0 { [x, y + y.signum() * FAR_M] } else { [x + FAR_M * 1.2, y] }
        };
        let (came, went) = (gone(&mut self.random), gone(&mut self.random));
        let takes = |there: [f64; 2]| (there[0] - x).hypot(there[1] - y) / speed;
        let path = vec![
            [from - takes(came), came[0], came[1]],
            [from, x, y],
            [from + stays, x, y],
            [from + stays + takes(went), went[0], went[1]],
        ];
        let tag = Tag { epc: self.new_epc(), path, hidden: Vec::new() };
        self.tags.push(tag);
    }
}

/// When a way first crosses a y.
fn when(way: &[[f64; 2]], y: f64) -> Option<f64> {
    way.windows(2).find_map(|pair| {
        let [[from, a], [to, b]] = [pair[0], pair[1]];
        let is_between = (a - y) * (b - y) <= 0.0 && (b - a).abs() > 1e-9;
        is_between.then(|| from + (to - from) * (y - a) / (b - a))
    })
}
