//! The rules of the repository, checked by looking at every file.
//!
//! The way through: each test is one rule of ARCHITECTURE and CONTRIBUTING; the files below do the parsing, each with tests
//! of its own on made-up sources, because a check that cannot fail is worth nothing.
//!
//! What holds: a rule names every place that breaks it, with file and line.
//!
//! Not here: what clippy and rustfmt check.

mod circles;
mod functions;
mod layers;
mod places;
pub(crate) mod sources;
pub(crate) mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use self::circles::Crate;
use self::places::{
    ASKS_THE_SYSTEM, CLOCK_AND_RANDOMNESS, FINDS_FOREIGN_DATA, FOREIGN_DATA, GATHERING, IMPURE,
    LIBRARIES, PURE, named,
};
use self::sources::{files, read, root};
use self::tokens::{Token, code, flat};

/// Longest file, in lines.
const FILE_LINES: usize = 600;
/// Longest function outside of tests, in lines.
const FUNCTION_LINES: usize = 60;
/// Most end-to-end test binaries: each one more costs a link of everything below it.
const END_TO_END_BINARIES: usize = 4;

/// Fails with every line of `faults`.
fn none(rule: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{rule}; {} places:\n{}", faults.len(), faults.join("\n"));
}

/// The members of the workspace, as folders.
fn members() -> Vec<String> {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("TOML");
    let members = manifest["workspace"]["members"].as_array().expect("a list of members");
    members.iter().map(|member| member.as_str().expect("a folder").to_owned()).collect()
}

/// Every crate of the workspace with sources, by its root file.
fn crates() -> Vec<Crate> {
    let text = |path: &str| std::fs::read_to_string(root().join(path)).ok();
    let roots = members()
        .into_iter()
        .flat_map(|member| ["lib", "main"].map(|name| format!("{member}/src/{name}.rs")));
    let is_there = |path: &String| root().join(path).is_file();
    roots.filter(is_there).map(|root| Crate::parse(&root, &text)).collect()
}

/// The tokens of every file of the crates that is not compiled for tests only, by path.
fn shipped_code() -> BTreeMap<String, Vec<Token>> {
    let crates = crates();
    let paths: BTreeSet<&str> = crates.iter().flat_map(Crate::files).collect();
    paths.into_iter().map(|path| (path.to_owned(), flat(&code(path, &read(path))))).collect()
}

fn is_below(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| path.starts_with(place))
}

#[test]
fn no_files_of_a_crate_use_each_other_in_a_circle() {
    let mut faults = Vec::new();
    for circle in crates().iter().flat_map(Crate::circles) {
        let mut shown = BTreeMap::new();
        for edge in circle {
            shown.entry((edge.from, edge.to)).or_insert(edge.because);
        }
        let lines: Vec<String> =
            shown.into_iter().map(|((_, to), because)| format!("  {because} ({to})")).collect();
        faults.push(format!("a circle:\n{}", lines.join("\n")));
    }
    none("files of a crate use each other in a circle", &faults);
}

#[test]
fn foreign_data_are_found_in_one_way_which_announces_their_absence() {
    let mut faults = Vec::new();
    let mut places = BTreeSet::new();
    for file in files(&[".rs"]) {
        let found = FOREIGN_DATA.iter().filter(|words| file.text.contains(**words));
        for words in found {
            places.insert(*words);
            if !is_below(&file.path, FINDS_FOREIGN_DATA) {
                faults.push(format!("{} has {words}", file.path));
            }
        }
    }
    none("crates/foreign finds foreign data and announces skipped tests", &faults);
    assert_eq!(places.len(), FOREIGN_DATA.len(), "{places:?} are all that is named anywhere");
}

