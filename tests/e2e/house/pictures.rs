//! What the first page shows: its pictures are there and small, and its commands exist.
//!
//! What holds: a picture that a document shows and that is not there fails with the document's name, and so does one that no
//! document shows; README names every command of `chopmark`, and no target that the Makefile lacks.
//!
//! Not here: how pictures are made (`scripts/pictures.sh`).

use std::collections::BTreeSet;
use std::path::Path;

use crate::layout::sources::{SourceFile, files, read, root};

/// Where pictures are.
const FOLDER: &str = "docs/pictures";
/// What one may weigh, bytes; scripts/pictures.sh has the same figures.
const MOST: [(&str, u64); 3] = [("png", 150_000), ("svg", 60_000), ("webp", 180_000)];

/// The pictures that a document shows, as paths from the root.
fn shown(document: &SourceFile) -> BTreeSet<String> {
    let text = &document.text;
    let tags = text.split("<img src=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let marks =
        text.split("![").skip(1).filter_map(|rest| rest.split_once("](")?.1.split(')').next());
    let folder = Path::new(&document.path).parent().expect("a document lies in a folder");
    tags.chain(marks)
        .filter(|path| !path.contains("://"))
        .map(|path| folder.join(path).to_string_lossy().into_owned())
        .collect()
}

/// The commands of the program, from the variants of its `Command`.
fn commands(source: &str) -> Vec<String> {
    let body = source.split("\nenum Command {").nth(1).expect("the commands");
    let body = body.split("\n}").next().unwrap_or_default();
    let names = body.lines().filter_map(|line| line.strip_prefix("    "));
    let is_variant = |line: &&str| line.starts_with(char::is_uppercase);
    names
        .filter(is_variant)
        .map(|line| kebab(line.split(['(', ',', ' ']).next().unwrap_or_default()))
        .collect()
}

/// `CommandName` as it is typed.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// The targets of `make` that a text names.
fn targets(text: &str) -> BTreeSet<&str> {
    let ends = |c: char| !(c.is_ascii_lowercase() || c == '-');
    // A sentence may have the word as well; a command stands behind a backtick or begins a line.
    let all = text.match_indices("make ").filter(|(at, _)| {
        let before = text[..*at].chars().next_back();
        matches!(before, None | Some('`' | '\n'))
    });
    all.filter_map(|(at, _)| text[at + 5..].split(ends).next()).collect()
}

#[test]
fn every_picture_is_shown_by_a_document_and_is_small() {
    let documents = files(&[".md"]);
    let mut faults = Vec::new();
    let mut all = BTreeSet::new();
    for document in &documents {
        for picture in shown(document) {
            if !root().join(&picture).is_file() {
                faults.push(format!("{} shows {picture}, which is not there", document.path));
            }
            all.insert(picture);
        }
    }
    let mut count = 0;
    for entry in std::fs::read_dir(root().join(FOLDER)).expect("the pictures").flatten() {
        let name = format!("{FOLDER}/{}", entry.file_name().to_string_lossy());
        let size = entry.metadata().expect("a file").len();
        let ending = name.rsplit('.').next().unwrap_or_default();
        let most = MOST.iter().find(|(kind, _)| *kind == ending).map_or(0, |(_, most)| *most);
        if size > most {
            faults.push(format!("{name} has {size} bytes, expected at most {most}"));
        }
        if !all.contains(&name) {
            faults.push(format!("no document shows {name}"));
        }
        count += 1;
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(count >= 4, "{count} pictures");
}

#[test]
fn the_first_page_names_every_command_and_no_target_that_is_not_there() {
    let (page, makefile) = (read("README.md"), read("Makefile"));
    let all = commands(&read("chopmark/src/main.rs"));
    assert!(all.len() > 9 && all.contains(&"verify".to_owned()), "{all:?}");
    let missing: Vec<&String> = all
        .iter()
        .filter(|name| {
            !page.contains(&format!("chopmark {name}")) && !page.contains(&format!("| {name} "))
        })
        .collect();
    assert!(missing.is_empty(), "README does not name {missing:?}");
    for document in ["README.md", "README.zh.md"] {
        let text = read(document);
        let named = targets(&text);
        assert!(named.contains("demo"), "{document} does not say how to see it run");
        for target in named {
            assert!(
                makefile.contains(&format!("\n{target}:")),
                "{document}: the Makefile has no target `{target}`"
            );
        }
    }
}

#[test]
fn pictures_commands_and_targets_are_found_where_they_are_planted() {
    let document = SourceFile {
        path: "docs/a.md".into(),
        text: "<img src=\"x.png\"> ![a](y/z.svg) ![b](https://example.org/c.png)".into(),
    };
    assert_eq!(shown(&document).into_iter().collect::<Vec<_>>(), ["docs/x.png", "docs/y/z.svg"]);
    let source = "\nenum Command {\n    /// Runs\n    Up(up::Arguments),\n    #[command(hide = true)]\n    NewKey,\n}\nstruct No(u8);";
    assert_eq!(commands(source), ["up", "new-key"]);
    let found = targets("make demo ONCE=1 and `make test-one` make sense\nmake help");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["demo", "help", "test-one"]);
}
