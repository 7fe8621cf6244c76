//! Figures of several rounds, and the rows in which they stand beside a floor and what is asked for.
//!
//! The way through: [`alternate`] measures floor and ours in turn; [`Row::new`] takes the rounds, [`Row::against`] the floor's,
//! and one of the bars says what is asked for.
//!
//! What holds: a ratio is that of two rounds that were measured one after the other, and the one that is judged is the
//! median of these; absolute figures of shared machines mean little.

use std::hint::black_box;
use std::time::Instant;

use serde_json::{Value, json};

/// A count as a number to calculate with.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "nothing is counted here up to 2^52")]
pub fn float(count: u64) -> f64 {
    count as f64
}

/// Minimum, median and maximum.
#[must_use]
pub fn spread(values: &[f64]) -> [f64; 3] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
    [at(0), at(sorted.len() / 2), at(sorted.len().saturating_sub(1))]
}

/// The value below which `share` of all are: 0.99 for p99.
#[must_use]
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let behind = sorted.iter().enumerate().find(|(place, _)| {
        float(u64::try_from(place + 1).unwrap_or(u64::MAX))
            >= share * float(u64::try_from(sorted.len()).unwrap_or(u64::MAX))
    });
    behind.map_or(f64::NAN, |(_, value)| *value)
}

/// Microseconds that `work` takes once: the median of `times`, since others may have the core in between.
#[must_use]
pub fn microseconds(times: usize, work: &dyn Fn() -> bool) -> f64 {
    let mut taken = Vec::with_capacity(times);
    for _ in 0..times {
        let begun = Instant::now();
        black_box(work());
        taken.push(begun.elapsed());
    }
    taken.sort_unstable();
    taken.get(times / 2).map_or(f64::NAN, |time| time.as_secs_f64() * 1e6)
}

/// Measures `floor`, `ours`, `floor`, `ours` …; gives both, a value for each round.
///
/// # Errors
///
/// The first that fails.
pub fn alternate(
    rounds: usize,
    mut floor: impl FnMut(usize) -> anyhow::Result<f64>,
    mut ours: impl FnMut(usize) -> anyhow::Result<f64>,
) -> anyhow::Result<(Vec<f64>, Vec<f64>)> {
    let mut found = (Vec::new(), Vec::new());
    for round in 0..rounds.max(1) {
        found.0.push(floor(round)?);
        found.1.push(ours(round)?);
    }
    Ok(found)
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Bar {
    Nothing,
    RatioAtLeast(f64),
    RatioAtMost(f64),
    AtLeast(f64),
    AtMost(f64),
}

/// A measure of the table.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its group, as `--only` names it.
    pub group: &'static str,
    /// What was measured.
    pub what: String,
    unit: &'static str,
    ours: Vec<f64>,
    floor: Option<(String, Vec<f64>)>,
    bar: Bar,
}

impl Row {
    /// A measure without a floor and without a bar.
    ///
    /// - `ours`: a value for each round, in `unit`.
    #[must_use]
    pub fn new(
        group: &'static str,
        what: impl Into<String>,
        unit: &'static str,
        ours: Vec<f64>,
    ) -> Self {
        Self { group, what: what.into(), unit, ours, floor: None, bar: Bar::Nothing }
    }

    /// Sets it beside a floor.
    ///
    /// - `values`: of the floor, a value for each round, measured just before ours.
    #[must_use]
    pub fn against(mut self, floor: impl Into<String>, values: Vec<f64>) -> Self {
        self.floor = Some((floor.into(), values));
        self
    }

    /// Asks that ours is at least `share` of the floor.
    #[must_use]
    pub fn ratio_at_least(mut self, share: f64) -> Self {
        self.bar = Bar::RatioAtLeast(share);
        self
    }

    /// Asks that ours is at most `times` the floor.
    #[must_use]
    pub fn ratio_at_most(mut self, times: f64) -> Self {
        self.bar = Bar::RatioAtMost(times);
        self
    }

    /// Asks for at least `value`.
    #[must_use]
    pub fn at_least(mut self, value: f64) -> Self {
        self.bar = Bar::AtLeast(value);
        self
    }

    /// Asks for at most `value`.
    #[must_use]
    pub fn at_most(mut self, value: f64) -> Self {
        self.bar = Bar::AtMost(value);
        self
    }

    /// Ours divided by the floor, for each round.
    #[must_use]
    pub fn ratios(&self) -> Option<Vec<f64>> {
        let (_, floor) = self.floor.as_ref()?;
        Some(self.ours.iter().zip(floor).map(|(ours, floor)| ours / floor).collect())
    }

    /// The ratio and the bar that it is compared with, as shares of what is asked for, for the plot.
    #[must_use]
    pub fn share_of_bar(&self) -> Option<f64> {
        let (ratio, value) = (self.ratios().map(|all| spread(&all)[1]), spread(&self.ours)[1]);
        let share = match self.bar {
            Bar::Nothing => return None,
            Bar::RatioAtLeast(bar) => ratio? / bar,
            Bar::RatioAtMost(bar) => bar / ratio?,
            Bar::AtLeast(bar) => value / bar,
            // Nothing at all is as little as can be asked for.
            Bar::AtMost(bar) if value.abs() < f64::EPSILON => 1.0 + bar,
            Bar::AtMost(bar) => bar / value,
        };
        share.is_finite().then_some(share)
    }