#[test]
fn every_source_file_belongs_to_a_crate() {
    let crates = crates();
    let known: BTreeSet<&str> = crates.iter().flat_map(Crate::files).collect();
    // Test modules are reached from their parents only when tests are compiled.
    let is_for_tests = |path: &str| path.ends_with("tests.rs") || path.contains("/tests/");
    let sources = files(&[".rs"]).into_iter().map(|file| file.path);
    let faults: Vec<String> = sources
        .filter(|path| {
            path.contains("/src/") && !is_for_tests(path) && !known.contains(path.as_str())
        })
        .filter(|path| !is_declared_for_tests(path))
        .collect();
    none("no `mod` declares these files", &faults);
}

/// Whether the file's parent declares it under `#[cfg(test)]`.
fn is_declared_for_tests(path: &str) -> bool {
    let path = Path::new(path);
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let folder = path.parent().expect("a file lies in a folder");
    let beside = [folder.with_extension("rs"), folder.join("lib.rs"), folder.join("main.rs")];
    beside.iter().filter_map(|parent| std::fs::read_to_string(root().join(parent)).ok()).any(
        |text| {
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            words.contains(&format!("mod {name};")) && words.contains("#[cfg(")
        },
    )
}

#[test]
fn crates_depend_on_lower_layers_only() {
    let manifests: Vec<String> =
        members().iter().map(|member| read(&format!("{member}/Cargo.toml"))).collect();
    let graph = layers::graph(&manifests);
    none("arrows between crates", &layers::faults(&graph, layers::LAYERS));
    let below = layers::below(&graph, "chopmark");
    for beside in layers::BESIDE_THE_PRODUCT {
        assert!(graph.contains_key(*beside), "no crate is called {beside}");
        assert!(!below.contains(beside), "the product depends on {beside}");
    }
}

#[test]
fn what_is_shipped_holds_no_library_of_demo_and_tests() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "tree",
            "--offline",
            "--package",
            "chopmark",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
        ])
        .current_dir(root())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let shipped: BTreeSet<&str> =
        text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(shipped.contains("ledger") && shipped.contains("tokio"), "not a tree:\n{text}");
    let not = layers::NOT_SHIPPED.iter().chain(layers::BESIDE_THE_PRODUCT);
    let faults: Vec<String> =
        not.filter(|name| shipped.contains(**name)).map(|name| (*name).to_owned()).collect();
    none("the product's dependency tree holds", &faults);
}

#[test]
fn end_to_end_tests_are_in_few_binaries() {
    let mut found = Vec::new();
    for member in members() {
        let manifest: toml::Table = read(&format!("{member}/Cargo.toml")).parse().expect("TOML");
        let tests =
            manifest.get("test").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        found.extend(tests.iter().filter_map(|test| {
            let path = test.get("path")?.as_str()?;
            (path.contains("e2e/") || path.contains("attacks/")).then(|| format!("{member}/{path}"))
        }));
    }
    assert!((1..=END_TO_END_BINARIES).contains(&found.len()), "{found:?}");
}

#[test]
fn no_function_outside_of_tests_is_long() {
    let mut faults = Vec::new();
    for path in shipped_code().into_keys().filter(|path| !path.starts_with("tests/")) {
        for function in functions::functions(&code(&path, &read(&path))) {
            if function.lines > FUNCTION_LINES {
                faults.push(format!(
                    "{path}:{} `{}` has {} lines, expected at most {FUNCTION_LINES}",
                    function.line, function.name, function.lines
                ));
            }
        }
    }
    none("long functions", &faults);
}

#[test]
fn pure_code_does_no_io_and_holds_no_clock_and_no_randomness() {
    let mut faults = Vec::new();
    for (path, tokens) in shipped_code() {
        if is_below(&path, PURE) && !is_below(&path, GATHERING) {
            for name in IMPURE {
                let lines = named(&tokens, name);
                faults
                    .extend(lines.iter().map(|line| format!("{path}:{line} {}", name.join("::"))));
            }
        }
    }
    none("pure code names", &faults);
}

#[test]
fn every_pure_place_exists() {
    let code = shipped_code();
    for place in PURE {
        assert!(code.keys().any(|path| path.starts_with(place)), "no file begins with {place}");
    }
}

