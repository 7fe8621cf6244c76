//! Which way a tag went: from the order in which antennas inside and outside read it, from the order in which two
//! light barriers were broken, or from what a reader that determines directions itself states.
//!
//! What holds: a direction is given only where it is more than chance: the mean times of the reads inside and outside
//! must differ by several standard errors, so a tag that is parked between the antennas has none. What contradicts
//! itself is unclear.
//!
//! Source: docs/decisions/0015-settling.md, 0034-what-a-reader-writes.md; the margins are those with which the seeded traffic of
//! `tests/e2e/bridge/settling.rs` comes out best.

use jiff::{SignedDuration, Timestamp};
use reads::{Direction, Edge, Read};

use crate::settings::DirectionRule;

/// Standard errors by which the mean times must differ for a tag that was here for seconds.
const MARGIN: f64 = 2.0;
/// The same for one that was here for so long that chance has more room.
const RESIDENT_MARGIN: f64 = 10.0;
/// How far apart the mean times of such a tag must be, in standard deviations of the reads' times: one that went
/// through was on one side before it was on the other, a resident is on both all the time.
const RESIDENT_APART: f64 = 1.5;
/// Barriers broken longer than this before or after a tag was nearest are not counted for it.
const BEAM_SLACK: SignedDuration = SignedDuration::from_secs(3);
/// Reads that each side needs.
const MIN_READS: f64 = 2.0;
/// Mean times nearer to one another than this are the same: antennas take turns of about 100 ms.
const MIN_APART_S: f64 = 0.1;
/// Reads weaker than a side's strongest by more than this are ignored: they show little about when the tag was
/// nearest to it.
const WINDOW_CDBM: i32 = 2000;

/// Reads that are weaker than a tag's strongest by no more than this were made while it was nearest.
const NEAR_CDBM: i32 = 1000;

/// Times of one side's reads, in seconds.
#[derive(Default)]
struct Side {
    count: f64,
    sum: f64,
    sum_squared: f64,
}

impl Side {
    fn add(&mut self, time: f64) {
        self.count += 1.0;
        self.sum += time;
        self.sum_squared += time * time;
    }

    fn mean(&self) -> f64 {
        self.sum / self.count
    }

    fn variance(&self) -> f64 {
        (self.sum_squared / self.count - self.mean() * self.mean()).max(0.0)
    }

    /// Square of the mean's standard error.
    fn error_squared(&self) -> f64 {
        let variance = self.variance();
        // Two reads close together by chance do not make a certain mean: 50 ms is the time between two.
        (variance + 0.0025) / self.count
    }
}

/// The direction of one tag from its reads, in order of arrival.
#[must_use]
pub fn by_antennas(rule: &DirectionRule, reads: &[&Read], is_resident: bool) -> Direction {
    let side_of = |read: &Read| {
        if rule.inside_antennas.contains(&read.antenna) {
            Some(0)
        } else if rule.outside_antennas.contains(&read.antenna) {
            Some(1)
        } else {
            None
        }
    };
    let Some(first) = reads.first() else { return Direction::Unclear };
    let mut best = [i32::MIN; 2];
    for read in reads {
        if let Some(side) = side_of(read) {
            best[side] = best[side].max(read.rssi_cdbm);
        }
    }
    let mut sides = [Side::default(), Side::default()];
    for read in reads {
        if let Some(side) = side_of(read)
            && read.rssi_cdbm >= best[side].saturating_sub(WINDOW_CDBM)
        {
            sides[side].add(read.at.duration_since(first.at).as_secs_f64());
        }
    }
    let [inside, outside] = sides;
    if inside.count < MIN_READS || outside.count < MIN_READS {
        return Direction::Unclear;
    }
    let apart = inside.mean() - outside.mean();
    let error = (inside.error_squared() + outside.error_squared()).sqrt();
    let spread = f64::midpoint(inside.variance(), outside.variance()).sqrt();
    let least = if is_resident {
        (RESIDENT_MARGIN * error).max(RESIDENT_APART * spread)
    } else {
        MARGIN * error
    };
    if apart.abs() < least.max(MIN_APART_S) {
        Direction::Unclear
    } else if apart > 0.0 {
        Direction::In
    } else {
        Direction::Out
    }
}

