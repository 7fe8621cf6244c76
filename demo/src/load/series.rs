//! What happened in each second.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use demo::traffic::{Done, Histogram, Pace};

/// Shortest time that has a rate of its own.
const SHORTEST: Duration = Duration::from_millis(500);

/// One kind of requests while it is sent.
#[derive(Debug, Default)]
pub struct Lane {
    current: Mutex<Current>,
}

/// What a lane counted.
#[derive(Debug, Default)]
struct Current {
    second: Histogram,
    all: Histogram,
    counts: Counts,
    /// How they are sent, and for how long.
    plan: Option<(Pace, Duration)>,
}

/// How many requests ended how, since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Answered as hoped.
    pub good: u64,
    /// Refused by a limit (429).
    pub limited: u64,
    /// Other answers, and none.
    pub failed: u64,
    /// Sent again.
    pub again: u64,
}

impl Counts {
    /// All that ended.
    pub fn ended(self) -> u64 {
        self.good + self.limited + self.failed
    }
}

/// One kind of requests in one second.
#[derive(Debug, Clone, Copy, Default)]
pub struct LaneSample {
    /// Since the start.
    pub counts: Counts,
    /// Answers a second.
    pub rate: f64,
    /// Median latency; zero if there was no answer.
    pub p50: Duration,
    /// Latency that 99 of 100 do not exceed.
    pub p99: Duration,
    /// The largest.
    pub max: Duration,
    /// Requests that are due and have no answer yet; none if nothing is due by itself.
    pub waiting: Option<u64>,
}

/// One second.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sample {
    /// Its end, after the start.
    pub at: Duration,
    /// Captures.
    pub captures: LaneSample,
    /// Scans.
    pub scans: LaneSample,
    /// Memory of ingest and of trace-api in megabytes, if they run here.
    pub memory: [Option<f64>; 2],
}

/// All seconds of a run.
#[derive(Debug, Default)]
pub struct Series {
    /// In their order.
    pub samples: Vec<Sample>,
    /// Latencies of all captures and of all scans.
    pub latency: [Histogram; 2],
    /// What was done to the installation, and when.
    pub marks: Vec<(Duration, String)>,
}

impl Lane {
    fn lock(&self) -> std::sync::MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how requests are sent, and for how long.
    pub fn begin(&self, pace: Pace, lasting: Duration) {
        self.lock().plan = Some((pace, lasting));
    }

    /// Counts a request that ended.
    ///
    /// - `good`: the status that is hoped for.
    pub fn count(&self, done: &Done<'_>, good: u16) {
        let mut current = self.lock();
        match done.answer.map(|answer| answer.status) {
            Some(status) if status == good => current.counts.good += 1,
            Some(429) => current.counts.limited += 1,
            _ => current.counts.failed += 1,
        }
        current.counts.again += u64::from(done.attempts - 1);
        if done.answer.is_some() {
            current.second.record(done.latency);
        }
    }

    /// A capture whose answer was lost has been answered after all.
    pub fn mend(&self) {
        let mut current = self.lock();
        current.counts.failed = current.counts.failed.saturating_sub(1);
        current.counts.good += 1;
    }

    /// Ends a second.
    fn sample(&self, at: Duration, before: Option<(Duration, Counts)>) -> LaneSample {
        let mut current = self.lock();
        let second = std::mem::take(&mut current.second);
        current.all.add(&second);
        let counts = current.counts;
        let (since, earlier) = before.unwrap_or_default();
        let span = at.saturating_sub(since).as_secs_f64().max(0.001);
        let due = current.plan.and_then(|(pace, lasting)| {
            // At the end of the time nothing more becomes due.
            let is_over = at >= lasting;
            Some(pace.due_until(at.min(lasting))?.saturating_sub(u64::from(is_over)))
        });
        LaneSample {
            counts,
            rate: number(counts.ended().saturating_sub(earlier.ended())) / span,
            p50: second.quantile(500),
            p99: second.quantile(990),
            max: second.max(),
            waiting: due.map(|due| due.saturating_sub(counts.ended())),
        }
    }
}

impl Series {
    /// Adds a second; a rest that is too short for a rate of its own is counted with the one before.
    pub fn take(&mut self, at: Duration, [captures, scans]: &[Lane; 2], memory: [Option<f64>; 2]) {
        let last = self.samples.last();
        let of_captures = captures.sample(at, last.map(|last| (last.at, last.captures.counts)));
        let of_scans = scans.sample(at, last.map(|last| (last.at, last.scans.counts)));
        self.latency = [captures.lock().all.clone(), scans.lock().all.clone()];
        match self.samples.last_mut() {
            Some(last) if at.saturating_sub(last.at) < SHORTEST => {
                last.captures = LaneSample {
                    counts: of_captures.counts,
                    waiting: of_captures.waiting,
                    ..last.captures
                };
                last.scans =
                    LaneSample { counts: of_scans.counts, waiting: of_scans.waiting, ..last.scans };
            }
            _ => self.samples.push(Sample { at, captures: of_captures, scans: of_scans, memory }),
        }
    }

    /// The last second; an empty one before the first.
    pub fn last(&self) -> Sample {
        self.samples.last().copied().unwrap_or_default()
    }
}

/// A count as a number with a fraction.
pub fn number(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of a run are less than 2^53")]
    let number = count as f64;
    number
}

#[cfg(test)]
mod tests {
    use demo::traffic::{Answer, Request};

    use super::*;

    #[test]
    fn a_second_has_its_own_rate_and_latency_and_what_is_due_is_waiting() {
        let lanes = [Lane::default(), Lane::default()];
        let pace = Pace::Rate { per_second: 100.0, ramp: Duration::ZERO };
        lanes[0].begin(pace, Duration::from_mins(1));
        let request = Request { bytes: Vec::new(), id: 0 };
        let end = |status, millis, count| {
            let answer = Answer { status, ..Answer::default() };
            for _ in 0..count {
                let latency = Duration::from_millis(millis);
                let done = Done {
                    request: &request,
                    answer: Some(&answer),
                    error: None,
                    latency,
                    attempts: 2,
                };
                lanes[0].count(&done, 202);
            }
        };
        let mut series = Series::default();
        end(202, 10, 60);
        series.take(Duration::from_secs(1), &lanes, [None; 2]);
        end(202, 40, 20);
        end(429, 1, 3);
        end(500, 1, 2);
        series.take(Duration::from_secs(2), &lanes, [Some(1.0), None]);
        let [first, second] = series.samples[..] else { panic!("two seconds") };
        assert_eq!(first.captures.counts, Counts { good: 60, again: 60, ..Counts::default() });
        assert!(
            (first.captures.rate - 60.0).abs() < 1e-9 && (second.captures.rate - 25.0).abs() < 1e-9
        );
        assert_eq!(second.captures.counts, Counts { good: 80, limited: 3, failed: 2, again: 85 });
        assert!(
            first.captures.p50 < Duration::from_millis(11)
                && second.captures.p50 >= Duration::from_millis(40)
        );
        assert_eq!((first.captures.waiting, second.captures.waiting), (Some(41), Some(116)));
        assert_eq!(second.scans.waiting, None);
        assert_eq!(series.latency[0].count(), 85);
        end(202, 5, 1);
        series.take(Duration::from_millis(2100), &lanes, [None; 2]);
        assert_eq!((series.samples.len(), series.last().captures.counts.good), (2, 81));
        assert!(
            (series.last().captures.rate - 25.0).abs() < 1e-9,
            "a tenth of a second has no rate"
        );
        assert_eq!(series.latency[0].count(), 86);
    }
}
