//! Which crate may depend on which.
//!
//! What holds: an arrow goes from a layer to a lower one. Crates of one layer never depend on one another, which is how
//! processes stay apart and the ledger stays below events.
//!
//! Sources: the `[dependencies]` and `[build-dependencies]` of every manifest; dev-dependencies make no arrow in what is
//! shipped.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

/// The layers, lowest first.
pub const LAYERS: &[&[&str]] = &[
    &["epc", "evm", "tag_auth"],
    &["ledger", "labels"],
    &["reads", "epcis", "directory", "access", "keystore", "tag_service"],
    &["devices", "settling", "sql"],
    &["process"],
    &["history"],
    &["gate"],
    &["inquiry"],
    &["export"],
    &["firmware-bridge", "ingest", "anchor", "trace-api", "desk"],
    &["chopmark"],
    &["demo", "foreign"],
    &["tests", "fuzz"],
];
/// Crates that nothing of the product may depend on.
pub const BESIDE_THE_PRODUCT: &[&str] = &["demo", "foreign", "tests", "fuzz"];
/// Packages that only demo and tests may bring in.
pub const NOT_SHIPPED: &[&str] = &[
    "rumqttd",
    "axum",
    "tempfile",
    "fantoccini",
    "proptest",
    "libfuzzer-sys",
    "tungstenite",
    "rqrr",
];

/// The crates of the workspace, each with the crates of the workspace that it depends on.
pub type Graph = BTreeMap<String, BTreeSet<String>>;

/// The graph of these manifests.
pub fn graph(manifests: &[String]) -> Graph {
    let tables: Vec<Table> =
        manifests.iter().map(|text| text.parse().expect("a manifest is TOML")).collect();
    let name = |table: &Table| {
        table.get("package")?.get("name").and_then(Value::as_str).map(str::to_owned)
    };
    let names: BTreeSet<String> = tables.iter().filter_map(name).collect();
    let needs = |table: &Table| {
        ["dependencies", "build-dependencies"]
            .iter()
            .filter_map(|section| table.get(*section)?.as_table())
            .flat_map(Table::keys)
            .filter(|needed| names.contains(*needed))
            .cloned()
            .collect()
    };
    tables.iter().filter_map(|table| Some((name(table)?, needs(table)))).collect()
}

/// Every arrow that does not go to a lower layer, and every crate without a layer.
pub fn faults(graph: &Graph, layers: &[&[&str]]) -> Vec<String> {
    let layer = |name: &str| layers.iter().position(|layer| layer.contains(&name));
    let mut found = Vec::new();
    for (name, needs) in graph {
        let Some(own) = layer(name) else {
            found.push(format!("{name} has no layer; tests/e2e/house/layout/layers.rs names them"));
            continue;
        };
        for needed in needs {
            if layer(needed).is_some_and(|needed| needed >= own) {
                found.push(format!("{name} depends on {needed}, which is not in a lower layer"));
            }
        }
    }
    found
}

/// Every crate of the workspace that `name` depends on over any number of steps.
pub fn below<'a>(graph: &'a Graph, name: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<&str> = graph[name].iter().map(String::as_str).collect();
    while let Some((key, needs)) = waiting.pop().and_then(|name| graph.get_key_value(name)) {
        if found.insert(key.as_str()) {
            waiting.extend(needs.iter().map(String::as_str));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_up(crates: &[(&str, &str)]) -> Graph {
        let manifest =
            |(name, rest): &(&str, &str)| format!("[package]\nname = \"{name}\"\n{rest}");
        graph(&crates.iter().map(manifest).collect::<Vec<_>>())
    }

    const ORDER: &[&[&str]] = &[&["low"], &["left", "right"], &["high"]];

    #[test]
    fn an_arrow_downwards_is_right_and_one_upwards_or_sideways_is_not() {
        let right = made_up(&[
            ("low", "[dependencies]\nserde.workspace = true"),
            (
                "left",
                "[dependencies]\nlow.workspace = true\n[dev-dependencies]\nhigh.workspace = true",
            ),
            ("right", ""),
            ("high", "[dependencies]\nleft = { workspace = true }\nlow = { path = \"../low\" }"),
        ]);
        assert!(faults(&right, ORDER).is_empty());
        let wrong = made_up(&[
            ("low", "[dependencies]\nhigh.workspace = true"),
            ("left", "[dependencies]\nright.workspace = true"),
            ("right", "[build-dependencies]\nhigh.workspace = true"),
            ("high", ""),
            ("unknown", ""),
        ]);
        let found = faults(&wrong, ORDER).join("\n");
        for words in [
            "low depends on high",
            "left depends on right",
            "right depends on high",
            "unknown has no layer",
        ] {
            assert!(found.contains(words), "{words} is not in:\n{found}");
        }
    }

    #[test]
    fn what_is_below_counts_over_several_steps() {
        let graph = made_up(&[
            ("low", ""),
            ("left", "[dependencies]\nlow.workspace = true"),
            ("right", ""),
            ("high", "[dependencies]\nleft.workspace = true"),
        ]);
        assert_eq!(below(&graph, "high"), BTreeSet::from(["left", "low"]));
    }
}
