//! Dashboards and alerts: promtool takes them, every alert is tested, every metric exists in the code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn promtool(words: &[&str]) {
    let program = std::env::var("CHOPMARK_PROMTOOL").unwrap_or_else(|_| "promtool".into());
    let output = Command::new(program)
        .args(words)
        .current_dir(root().join("dashboards"))
        .output()
        .expect("promtool is needed; `make setup` gets it");
    let text = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&text));
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Queries of all Grafana panels.
fn queries() -> Vec<String> {
    let mut found = Vec::new();
    for name in ["warehouse", "custody", "scans"] {
        let text = read(&format!("dashboards/{name}.json"));
        let dashboard: serde_json::Value =
            serde_json::from_str(&text).expect("a dashboard is JSON");
        for panel in dashboard["panels"].as_array().expect("panels") {
            for target in panel["targets"].as_array().expect("targets") {
                found.push(target["expr"].as_str().expect("a query").to_owned());
            }
        }
    }
    found
}

/// Names of ours in a text.
fn names(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| {
            ["bridge_", "ingest_", "anchor_", "trace_api_", "desk_", "database_", "tls_"]
                .iter()
                .any(|p| word.starts_with(p))
        })
        .map(|word| word.trim_end_matches("_bucket").to_owned())
        .collect()
}

/// Names that the processes register: quoted words of their metrics files, and of the one for what several have.
fn registered() -> BTreeSet<String> {
    let processes = ["firmware-bridge", "ingest", "anchor", "trace-api", "desk", "crates/process"];
    let files = processes.map(|process| format!("{process}/src/metrics.rs"));
    files
        .into_iter()
        .chain(["trace-api/src/projection_metrics.rs".to_owned()])
        .flat_map(|file| {
            let text = read(&file);
            let quoted: Vec<String> =
                text.split('"').skip(1).step_by(2).map(str::to_owned).collect();
            quoted
                .into_iter()
                .filter(|word| !word.contains(' '))
                .flat_map(|word| names(&word))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn prometheus_takes_configuration_and_alerts_and_every_alert_fires_when_it_should() {
    promtool(&["check", "config", "prometheus.yml"]);
    promtool(&["check", "rules", "alerts.yml"]);
    promtool(&["test", "rules", "alerts.test.yml"]);
    let tests = read("dashboards/alerts.test.yml");
    for alert in read("dashboards/alerts.yml")
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
    {
        assert_eq!(
            tests.matches(&format!("alertname: {alert}\n")).count(),
            2,
            "{alert} is tested firing and silent"
        );
    }
}

#[test]
fn prometheus_understands_every_query_of_every_dashboard() {
    let mut rules = String::from("groups:\n  - name: panels\n    rules:\n");
    for (place, query) in queries().iter().enumerate() {
        let query = serde_json::to_string(query).expect("a text");
        rules.push_str(
            &["      - record: panel:", &place.to_string(), "\n        expr: ", &query, "\n"]
                .concat(),
        );
    }
    let file = std::env::temp_dir().join(format!("panels-{}.yml", std::process::id()));
    std::fs::write(&file, rules.replace("panel:", "panel:p")).expect("written");
    promtool(&["check", "rules", &file.to_string_lossy()]);
    std::fs::remove_file(&file).ok();
}

#[test]
fn every_metric_shown_exists_and_every_metric_that_exists_is_shown() {
    let shown = names(&(queries().join("\n") + &read("dashboards/alerts.yml")));
    let exist = registered();
    assert!(exist.len() > 30, "{exist:?}");
    let unknown: Vec<&String> = shown.difference(&exist).collect();
    assert!(unknown.is_empty(), "shown and not registered: {unknown:?}");
    let hidden: Vec<&String> = exist.difference(&shown).collect();
    assert!(hidden.is_empty(), "registered and not shown: {hidden:?}");
}
