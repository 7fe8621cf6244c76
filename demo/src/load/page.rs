//! The frame of the report: one HTML file without scripts and without anything from outside.

use std::fmt::Write as _;

/// Style of the report, light and dark.
const STYLE: &str = "
:root { color-scheme: light dark; --ground: #fbfbf9; --card: #ffffff; --ink: #1d2329; --soft: #5c6670; --line: #dfe3e6;
  --a: #1f6feb; --b: #d9680f; --c: #8a949e; --good: #16794a; --bad: #c0262d; --unsure: #946200; }
@media (prefers-color-scheme: dark) { :root { --ground: #12161a; --card: #1a2026; --ink: #e6eaee; --soft: #98a3ad;
  --line: #2e363e; --a: #6cb0ff; --b: #ffa657; --c: #7d8893; --good: #4cc38a; --bad: #ff7b80; --unsure: #e0b341; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 4rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2.25rem 0 .75rem; }
.when { color: var(--soft); margin: .25rem 0 1.5rem; }
.verdict { border-left: .35rem solid; border-radius: .25rem; background: var(--card); padding: .75rem 1rem; font-weight: 600; }
.verdict.good { border-color: var(--good); } .verdict.bad { border-color: var(--bad); } .verdict.unsure { border-color: var(--unsure); }
table { border-collapse: collapse; width: 100%; background: var(--card); font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .4rem .6rem; text-align: left; vertical-align: top; }
thead th { color: var(--soft); font-weight: 500; } tbody th { font-weight: 400; }
td.figure, th.figure { text-align: right; white-space: nowrap; }
td { overflow-wrap: anywhere; }
td.good, td.bad, td.unsure { white-space: nowrap; overflow-wrap: normal; }
td.good { color: var(--good); } td.bad { color: var(--bad); } td.unsure { color: var(--unsure); }
figure { margin: 0 0 1.25rem; background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .75rem; }
figcaption { font-size: .95rem; margin-bottom: .25rem; }
.key { margin-left: 1rem; color: var(--soft); font-size: .85rem; }
.key::before { content: ''; display: inline-block; width: 1.1em; height: 3px; margin-right: .4em; vertical-align: middle; }
.key.a::before { background: var(--a); } .key.b::before { background: var(--b); } .key.c::before { background: var(--c); }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font: 11px system-ui, sans-serif; } .end { text-anchor: end; } .middle { text-anchor: middle; }
.grid { stroke: var(--line); } .axis { stroke: var(--soft); } .mark { stroke: var(--bad); stroke-dasharray: 3 3; }
polyline { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
polyline.a { stroke: var(--a); } polyline.b { stroke: var(--b); } polyline.c { stroke: var(--c); }
code { font-size: .9em; overflow-wrap: anywhere; }
";

/// A page around `body`, which is HTML.
pub fn page(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )
}

/// A text as HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A table.
///
/// - `head`: names of the columns; the first one is that of the rows, the others hold figures.
/// - `rows`: cells as plain text.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = String::from("<table>");
    if !head.is_empty() {
        let names = head.iter().enumerate().map(|(place, name)| {
            let class = if place == 0 { "" } else { " class=\"figure\"" };
            format!("<th{class}>{}</th>", escaped(name))
        });
        write!(out, "<thead><tr>{}</tr></thead>", names.collect::<String>()).ok();
    }
    out.push_str("<tbody>");
    for row in rows {
        let cells = row.iter().enumerate().map(|(place, cell)| {
            let class = if head.is_empty() { "" } else { " class=\"figure\"" };
            let cell = escaped(cell);
            if place == 0 { format!("<th>{cell}</th>") } else { format!("<td{class}>{cell}</td>") }
        });
        write!(out, "<tr>{}</tr>", cells.collect::<String>()).ok();
    }
    out + "</tbody></table>"
}