#[test]
fn time_and_randomness_come_from_the_context_of_the_process() {
    let mut faults = Vec::new();
    for (path, tokens) in shipped_code() {
        if !is_below(&path, ASKS_THE_SYSTEM) {
            for name in CLOCK_AND_RANDOMNESS {
                let lines = named(&tokens, name);
                faults
                    .extend(lines.iter().map(|line| format!("{path}:{line} {}", name.join("::"))));
            }
        }
    }
    none("only crates/process, demo and tests may call", &faults);
}

#[test]
fn each_dangerous_library_is_named_in_its_own_place_only() {
    let mut faults = Vec::new();
    for (path, tokens) in shipped_code() {
        for place in LIBRARIES.iter().filter(|place| !is_below(&path, place.files)) {
            let lines = named(&tokens, place.path);
            faults.extend(lines.iter().map(|line| {
                format!(
                    "{path}:{line} {}, expected in {:?} only",
                    place.path.join("::"),
                    place.files
                )
            }));
        }
    }
    none("libraries outside of their place", &faults);
}

#[test]
fn no_drawer_no_giant_and_nothing_unfinished() {
    let drawers =
        ["util", "utils", "common", "helpers", "misc", "core", "types", "shared", "manager", "mod"];
    let unfinished = [
        "todo!(",
        "unimplemented!(",
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("#[ign", "ore"),
    ];
    for file in files(&[".rs", ".sql", ".sol", ".js", ".mjs"]) {
        let (path, text) = (file.path, file.text);
        let stem =
            path.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default();
        assert!(!drawers.contains(&stem), "{path} is a drawer");
        let lines = text.lines().count();
        assert!(lines <= FILE_LINES, "{path} has {lines} lines, expected at most {FILE_LINES}");
        for word in unfinished {
            assert!(!text.contains(word) || path.ends_with("layout.rs"), "{path} holds {word}");
        }
    }
}

#[test]
fn every_source_file_says_what_it_is_for() {
    for file in files(&[".rs"]) {
        assert!(file.text.starts_with("//!"), "{} has no header", file.path);
    }
    for file in files(&[".sql"]) {
        let (path, text) = (file.path, file.text);
        assert!(text.starts_with("-- "), "{path} has no header");
        if let Some(name) = path.strip_prefix("sql/src/queries/") {
            let want = name.trim_end_matches(".sql").replacen('/', "::", 1);
            assert_eq!(text.lines().next(), Some(format!("-- {want}").as_str()), "{path}");
        }
    }
}

#[test]
fn errors_say_what_was_got_and_what_was_expected() {
    let riddle = concat!("would be", " right");
    let mut faults = Vec::new();
    for file in files(&[".rs", ".md", ".sh", ".html", ".js", ".mjs", ".sql", ".toml", ".yml"]) {
        for (number, line) in file.text.lines().enumerate() {
            if line.contains(riddle) {
                faults.push(format!("{}:{}", file.path, number + 1));
            }
        }
    }
    none("write `got …, expected …`", &faults);
}

#[test]
fn nothing_that_people_read_promises_more_than_we_know() {
    let words = [
        "genuine",
        "authentic ",
        "tamper-proof",
        "unforgeable",
        "trustless",
        "正品",
        "100 %",
        "guaranteed",
    ];
    for file in files(&[".rs", ".html", ".md", ".js"]) {
        let is_read =
            is_below(&file.path, &["trace-api/", "crates/history/", "chopmark/", "demo/", "docs/"]);
        if !is_read || file.path.ends_with("words.rs") {
            continue;
        }
        for line in file.text.lines() {
            let lower = line.to_lowercase();
            let is_denied = ["never", "not ", "no "].iter().any(|word| lower.contains(word));
            for word in words {
                assert!(!lower.contains(word) || is_denied, "{}: {line}", file.path);
            }
        }
    }
}
