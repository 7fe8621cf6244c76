//! Seeded radio traffic: which reads a reader would report of tags that move, rest and stand in the way.
//!
//! The way through: a scene (`doors`, `shelf`, `belt`) lays out [`Station`]s, which are readers with antennas, and
//! [`Tag`]s with their paths; [`play`] lets every reader take turns over its antennas and decides, round by round,
//! which tags answer and how strongly; the scene's truth says what really happened.
//!
//! What holds:
//!
//! - the same seed gives the same reads, to the microsecond and the hundredth of a dB;
//! - strength falls with the fourth power of the distance and with the angle off the antenna's axis, and scatters
//!   by 4 to 7 dB, partly correlated in time;
//! - a tag in a good field is read about 20 times a second, with gaps of up to 1.3 s while something hides it.
//!
//! Not here: what is concluded from the reads. Nothing is known here but [`reads::Read`].
//!
//! Source: the figures measured on public captures that docs/decisions/0015-settling.md names; Nikitin and Rao,
//! "Theory and measurement of backscattering from RFID tags" (two-way path loss); SMURF (VLDB 2006) for read
//! rates of 60 to 70 %.

pub mod belt;
pub mod doors;
pub mod shelf;

use jiff::Timestamp;
use reads::Read;

use crate::simulators::seeded::Seeded;

/// The second since 1970 at which every scene begins.
const BEGIN_S: i64 = 1_780_000_000;
/// Time between two inventory rounds, seconds.
const ROUND_S: f64 = 0.031;
/// Rounds before the next antenna has its turn.
const TURN: u32 = 3;
/// Tags that one round has time for.
const PER_ROUND: usize = 8;
/// Strength at 1 m on the antenna's axis, dBm.
const AT_ONE_METRE_DBM: f64 = -41.0;
/// Strength at which every second of the possible reads is lost, dBm.
const THRESHOLD_DBM: f64 = -68.0;
/// Share of rounds in which a tag in a good field answers.
const BEST: f64 = 0.74;
/// Height of antennas above tags, metres.
const HEIGHT_M: f64 = 0.5;
/// Share of the scatter's variance that is correlated in time.
const CORRELATED: f64 = 0.4;

