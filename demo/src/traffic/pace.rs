//! When the next request is due.
//!
//! What holds: at a rate the times are fixed before the first answer, so a slow server does not slow the plan.

use std::time::Duration;

/// How fast requests are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// Each connection sends when it was answered.
    AsAnswered,
    /// At a rate, whether or not earlier requests were answered.
    Rate {
        /// Requests a second, above 0.
        per_second: f64,
        /// Time over which the rate rises from 0; the plan is behind by half of it from then on.
        ramp: Duration,
    },
}

impl Pace {
    /// When the request of this number (from 0) is due after the start; none if it is due as soon as a connection is free.
    #[must_use]
    pub fn due(self, number: u64) -> Option<Duration> {
        let Self::Rate { per_second, ramp } = self else { return None };
        #[expect(clippy::cast_precision_loss, reason = "requests of a run are less than 2^53")]
        let number = number as f64;
        let ramp = ramp.as_secs_f64();
        let in_ramp = per_second * ramp / 2.0;
        let seconds = if number < in_ramp {
            (2.0 * ramp * number / per_second).sqrt()
        } else {
            ramp + (number - in_ramp) / per_second
        };
        Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }

    /// How many requests are due up to a time after the start; none if that depends on the answers.
    #[must_use]
    pub fn due_until(self, elapsed: Duration) -> Option<u64> {
        let Self::Rate { per_second, ramp } = self else { return None };
        let (elapsed, ramp) = (elapsed.as_secs_f64(), ramp.as_secs_f64());
        let count = if elapsed < ramp {
            per_second * elapsed * elapsed / (2.0 * ramp)
        } else {
            per_second * (elapsed - ramp / 2.0)
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of requests"
        )]
        let count = count.floor() as u64;
        Some(count + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_evenly_spaced_after_a_ramp_that_sends_half_as_many() {
        let pace = Pace::Rate { per_second: 100.0, ramp: Duration::from_secs(2) };
        let due = |number| pace.due(number).unwrap().as_secs_f64();
        assert!(due(0).abs() < 1e-9);
        assert!((due(100) - 2.0).abs() < 1e-9, "100 of 200 within the ramp of two seconds");
        assert!((due(150) - 2.5).abs() < 1e-9);
        assert!(due(1) - due(0) > due(50) - due(49), "slower at first");
        for number in 0..1000 {
            let at = pace.due(number).unwrap() + Duration::from_micros(1);
            assert_eq!(pace.due_until(at), Some(number + 1), "{number}");
        }
        let at_once = Pace::Rate { per_second: 10.0, ramp: Duration::ZERO };
        assert_eq!(at_once.due(5), Some(Duration::from_millis(500)));
        assert_eq!(Pace::AsAnswered.due(5), None);
    }
}
