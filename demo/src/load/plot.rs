//! Plots as SVG, for a page without scripts.
//!
//! What holds: colours are the page's own, so that a plot is right in light and dark; every plot has units on its axes
//! and a legend if it has more than one line; points that are no numbers are left out.

use std::fmt::Write as _;

/// Width and height of a plot, and of the room at its left and below.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 64.0;
const BELOW: f64 = 28.0;
const ABOVE: f64 = 10.0;
const RIGHT: f64 = 12.0;
/// Most points of a line; more are thinned out, keeping the largest of those that fall together.
const POINTS: usize = 700;

/// A line.
pub struct Line {
    /// Its name in the legend.
    pub name: &'static str,
    /// Its class in the style sheet: `a`, `b` or `c`.
    pub class: &'static str,
    /// Its points, by rising x.
    pub points: Vec<(f64, f64)>,
}

/// How an axis runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// Evenly, from 0.
    Linear,
    /// By powers of ten.
    Log,
}

/// A plot.
pub struct Plot {
    /// What it shows; with the unit of y.
    pub title: &'static str,
    /// Unit of x.
    pub x_unit: &'static str,
    /// How x runs.
    pub x_axis: Axis,
    /// How y runs.
    pub y_axis: Axis,
    /// What is drawn.
    pub lines: Vec<Line>,
    /// Moments that are marked, on x.
    pub marks: Vec<(f64, String)>,
}

/// An axis with its ends.
struct Scale {
    axis: Axis,
    low: f64,
    high: f64,
}

impl Scale {
    fn of(axis: Axis, values: impl Iterator<Item = f64> + Clone) -> Self {
        let highest = values.clone().fold(0.0, f64::max);
        if axis == Axis::Linear {
            let high = if highest > 0.0 { highest * 1.05 } else { 1.0 };
            return Self { axis, low: 0.0, high };
        }
        let lowest = values.filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
        let low = if lowest.is_finite() { lowest } else { 0.1 };
        let low = 10f64.powf(low.log10().floor());
        let high = 10f64.powf(highest.max(low * 1.01).log10().ceil());
        Self { axis, low, high: high.max(low * 10.0) }
    }

    /// Where a value is, from 0 to 1.
    fn place(&self, value: f64) -> f64 {
        let share = match self.axis {
            Axis::Linear => (value - self.low) / (self.high - self.low),
            Axis::Log => (value.max(self.low) / self.low).ln() / (self.high / self.low).ln(),
        };
        share.clamp(0.0, 1.0)
    }

    /// Values at which the axis has a tick.
    fn ticks(&self) -> Vec<f64> {
        if self.axis == Axis::Log {
            return std::iter::successors(Some(self.low), |value| Some(value * 10.0))
                .take_while(|value| *value <= self.high * 1.001)
                .collect();
        }
        let rough = self.high / 4.0;
        let power = 10f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|step| step * power);
        let step = steps.into_iter().find(|step| *step >= rough).unwrap_or(rough);
        std::iter::successors(Some(0.0), |value| Some(value + step))
            .take_while(|value| *value <= self.high)
            .collect()
    }
}