/// When something was in front of a barrier: the middles of the times during which it was broken.
fn middles(edges: &[Edge], port: u16) -> Vec<Timestamp> {
    let own: Vec<&Edge> = edges.iter().filter(|edge| edge.port == port).collect();
    let middle = |(place, edge): (usize, &&Edge)| {
        let freed = own.get(place + 1).filter(|next| !next.is_active);
        let lasted = freed.map_or(SignedDuration::ZERO, |freed| freed.at.duration_since(edge.at));
        edge.is_active.then(|| edge.at + lasted / 2)
    };
    own.iter().enumerate().filter_map(middle).collect()
}

/// The direction of one tag from the order in which the barriers were broken around the time when it was nearest;
/// none unless both were.
#[must_use]
pub fn by_barriers(rule: &DirectionRule, edges: &[Edge], reads: &[&Read]) -> Option<Direction> {
    let strongest = reads.iter().map(|read| read.rssi_cdbm).max()?;
    let first = reads.first()?.at;
    let mut near = Side::default();
    for read in reads.iter().filter(|r| r.rssi_cdbm >= strongest.saturating_sub(NEAR_CDBM)) {
        near.add(read.at.duration_since(first).as_secs_f64());
    }
    let nearest = first + SignedDuration::try_from_secs_f64(near.mean()).ok()?;
    let (insides, outsides) =
        (middles(edges, rule.inside_barrier?), middles(edges, rule.outside_barrier?));
    // Of all pairs the one whose middle is nearest; on a belt the pair of the next box is not far, so a pair that
    // lies close together has an advantage.
    let mut best: Option<(SignedDuration, Timestamp, Timestamp)> = None;
    for inside in &insides {
        for outside in &outsides {
            let apart = outside.duration_since(*inside);
            let off = (*inside + apart / 2).duration_since(nearest).abs();
            let cost = off + apart.abs() / 8;
            let is_near = off <= BEAM_SLACK && apart.abs() <= BEAM_SLACK * 2;
            if is_near && best.is_none_or(|(least, ..)| cost < least) {
                best = Some((cost, *inside, *outside));
            }
        }
    }
    let (_, inside, outside) = best?;
    Some(match inside.cmp(&outside) {
        std::cmp::Ordering::Less => Direction::Out,
        std::cmp::Ordering::Equal => Direction::Unclear,
        std::cmp::Ordering::Greater => Direction::In,
    })
}

/// The direction that the reader states in the reads of one tag; none if it states nothing.
#[must_use]
pub fn stated(reads: &[&Read]) -> Option<Direction> {
    let states = |direction| reads.iter().any(|read| read.direction == Some(direction));
    match (states(Direction::In), states(Direction::Out)) {
        (true, false) => Some(Direction::In),
        (false, true) => Some(Direction::Out),
        (is_both, _) => (is_both || states(Direction::Unclear)).then_some(Direction::Unclear),
    }
}

