//! Plots as SVG: lines over a logarithmic axis, and bars against what is asked for.
//!
//! What holds: a plot is readable on a light and on a dark page (its colours follow `prefers-color-scheme`), needs no script and
//! no other file, and names each line where it ends.

use std::fmt::Write as _;

/// Width of a plot.
const WIDTH: f64 = 760.0;
/// Height of a plot of lines.
const HEIGHT: f64 = 420.0;
/// Left, right, top and bottom edges around the plane.
const EDGES: [f64; 4] = [76.0, 190.0, 48.0, 56.0];
/// Colours of lines, told apart by people who see fewer colours, too.
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const STYLE: &str = "<style>svg{--ink:#1b1b1b;--faint:#c9c9c9;background:#fff}text{fill:var(--ink);\
                     font:13px system-ui,sans-serif}.title{font-size:16px;font-weight:600}.axis{stroke:var(--ink)}\
                     .grid{stroke:var(--faint);stroke-width:.6}@media(prefers-color-scheme:dark){svg{--ink:#e8e8e8;\
                     --faint:#555;background:#16181c}}</style>";

/// A line: its name and its points.
pub type Line = (String, Vec<(f64, f64)>);

/// The text of an element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A figure of an axis: 20k, 1.5M.
fn figure(value: f64) -> String {
    let (value, unit) = match value.abs() {
        size if size >= 1e6 => (value / 1e6, "M"),
        size if size >= 1e3 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let text = format!("{value:.2}");
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The next of 1, 2, 5, 10 … that is not below `value`.
fn round_up(value: f64) -> f64 {
    let ten = 10_f64.powf(value.max(1e-9).log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|by| by * ten).into_iter().find(|it| *it >= value).unwrap_or(value)
}

fn head(title: &str, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{0}\">{STYLE}\
         <text class=\"title\" x=\"{1}\" y=\"26\">{0}</text>",
        escaped(title).replace('"', "&quot;"),
        EDGES[0]
    )
}

/// Lines over powers of ten.
///
/// - `axes`: names of the horizontal axis, which is logarithmic, and of the vertical one, which begins at 0.
#[must_use]
pub fn lines(title: &str, axes: [&str; 2], lines: &[Line]) -> String {
    let [left, right, top, bottom] = EDGES;
    let points = || lines.iter().flat_map(|(_, points)| points.iter().copied());
    let most = round_up(points().map(|(_, y)| y).fold(0.0, f64::max));
    let powers = || points().map(|(x, _)| x.log10());
    // Without points a decade is shown all the same.
    let first = powers().reduce(f64::min).unwrap_or(0.0).floor();
    let last = powers().reduce(f64::max).unwrap_or(0.0).ceil().max(first + 1.0);
    let across = |x: f64| left + (x.log10() - first) / (last - first) * (WIDTH - left - right);
    let up = |y: f64| HEIGHT - bottom - y / most * (HEIGHT - top - bottom);
    let mut svg = head(title, HEIGHT);
    let ends = (across(10_f64.powf(first)), across(10_f64.powf(last)));
    for step in 0..=5 {
        let y = most * f64::from(step) / 5.0;
        let class = if step == 0 { "axis" } else { "grid" };
        write!(
            svg,
            "<line class=\"{class}\" x1=\"{0:.1}\" x2=\"{1:.1}\" y1=\"{2:.1}\" y2=\"{2:.1}\"/>\
             <text x=\"{3:.1}\" y=\"{4:.1}\" text-anchor=\"end\">{5}</text>",
            ends.0,
            ends.1,
            up(y),
            ends.0 - 8.0,
            up(y) + 4.0,
            figure(y)
        )
        .ok();
    }
    let mut power = first;
    while power <= last {
        let x = across(10_f64.powf(power));
        write!(
            svg,
            "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top}\" y2=\"{0:.1}\"/>\
             <text x=\"{x:.1}\" y=\"{1:.1}\" text-anchor=\"middle\">{2}</text>",
            HEIGHT - bottom,
            HEIGHT - bottom + 18.0,
            figure(10_f64.powf(power))
        )
        .ok();
        power += 1.0;
    }
    write!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text><text x=\"{}\" y=\"42\">{}</text>",
        f64::midpoint(ends.0, ends.1),
        HEIGHT - 12.0,
        escaped(axes[0]),
        left,
        escaped(axes[1])
    )
    .ok();
    let names =
        spaced(lines.iter().map(|(_, points)| points.last().map_or(most, |last| last.1)), &up);
    for (((name, points), colour), name_at) in lines.iter().zip(COLOURS.iter().cycle()).zip(names) {
        svg.push_str(&line(name, points, colour, name_at, (&across, &up)));
    }
    svg.push_str("</svg>\n");
    svg
}