/// A number without needless digits.
fn short(value: f64) -> String {
    let text = match value {
        0.0 => "0".to_owned(),
        value if value >= 1e6 => format!("{:.1}M", value / 1e6),
        value if value >= 1e4 => format!("{:.0}k", value / 1e3),
        value if value >= 10.0 => format!("{value:.0}"),
        value if value >= 1.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    };
    match text.strip_suffix(".0") {
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

impl Plot {
    /// The plot as a figure of a page; nothing if there is nothing to draw.
    pub fn figure(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| line.points.iter().copied());
        if points().count() == 0 {
            return String::new();
        }
        let xs = Scale::of(self.x_axis, points().map(|(x, _)| x).collect::<Vec<_>>().into_iter());
        let ys = Scale::of(self.y_axis, points().map(|(_, y)| y).collect::<Vec<_>>().into_iter());
        let mut out = format!("<figure><figcaption>{}{}</figcaption>", self.title, self.legend());
        write!(
            out,
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
            self.title
        )
        .ok();
        self.grid(&mut out, &xs, &ys);
        for (at, name) in &self.marks {
            let x = across(&xs, *at);
            let bottom = HEIGHT - BELOW;
            write!(
                out,
                "<line class=\"mark\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{ABOVE}\" y2=\"{bottom}\">\
                 <title>{name}</title></line>"
            )
            .ok();
        }
        for line in &self.lines {
            let points: Vec<String> = thinned(&line.points)
                .iter()
                .map(|(x, y)| format!("{:.1},{:.1}", across(&xs, *x), up(&ys, *y)))
                .collect();
            write!(out, "<polyline class=\"{}\" points=\"{}\"/>", line.class, points.join(" "))
                .ok();
        }
        out.push_str("</svg></figure>");
        out
    }

    fn legend(&self) -> String {
        if self.lines.len() < 2 {
            return String::new();
        }
        let one = |line: &Line| format!("<span class=\"key {}\">{}</span>", line.class, line.name);
        self.lines.iter().map(one).collect()
    }

    fn grid(&self, out: &mut String, xs: &Scale, ys: &Scale) {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BELOW);
        for value in ys.ticks() {
            let y = up(ys, value);
            let (text_x, text_y, text) = (LEFT - 8.0, y + 4.0, short(value));
            write!(
                out,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"end\" x=\"{text_x}\" y=\"{text_y:.1}\">{text}</text>"
            )
            .ok();
        }
        let ticks = xs.ticks();
        for (place, value) in ticks.iter().enumerate() {
            let x = across(xs, *value);
            let unit = if place + 1 == ticks.len() { self.x_unit } else { "" };
            let (text_y, text) = (bottom + 18.0, short(*value));
            write!(out, "<text class=\"middle\" x=\"{x:.1}\" y=\"{text_y}\">{text}{unit}</text>")
                .ok();
        }
        write!(
            out,
            "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{bottom}\" y2=\"{bottom}\"/>"
        )
        .ok();
    }
}

fn across(scale: &Scale, value: f64) -> f64 {
    LEFT + scale.place(value) * (WIDTH - LEFT - RIGHT)
}

fn up(scale: &Scale, value: f64) -> f64 {
    HEIGHT - BELOW - scale.place(value) * (HEIGHT - BELOW - ABOVE)
}

/// At most [`POINTS`] points: of those that fall together the one with the largest y.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let every = points.len().div_ceil(POINTS).max(1);
    let largest = |chunk: &[(f64, f64)]| chunk.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
    let finite = |point: &(f64, f64)| point.0.is_finite() && point.1.is_finite();
    points.chunks(every).filter_map(largest).filter(finite).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(axis: Axis, points: Vec<(f64, f64)>) -> String {
        let lines = vec![Line { name: "it", class: "a", points }];
        let marks = vec![(1.0, "killed".to_owned())];
        Plot { title: "ms", x_unit: " s", x_axis: Axis::Linear, y_axis: axis, lines, marks }
            .figure()
    }

    #[test]
    fn a_line_stays_within_its_plot_and_keeps_its_peak_when_points_are_thinned() {
        for axis in [Axis::Linear, Axis::Log] {
            let points = (0..5000).map(|x| (f64::from(x), if x == 3333 { 900.0 } else { 3.0 }));
            let figure = plot(axis, points.collect());
            let line = figure.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
            let points: Vec<(f64, f64)> = line
                .split(' ')
                .map(|point| {
                    let (x, y) = point.split_once(',').unwrap();
                    (x.parse().unwrap(), y.parse().unwrap())
                })
                .collect();
            assert!(points.len() <= POINTS, "{}", points.len());
            assert!(
                points
                    .iter()
                    .all(|(x, y)| (LEFT..=WIDTH).contains(x) && (0.0..=HEIGHT).contains(y))
            );
            let highest = points.iter().map(|(_, y)| *y).fold(HEIGHT, f64::min);
            assert!(highest < HEIGHT / 4.0, "the peak is drawn: {highest}");
        }
    }

    #[test]
    fn nothing_and_only_zeros_can_be_drawn() {
        assert_eq!(plot(Axis::Log, Vec::new()), "");
        for axis in [Axis::Linear, Axis::Log] {
            let figure = plot(axis, vec![(0.0, 0.0), (1.0, 0.0)]);
            assert!(!figure.contains("NaN") && !figure.contains("inf"), "{figure}");
        }
    }

    #[test]
    fn ticks_are_round_numbers() {
        let scale = Scale::of(Axis::Linear, [0.0, 193.0].into_iter());
        assert_eq!(scale.ticks(), [0.0, 100.0, 200.0]);
        let scale = Scale::of(Axis::Log, [0.7, 42.0].into_iter());
        assert_eq!(
            scale.ticks().iter().map(|it| short(*it)).collect::<Vec<_>>(),
            ["0.10", "1", "10", "100"]
        );
    }
}