/// Two statements about the same way: a clear one counts more than an unclear one, and two clear ones that contradict
/// each other are unclear.
#[must_use]
pub fn together(one: Option<Direction>, other: Option<Direction>) -> Option<Direction> {
    match (one, other) {
        (None | Some(Direction::Unclear), Some(clear))
        | (Some(clear), None | Some(Direction::Unclear)) => Some(clear),
        (Some(one), Some(other)) if one != other => Some(Direction::Unclear),
        (one, _) => one,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> DirectionRule {
        DirectionRule {
            inside_antennas: vec![1, 2],
            outside_antennas: vec![3, 4],
            inside_barrier: Some(1),
            outside_barrier: Some(2),
        }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + millis).unwrap()
    }

    fn read(antenna: u16, millis: i64) -> Read {
        Read {
            epc: [1].into(),
            tid: None,
            antenna,
            rssi_cdbm: -5000,
            at: at(millis),
            reader_time: None,
            direction: None,
        }
    }

    fn direction(reads: &[Read]) -> Direction {
        by_antennas(&rule(), &reads.iter().collect::<Vec<_>>(), false)
    }

    #[test]
    fn the_side_that_read_later_is_where_the_tag_went() {
        let inwards: Vec<Read> =
            (0..20).map(|n| read(if n < 10 { 3 } else { 1 }, n * 50)).collect();
        assert_eq!(direction(&inwards), Direction::In);
        let outwards: Vec<Read> =
            (0..20).map(|n| read(if n < 10 { 2 } else { 4 }, n * 50)).collect();
        assert_eq!(direction(&outwards), Direction::Out);
    }

    #[test]
    fn reads_that_alternate_or_come_from_one_side_tell_nothing() {
        let parked: Vec<Read> =
            (0..40).map(|n| read(if n % 2 == 0 { 1 } else { 3 }, n * 50)).collect();
        assert_eq!(direction(&parked), Direction::Unclear);
        let one_side: Vec<Read> = (0..40).map(|n| read(1, n * 50)).collect();
        assert_eq!(direction(&one_side), Direction::Unclear);
        assert_eq!(direction(&[]), Direction::Unclear);
    }

    #[test]
    fn barriers_tell_by_which_was_broken_first_while_the_tag_was_near() {
        let edge = |port, millis| Edge { port, is_active: true, at: at(millis) };
        let near = read(1, 200);
        let told = |edges: &[Edge]| by_barriers(&rule(), edges, &[&near]);
        assert_eq!(told(&[edge(2, 0), edge(1, 300)]), Some(Direction::In));
        assert_eq!(told(&[edge(1, 0), edge(2, 300)]), Some(Direction::Out));
        assert_eq!(told(&[edge(1, 0)]), None);
        // Another pallet of the same window went the other way.
        let both = [edge(1, -9000), edge(2, -8700), edge(2, 0), edge(1, 300)];
        assert_eq!(told(&both), Some(Direction::In));
        assert_eq!(told(&both[..2]), None);
        assert_eq!(by_barriers(&rule(), &both, &[]), None);
    }

    #[test]
    fn what_a_reader_states_counts_unless_it_contradicts_itself_or_the_rule() {
        use Direction::{In, Out, Unclear};
        for (statements, direction) in [
            (&[None, None][..], None),
            (&[], None),
            (&[None, Some(In), None], Some(In)),
            (&[Some(Unclear), Some(Out)], Some(Out)),
            (&[Some(Out), Some(Unclear), None, Some(Out)], Some(Out)),
            (&[Some(Unclear)], Some(Unclear)),
            (&[Some(In), Some(Out), Some(In)], Some(Unclear)),
        ] {
            let reads: Vec<Read> = statements
                .iter()
                .map(|direction| Read { direction: *direction, ..read(1, 0) })
                .collect();
            assert_eq!(stated(&reads.iter().collect::<Vec<_>>()), direction, "{statements:?}");
        }
        assert_eq!(together(Some(In), Some(Out)), Some(Unclear));
        assert_eq!(together(Some(In), Some(Unclear)), Some(In));
        assert_eq!(together(None, Some(Out)), Some(Out));
    }

    #[test]
    fn a_tag_that_stands_needs_more_than_chance_has_in_minutes() {
        // Read on the inside all the time, on the outside a little more often towards the end.
        let inside = (0..600).map(|n| read(1, n * 100));
        let outside = (0..30).map(|n| read(3, 30_000 + n * 1000));
        let reads: Vec<Read> = inside.chain(outside).collect();
        let reads: Vec<&Read> = reads.iter().collect();
        assert_eq!(by_antennas(&rule(), &reads, true), Direction::Unclear);
        assert_eq!(by_antennas(&rule(), &reads, false), Direction::Out);
    }

    #[test]
    fn half_a_rule_is_refused() {
        for bad in [
            DirectionRule::default(),
            DirectionRule { inside_antennas: vec![], ..rule() },
            DirectionRule { outside_antennas: vec![1], ..rule() },
            DirectionRule { inside_barrier: None, ..rule() },
            DirectionRule { inside_barrier: Some(2), ..rule() },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
        rule().check().unwrap();
    }
}