    /// Whether the median does what is asked for; none if nothing is.
    #[must_use]
    pub fn is_met(&self) -> Option<bool> {
        // A ratio that is no number meets nothing.
        (self.bar != Bar::Nothing).then(|| self.share_of_bar().is_some_and(|share| share >= 1.0))
    }

    fn asked(&self) -> String {
        match self.bar {
            Bar::Nothing => String::new(),
            Bar::RatioAtLeast(bar) => format!("at least {bar} of the floor"),
            Bar::RatioAtMost(bar) => format!("at most {bar} times the floor"),
            Bar::AtLeast(bar) => format!("at least {}", short(bar)),
            Bar::AtMost(bar) => format!("at most {}", short(bar)),
        }
    }

    /// The row in Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let three = |values: &[f64]| spread(values).map(short).join(" / ");
        let (name, floor) = match &self.floor {
            Some((name, values)) => (name.as_str(), three(values)),
            None => ("", String::new()),
        };
        let ratio = self.ratios().map(|all| three(&all)).unwrap_or_default();
        let met = self.is_met().map_or("", |met| if met { "yes" } else { "**no**" });
        let Self { what, unit, ours, .. } = self;
        let ours = three(ours);
        format!(
            "| {what} | {unit} | {ours} | {name} | {floor} | {ratio} | {} | {met} |",
            self.asked()
        )
    }

    /// The row in JSON, every round of it.
    #[must_use]
    pub fn json(&self) -> Value {
        let (name, floor) = self.floor.clone().unzip();
        json!({
            "group": self.group, "what": self.what, "unit": self.unit, "ours": self.ours, "floor": floor,
            "floorIs": name, "ratios": self.ratios(), "asked": self.asked(), "met": self.is_met(),
        })
    }
}

/// The head of a table of rows.
pub const HEAD: &str = "| what | unit | ours: min / median / max | floor | floor: min / median / max | \
                        ratio: min / median / max | asked | met |\n|---|---|---|---|---|---|---|---|";

/// A figure with three digits that say something.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || size == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.3}"),
        _ => format!("{value:.5}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floor_and_ours_are_measured_in_turn_and_compared_round_by_round() {
        let order = std::cell::RefCell::new(Vec::new());
        let take = |name: &'static str, value: f64| {
            order.borrow_mut().push(name);
            Ok(value)
        };
        let rounds = |round: usize| float(round as u64 + 1);
        let (floor, ours) = alternate(
            3,
            |round| take("floor", rounds(round)),
            |round| take("ours", 2.0 * rounds(round)),
        )
        .unwrap();
        assert_eq!(*order.borrow(), ["floor", "ours", "floor", "ours", "floor", "ours"]);
        let row = Row::new("a", "what", "per second", ours).against("floor", floor);
        assert_eq!(row.ratios(), Some(vec![2.0; 3]));
    }

    #[test]
    fn a_bar_is_met_by_the_median_and_by_nothing_that_is_no_number() {
        let row = |ours: &[f64]| {
            Row::new("a", "what", "per second", ours.to_vec()).against("floor", vec![10.0; 3])
        };
        for (row, met) in [
            (row(&[1.0, 5.0, 9.0]).ratio_at_least(0.5), Some(true)),
            (row(&[4.9, 4.9, 100.0]).ratio_at_least(0.5), Some(false)),
            (row(&[13.0, 13.0, 90.0]).ratio_at_most(1.3), Some(true)),
            (row(&[1.0, 14.0, 14.0]).ratio_at_most(1.3), Some(false)),
            (row(&[7.0; 3]).at_least(7.0), Some(true)),
            (row(&[7.0; 3]).at_most(6.9), Some(false)),
            (row(&[0.0; 3]).at_most(0.0), Some(true)),
            (row(&[1.0; 3]).at_most(0.0), Some(false)),
            (row(&[7.0; 3]), None),
            (row(&[f64::NAN; 3]).at_most(6.9), Some(false)),
            (row(&[]).ratio_at_least(0.5), Some(false)),
        ] {
            assert_eq!(row.is_met(), met, "{}", row.markdown());
        }
    }

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let values: Vec<f64> = (1..=100).rev().map(float).collect();
        assert_eq!(quantile(&values, 0.5).to_bits(), 50.0_f64.to_bits());
        assert_eq!(quantile(&values, 0.99).to_bits(), 99.0_f64.to_bits());
        assert_eq!(quantile(&[3.0], 0.99).to_bits(), 3.0_f64.to_bits());
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn a_row_is_one_line_of_a_table_with_as_many_cells_as_its_head() {
        let row = Row::new("a", "what", "per second", vec![1234.5, 0.5, 33.0])
            .against("a floor", vec![10.0; 3])
            .ratio_at_least(3.0);
        let cells = |line: &str| line.matches('|').count();
        assert_eq!(cells(&row.markdown()), cells(HEAD.lines().next().unwrap()));
        assert!(row.markdown().contains("0.500 / 33.0 / 1234"), "{}", row.markdown());
    }
}