/// A moment of a scene, seconds after its begin.
#[must_use]
pub fn time(seconds: f64) -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "scenes last minutes")]
    let micros = (seconds * 1e6).round() as i64;
    Timestamp::from_microsecond(BEGIN_S * 1_000_000 + micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// One antenna: where it hangs and where it looks, on the plan; metres.
#[derive(Debug, Clone)]
pub struct Antenna {
    /// Its port.
    pub port: u16,
    /// Where it hangs.
    pub at: [f64; 2],
    /// Direction in which it looks, length 1.
    pub looks: [f64; 2],
    /// How much less it hears to its sides and back than on its axis, at most, dB one way.
    pub blind_db: f64,
}

/// One reader.
#[derive(Debug, Clone)]
pub struct Station {
    /// Its antennas, in the order in which they take turns.
    pub antennas: Vec<Antenna>,
    /// Decibels by which its power is below the usual.
    pub less_db: f64,
    /// Standard deviation of what a tag has more or less at an antenna for good, by how it is stuck and turned; dB.
    pub offset_db: f64,
}

/// One tag and the way it takes.
#[derive(Debug, Clone)]
pub struct Tag {
    /// EPC bank.
    pub epc: Vec<u8>,
    /// Points of its way: seconds, x, y. Before the first and after the last it is not there.
    pub path: Vec<[f64; 3]>,
    /// Spells in which nothing can read it: from, to; seconds.
    pub hidden: Vec<[f64; 2]>,
}

impl Tag {
    /// Where it is, and how fast it moves (metres a second); none while it is not there.
    #[must_use]
    pub fn place(&self, at: f64) -> Option<([f64; 2], f64)> {
        let next = self.path.partition_point(|point| point[0] <= at);
        let (from, to) = (self.path.get(next.checked_sub(1)?)?, self.path.get(next)?);
        let lasts = to[0] - from[0];
        let share = if lasts > 0.0 { (at - from[0]) / lasts } else { 0.0 };
        let step = [to[1] - from[1], to[2] - from[2]];
        let speed = if lasts > 0.0 { step[0].hypot(step[1]) / lasts } else { 0.0 };
        Some(([from[1] + step[0] * share, from[2] + step[1] * share], speed))
    }
}

/// Strength of a tag's answer without scatter, dBm.
fn strength(station: &Station, antenna: &Antenna, place: [f64; 2]) -> f64 {
    let off = [place[0] - antenna.at[0], place[1] - antenna.at[1]];
    let flat = off[0].hypot(off[1]).max(1e-6);
    let cosine = (off[0] * antenna.looks[0] + off[1] * antenna.looks[1]) / flat;
    let angle = cosine.clamp(-1.0, 1.0).acos().to_degrees();
    // The usual approximation of a patch's main lobe, 3 dB down at 35 degrees.
    let gain = -(3.0 * (angle / 35.0).powi(2)).min(antenna.blind_db);
    let distance = flat.hypot(HEIGHT_M);
    AT_ONE_METRE_DBM - station.less_db + 2.0 * gain - 40.0 * distance.log10()
}

/// How one tag answers one reader.
struct Link {
    /// Standard deviation of its scatter, dB.
    scatter_db: f64,
    /// Standing scatter by antenna: how this tag, here and so turned, differs from the rule; dB.
    offsets: Vec<f64>,
    /// Correlated scatter by antenna in standard deviations, and when it was drawn.
    fading: Vec<(f64, f64)>,
    /// Seconds after which the scatter is another while the tag stands.
    fades_s: f64,
    /// Spells a second in which something hides it.
    spells: f64,
    /// The current or next such spell.
    spell: [f64; 2],
}

impl Link {
    fn new(random: &mut Seeded, station: &Station, at: f64) -> Self {
        let antennas = station.antennas.len();
        let scatter_db = 4.3 + 2.9 * random.unit();
        let offsets = (0..antennas).map(|_| station.offset_db * random.normal()).collect();
        let fading = (0..antennas).map(|_| (random.normal(), at)).collect();
        let fades_s = 0.3 + 1.7 * random.unit();
        let spells = 0.2 * random.unit();
        let mut link = Self { scatter_db, offsets, fading, fades_s, spells, spell: [at, at] };
        link.next_spell(random);
        link
    }

    fn next_spell(&mut self, random: &mut Seeded) {
        let wait = exponential(random, 1.0 / self.spells.max(0.01));
        let begin = self.spell[1] + wait;
        let lasts = (0.1 + exponential(random, 0.3)).min(1.2);
        self.spell = [begin, begin + lasts];
    }

    fn is_hidden(&mut self, random: &mut Seeded, at: f64) -> bool {
        while at >= self.spell[1] {
            self.next_spell(random);
        }
        at >= self.spell[0]
    }

    /// Scatter of one answer at an antenna, dB.
    fn scatter(&mut self, random: &mut Seeded, antenna: usize, at: f64, speed: f64) -> f64 {
        // Half a wavelength further, the paths add up in another way.
        let lasts = (0.16 / speed.max(1e-9)).min(self.fades_s);
        let Some((fading, since)) = self.fading.get_mut(antenna) else { return 0.0 };
        let keeps = (-(at - *since) / lasts).exp();
        *fading = *fading * keeps + (1.0 - keeps * keeps).max(0.0).sqrt() * random.normal();
        *since = at;
        let fast = random.normal();
        self.scatter_db * (CORRELATED.sqrt() * *fading + (1.0 - CORRELATED).sqrt() * fast)
            + self.offsets.get(antenna).copied().unwrap_or(0.0)
    }
}

/// A waiting time with this mean.
pub(crate) fn exponential(random: &mut Seeded, mean: f64) -> f64 {
    -mean * (1.0 - random.unit()).max(1e-12).ln()
}

/// A number between two others.
pub(crate) fn between(random: &mut Seeded, low: f64, high: f64) -> f64 {
    low + (high - low) * random.unit()
}

/// What each reader reports, in order of time.
#[must_use]
pub fn play(seed: u64, stations: &[Station], tags: &[Tag]) -> Vec<Vec<Read>> {
    let random = Seeded::new(seed);
    stations
        .iter()
        .zip(1..)
        .map(|(station, number)| report(&random, number, station, tags))
        .collect()
}

fn report(random: &Seeded, number: u64, station: &Station, tags: &[Tag]) -> Vec<Read> {
    let mut random = random.clone();
    let mut random = Seeded::new(random.draw() ^ number.wrapping_mul(0xD6E8_FEB8_6659_FD93));
    // Tags in order of their coming, so that each round looks only at those that are there.
    let mut coming: Vec<&Tag> = tags.iter().filter(|tag| tag.path.len() > 1).collect();
    coming.sort_by(|a, b| a.path[0][0].total_cmp(&b.path[0][0]));
    let mut coming = coming.into_iter().peekable();
    let mut there: Vec<(&Tag, Link)> = Vec::new();
    let mut reads = Vec::new();
    let mut at = coming.peek().map_or(0.0, |tag| tag.path[0][0]);
    for round in 0_u32.. {
        at += ROUND_S * between(&mut random, 0.8, 1.2);
        while let Some(tag) = coming.next_if(|tag| tag.path[0][0] <= at) {
            there.push((tag, Link::new(&mut random, station, at)));
        }
        there.retain(|(tag, _)| tag.path.last().is_some_and(|last| last[0] > at));
        match coming.peek() {
            None if there.is_empty() => break,
            Some(next) if there.is_empty() => at = at.max(next.path[0][0]),
            _ => {}
        }
        let turn = usize::try_from(round / TURN).unwrap_or(0) % station.antennas.len().max(1);
        let Some(antenna) = station.antennas.get(turn) else { break };
        let mut answers = answers(&mut random, station, turn, &mut there, at);
        // Tags answer in any order; a round that is full leaves the others out.
        for left in (1..answers.len()).rev() {
            let other = usize::try_from(random.below(left as u64 + 1)).unwrap_or(0);
            answers.swap(left, other);
        }
        answers.truncate(PER_ROUND);
        let mut answered = at;
        for (epc, dbm) in answers {
            answered += ROUND_S * 0.08;
            #[expect(clippy::cast_possible_truncation, reason = "strengths are about -60")]
            let rssi_cdbm = (dbm * 2.0).round() as i32 * 50;
            reads.push(Read {
                epc: epc.into(),
                tid: None,
                antenna: antenna.port,
                rssi_cdbm,
                at: time(answered),
                reader_time: None,
                direction: None,
            });
        }
    }
    reads
}

/// The tags that answer in one round of the antenna number `turn`, each with its strength in dBm.
fn answers(
    random: &mut Seeded,
    station: &Station,
    turn: usize,
    there: &mut [(&Tag, Link)],
    at: f64,
) -> Vec<(Vec<u8>, f64)> {
    let mut answers = Vec::new();
    for (tag, link) in there {
        let Some((place, speed)) = tag.place(at) else { continue };
        let usual = strength(station, &station.antennas[turn], place);
        if usual < THRESHOLD_DBM - 25.0 {
            continue;
        }
        let is_away = tag.hidden.iter().any(|[from, to]| *from <= at && at < *to);
        if link.is_hidden(random, at) || is_away {
            continue;
        }
        let dbm = usual + link.scatter(random, turn, at, speed);
        let chance = BEST / (1.0 + (-(dbm - THRESHOLD_DBM) / 1.5).exp());
        if random.unit() < chance {
            answers.push((tag.epc.clone(), dbm));
        }
    }
    answers
}

/// An EPC bank that no other tag of the seed has.
pub(crate) fn epc(seed: u64, number: usize) -> Vec<u8> {
    let mut bytes = vec![0x35, 0x10, 0, 0];
    bytes.extend_from_slice(&u32::try_from(seed % 0xFFFF_FFFF).unwrap_or(0).to_be_bytes());
    bytes.extend_from_slice(&u32::try_from(number).unwrap_or(0).to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests;
