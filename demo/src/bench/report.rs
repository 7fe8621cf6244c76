//! What the bench prints while it runs, and the files that it leaves.
//!
//! What holds: a row is printed as soon as it is known; every row of the table that was asked for is there with figures, or is
//! named with the reason why it could not be measured.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use super::chart;
use super::measure::{HEAD, Row};

/// Everything that was found.
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
    missing: Vec<(&'static str, String)>,
    plots: Vec<(&'static str, String)>,
}

impl Report {
    /// Begins a part of the table.
    pub fn part(title: &str) {
        out!("\n### {title}\n\n{HEAD}");
    }

    /// Adds a row and prints it.
    pub fn add(&mut self, row: Row) {
        out!("{}", row.markdown());
        self.rows.push(row);
    }

    /// Names a group that could not be measured, and why.
    pub fn missing(&mut self, group: &'static str, why: impl Into<String>) {
        let why = why.into();
        out!("\nNot measured: {group}: {why}");
        self.missing.push((group, why));
    }

    /// Adds a plot, to be written to `name`.
    pub fn plot(&mut self, name: &'static str, svg: String) {
        self.plots.push((name, svg));
    }

    /// Writes `results.md`, `results.json`, `asked.svg` and the other plots into `folder`.
    ///
    /// - `about`: machine, build and arguments, for whoever compares two runs.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub fn write(&self, folder: &Path, about: &serde_json::Value) -> anyhow::Result<()> {
        fs::create_dir_all(folder)
            .with_context(|| format!("could not make {}", folder.display()))?;
        let put = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).with_context(|| format!("could not write {}", path.display()))
        };
        let named = |list: &[(&'static str, String)]| -> Vec<_> {
            list.iter().map(|(group, text)| json!({ "group": group, "text": text })).collect()
        };
        let rows: Vec<_> = self.rows.iter().map(Row::json).collect();
        let all = json!({
            "about": about, "rows": rows, "missing": named(&self.missing),
        });
        put("results.json", &format!("{all:#}\n"))?;
        put("results.md", &self.markdown())?;
        let shares: Vec<(String, f64)> = self
            .rows
            .iter()
            .filter_map(|row| Some((row.what.clone(), row.share_of_bar()?)))
            .collect();
        put("asked.svg", &chart::bars("Measured, as a share of what is asked for", &shares))?;
        self.plots.iter().try_for_each(|(name, svg)| put(name, svg))?;
        let met = self.rows.iter().filter(|row| row.is_met() == Some(true)).count();
        let judged = self.rows.iter().filter(|row| row.is_met().is_some()).count();
        out!("\n{met} of {judged} bars are met. Files: {}", folder.display());
        Ok(())
    }

    fn markdown(&self) -> String {
        let mut text = format!("{HEAD}\n");
        for row in &self.rows {
            text.push_str(&row.markdown());
            text.push('\n');
        }
        for (group, why) in &self.missing {
            writeln!(text, "\nNot measured: {group}: {why}").ok();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_hold_every_row_every_plot_and_what_was_not_measured() {
        let folder = tempfile::tempdir().unwrap();
        let mut report = Report::default();
        report.add(
            Row::new("singles", "rows", "per second", vec![4.0])
                .against("plain rows", vec![8.0])
                .ratio_at_least(1.0),
        );
        report.missing("peer", "it could not be installed");
        report.plot("growth.svg", chart::lines("t", ["x", "y"], &[]));
        report.write(folder.path(), &json!({ "cores": 2 })).unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        let results: serde_json::Value = serde_json::from_str(&read("results.json")).unwrap();
        assert_eq!(results["rows"][0]["ratios"], json!([0.5]));
        assert_eq!(results["rows"][0]["met"], json!(false));
        assert_eq!(results["missing"][0]["group"], "peer");
        assert!(read("results.md").contains("| rows | per second | 4.000"));
        assert!(read("results.md").contains("it could not be installed"));
        assert!(read("asked.svg").contains("0.50") && read("growth.svg").contains("<svg"));
    }
}
