//! Made-up crates with and without circles.

use super::*;

/// The circles of a crate of these files, each as its files; the first file is the root.
fn circles(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let text = |path: &str| {
        files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned())
    };
    let found = Crate::parse(files[0].0, &text).circles();
    let members = |edges: Vec<Edge>| -> Vec<String> {
        let all = edges.into_iter().flat_map(|edge| [edge.from, edge.to]);
        all.collect::<BTreeSet<_>>().into_iter().collect()
    };
    found.into_iter().map(members).collect()
}

const A: &str = "src/a.rs";
const B: &str = "src/b.rs";
const C: &str = "src/c.rs";
const ROOT: (&str, &str) = ("src/lib.rs", "mod a; mod b; mod c;");

#[test]
fn files_that_use_each_other_are_a_circle() {
    let found = circles(&[
        ROOT,
        (A, "use crate::b::B; pub struct A(B);"),
        (B, "use crate::a::A; pub struct B(Box<A>);"),
        (C, "use crate::a::A; fn c(_: A) {}"),
    ]);
    assert_eq!(found, [[A, B]]);
}

#[test]
fn a_circle_over_three_files_and_by_paths_without_use_is_found() {
    let found = circles(&[
        ROOT,
        (A, "pub fn a() { crate::b::b(); }"),
        (B, "use super::c; pub fn b() { let _ = c::C::new(); }"),
        (C, "pub struct C; impl C { pub fn new() -> Self { format!(\"{}\", crate::a::a()); C } }"),
    ]);
    assert_eq!(found, [[A, B, C]]);
}

#[test]
fn a_chain_is_no_circle() {
    let found = circles(&[
        ROOT,
        (A, "use crate::b::B; pub struct A(B);"),
        (B, "use crate::c::{C, D as E}; pub struct B(C, E);"),
        (C, "pub struct C; pub struct D;"),
    ]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_parent_whose_items_children_use_while_it_uses_theirs_is_a_circle() {
    let found = circles(&[
        ("src/lib.rs", "mod a;"),
        (A, "mod child; pub struct A; pub fn a() { child::go(); }"),
        ("src/a/child.rs", "use super::A; pub fn go() { let _ = A; }"),
    ]);
    assert_eq!(found, [[A, "src/a/child.rs"]]);
}

#[test]
fn a_glob_import_of_a_parent_counts_for_the_names_that_are_used() {
    let parent = "mod child; pub struct A; pub struct Unused; pub fn a() { child::go(); }";
    let circle =
        |child: &str| circles(&[("src/lib.rs", "mod a;"), (A, parent), ("src/a/child.rs", child)]);
    assert_eq!(circle("use super::*; pub fn go() -> A { A }"), [[A, "src/a/child.rs"]]);
    assert!(circle("use super::*; pub fn go() {}").is_empty());
}

#[test]
fn a_parent_that_only_declares_and_re_exports_is_in_no_circle() {
    let found = circles(&[
        ("src/lib.rs", "mod a; mod b; pub use a::A; pub use b::*;"),
        (A, "use crate::B; pub struct A(B);"),
        (B, "pub struct B;"),
    ]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_circle_over_a_re_export_is_found_between_the_files_that_declare() {
    let found = circles(&[
        ("src/lib.rs", "mod a; mod b; pub use a::A; pub use b::*;"),
        (A, "use crate::B; pub struct A(B);"),
        (B, "pub struct B; pub fn b(_: crate::A) {}"),
    ]);
    assert_eq!(found, [[A, B]]);
}

#[test]
fn an_error_in_the_root_that_its_own_functions_and_modules_share_is_a_circle() {
    let found = circles(&[
        ("src/lib.rs", "mod a; pub enum Error { A } pub fn run() -> Result<(), Error> { a::go() }"),
        (A, "use crate::Error; pub fn go() -> Result<(), Error> { Ok(()) }"),
    ]);
    assert_eq!(found, [[A, "src/lib.rs"]]);
}

#[test]
fn tests_are_no_circle() {
    let found = circles(&[
        ROOT,
        (A, "use crate::b::B; pub struct A(B);"),
        (B, "pub struct B; #[cfg(test)] mod tests { use crate::a::A; fn t(_: A) {} }"),
        (C, "#[cfg(test)] mod not_even_there;"),
    ]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_module_inside_a_file_belongs_to_it() {
    let found = circles(&[
        ROOT,
        (A, "pub mod inner { use super::super::b::B; pub struct A(B); }"),
        (B, "use crate::a::inner::A; pub struct B(Box<A>);"),
        (C, ""),
    ]);
    assert_eq!(found, [[A, B]]);
}

#[test]
fn a_use_that_begins_with_an_imported_name_is_followed() {
    let found = circles(&[
        ROOT,
        (A, "use crate::b; use b::B; pub struct A(B);"),
        (B, "pub struct B; pub fn b(text: &'static crate::a::A) {}"),
        (C, ""),
    ]);
    assert_eq!(found, [[A, B]]);
}

#[test]
fn a_name_of_another_crate_is_not_ours() {
    let found = circles(&[
        ROOT,
        (A, "use crate::b::B; pub struct A(B);"),
        (B, "use other::a::A; use std::fmt; pub struct B(Box<A>); fn f(_: fmt::Error) {}"),
        (C, ""),
    ]);
    assert!(found.is_empty(), "{found:?}");
}