/// Where the names of lines stand: at the ends of the lines, at least 16 apart.
fn spaced(ends: impl Iterator<Item = f64>, up: &dyn Fn(f64) -> f64) -> Vec<f64> {
    let mut places: Vec<(usize, f64)> = ends.map(up).enumerate().collect();
    places.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut last = f64::NEG_INFINITY;
    for (_, y) in &mut places {
        *y = y.max(last + 16.0);
        last = *y;
    }
    places.sort_by_key(|(place, _)| *place);
    places.into_iter().map(|(_, y)| y).collect()
}

fn line(
    name: &str,
    points: &[(f64, f64)],
    colour: &str,
    name_at: f64,
    (across, up): (&dyn Fn(f64) -> f64, &dyn Fn(f64) -> f64),
) -> String {
    let places: Vec<String> =
        points.iter().map(|(x, y)| format!("{:.1},{:.1}", across(*x), up(*y))).collect();
    let mut svg = format!(
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.2\"/>",
        places.join(" ")
    );
    for (x, y) in points {
        write!(
            svg,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.4\" fill=\"{colour}\"><title>{}: {}</title></circle>",
            across(*x),
            up(*y),
            figure(*x),
            figure(*y)
        )
        .ok();
    }
    let x = points.last().map_or(EDGES[0], |(x, _)| across(*x)) + 10.0;
    write!(
        svg,
        "<text x=\"{x:.1}\" y=\"{:.1}\" style=\"fill:{colour}\">{}</text>",
        name_at + 4.0,
        escaped(name)
    )
    .ok();
    svg
}

/// A bar for each measure: its share of what is asked for, on a logarithmic axis; 1 is met.
#[must_use]
pub fn bars(title: &str, shares: &[(String, f64)]) -> String {
    const ROW: f64 = 24.0;
    const NAMES: f64 = 430.0;
    let place = |share: f64| {
        NAMES + 20.0 + (share.clamp(0.01, 10.0).log10() + 2.0) / 3.0 * (WIDTH - NAMES - 90.0)
    };
    let height = 70.0 + ROW * f64::from(u32::try_from(shares.len()).unwrap_or(u32::MAX));
    let mut svg = head(title, height);
    let mut y = 46.0;
    for (name, share) in shares {
        let colour = if *share >= 1.0 { COLOURS[2] } else { COLOURS[1] };
        write!(
            svg,
            "<text x=\"{NAMES}\" y=\"{0:.1}\" text-anchor=\"end\">{1}</text>\
             <rect x=\"{2:.1}\" y=\"{3:.1}\" width=\"{4:.1}\" height=\"15\" fill=\"{colour}\"/>\
             <text x=\"{5:.1}\" y=\"{0:.1}\">{6:.2}</text>",
            y + 12.0,
            escaped(name),
            place(0.01),
            y,
            place(*share) - place(0.01),
            place(*share) + 6.0,
            share
        )
        .ok();
        y += ROW;
    }
    let one = place(1.0);
    write!(
        svg,
        "<line class=\"axis\" x1=\"{one:.1}\" x2=\"{one:.1}\" y1=\"40\" y2=\"{y:.1}\" stroke-dasharray=\"4 3\"/>\
         <text x=\"{one:.1}\" y=\"{:.1}\" text-anchor=\"middle\">asked for</text></svg>",
        y + 14.0
    )
    .ok();
    svg.push('\n');
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_is_one_element_with_a_line_for_each_series_and_the_names_of_both_axes() {
        let svg = lines(
            "Growth & more",
            ["items", "per second"],
            &[
                ("verdicts".into(), vec![(1e5, 900.0), (1e6, 800.0)]),
                ("<events>".into(), vec![(1e5, 850.0), (1e6, 799.0)]),
            ],
        );
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert_eq!(svg.matches("<circle").count(), 4);
        for text in ["Growth &amp; more", "items", "per second", "&lt;events&gt;", "1M", "100k"] {
            assert!(svg.contains(text), "{text} is missing");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        assert!(svg.contains("prefers-color-scheme:dark"));
    }

    #[test]
    fn a_plot_of_nothing_or_of_one_point_has_no_impossible_places() {
        for series in [vec![], vec![("one".to_owned(), vec![(1e6, 5.0)])]] {
            let svg = lines("t", ["x", "y"], &series);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }

    #[test]
    fn names_of_lines_that_end_at_the_same_height_do_not_overlap() {
        let places = spaced([5.0, 5.0, 5.1].into_iter(), &|y| 100.0 - y);
        let mut sorted = places.clone();
        sorted.sort_by(f64::total_cmp);
        assert!(sorted.windows(2).all(|pair| pair[1] - pair[0] >= 16.0), "{places:?}");
    }

    #[test]
    fn a_bar_is_as_long_as_its_share_and_says_whether_it_is_met() {
        let svg = bars("t", &[("met".into(), 1.5), ("not met".into(), 0.2)]);
        assert_eq!((svg.matches(COLOURS[2]).count(), svg.matches(COLOURS[1]).count()), (1, 1));
        assert!(svg.contains("1.50") && svg.contains("0.20"));
    }
}
