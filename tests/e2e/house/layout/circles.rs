//! Import circles between the files of a crate.
//!
//! The way through: [`Crate::parse`] follows `mod` declarations from a root file and notes what each module declares
//! and imports; [`Crate::edges`] resolves every path that begins in the crate (`crate::`, `super::`, `self::`, a
//! module or an imported name) to the file that declares the item; [`Crate::circles`] gives the strongly connected
//! components.
//!
//! What holds: a re-export is followed to where the item is declared, so a parent that only declares and re-exports its
//! children is in no circle. Code that is compiled for tests only does not count.
//!
//! Not here: names that macros make, and methods: no path names their file.

use std::collections::{BTreeMap, BTreeSet};

use super::tokens::{Kind, Token, code, flat};

/// Words before the name of an item that they declare.
const DECLARING: [&str; 8] = ["struct", "enum", "trait", "fn", "const", "static", "type", "union"];

/// The path of a module from the root of its crate.
type ModulePath = Vec<String>;

/// One use of a file by another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The file that uses.
    pub from: String,
    /// The file that is used.
    pub to: String,
    /// Where and by which path, for people.
    pub because: String,
}

/// An imported name.
#[derive(Debug, Clone)]
struct Import {
    /// The absolute path in this crate.
    path: ModulePath,
    line: usize,
    is_public: bool,
}

/// What one module declares and imports.
#[derive(Debug, Default)]
struct Module {
    file: String,
    items: BTreeSet<String>,
    children: BTreeSet<String>,
    /// Names, and paths as written until every module is known.
    written: Vec<(Option<String>, Vec<String>, usize, bool)>,
    imports: BTreeMap<String, Import>,
    /// Imports under `_`.
    nameless: Vec<Import>,
    globs: Vec<Import>,
    /// Paths in code, with their lines.
    paths: Vec<(Vec<String>, usize)>,
    /// Names in code, outside of `use` and `mod`.
    names: BTreeSet<String>,
}

/// A crate: one root file and every module below it.
#[derive(Debug)]
pub struct Crate {
    modules: BTreeMap<ModulePath, Module>,
    root: String,
}

impl Crate {
    /// Reads the crate with this root; `text` gives the text of a file, if there is one.
    pub fn parse(root: &str, text: &impl Fn(&str) -> Option<String>) -> Self {
        let mut found = Self { modules: BTreeMap::new(), root: root.to_owned() };
        let mut waiting = vec![(Vec::new(), root.to_owned())];
        while let Some((path, file)) = waiting.pop() {
            let text = text(&file).unwrap_or_else(|| panic!("{file} is declared but missing"));
            let tokens = flat(&code(&file, &text));
            let mut reader =
                Reader { tokens: &tokens, at: 0, file: &file, modules: &mut found.modules };
            let declared = reader.module(&path, true);
            waiting.extend(declared.into_iter().map(|path| {
                let file = found.file_of(&path);
                (path, file)
            }));
        }
        found.resolve_imports();
        found
    }

    /// The files that belong to it.
    pub fn files(&self) -> BTreeSet<&str> {
        self.modules.values().map(|module| module.file.as_str()).collect()
    }

    fn file_of(&self, path: &[String]) -> String {
        let folder = self.root.rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{folder}/{}.rs", path.join("/"))
    }

    fn resolve_imports(&mut self) {
        // Twice, because a `use` may begin with a name that another one made.
        for _ in 0..2 {
            self.resolve_imports_once();
        }
    }

    fn resolve_imports_once(&mut self) {
        let mut all = Vec::new();
        for (path, module) in &self.modules {
            for (name, written, line, is_public) in &module.written {
                if let Some(absolute) =
                    self.absolute(path, written, Some(name.as_deref().unwrap_or("*")))
                {
                    let import = Import { path: absolute, line: *line, is_public: *is_public };
                    all.push((path.clone(), name.clone(), import));
                }
            }
        }
        for module in self.modules.values_mut() {
            module.globs.clear();
            module.nameless.clear();
        }
        for (path, name, import) in all {
            let module = self.modules.get_mut(&path).expect("just seen");
            match name.as_deref() {
                None => module.globs.push(import),
                Some("_") => module.nameless.push(import),
                Some(name) => {
                    module.imports.insert(name.to_owned(), import);
                }
            }
        }
    }

    /// The absolute path of one that is written in `module`; none if it leads out of the crate.
    ///
    /// - `importing`: the name that a `use` makes, which does not explain itself.
    fn absolute(
        &self,
        module: &[String],
        written: &[String],
        importing: Option<&str>,
    ) -> Option<ModulePath> {
        let (first, rest) = written.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([module, rest].concat()),
            "super" => {
                let mut module = module.split_last()?.1;
                let mut rest = rest;
                while let Some(("super", more)) =
                    rest.split_first().map(|(f, more)| (f.as_str(), more))
                {
                    module = module.split_last()?.1;
                    rest = more;
                }
                Some([module, rest].concat())
            }
            name => {
                let own = self.modules.get(module)?;
                let is_imported = importing != Some(name) && own.imports.contains_key(name);
                let is_known =
                    own.children.contains(name) || own.items.contains(name) || is_imported;
                is_known.then(|| [module, written].concat())
            }
        }
    }

    /// The file that declares what an absolute path names; none for a module itself.
    fn target(&self, path: &[String], depth: usize) -> Option<&str> {
        if depth > 20 {
            return None;
        }
        let known = |length: &usize| self.modules.contains_key(&path[..*length]);
        let length = (0..=path.len()).rev().find(known)?;
        let module = &self.modules[&path[..length]];
        let name = path.get(length)?;
        if let Some(import) = module.imports.get(name) {
            let path = [&import.path[..], &path[length + 1..]].concat();
            return self.target(&path, depth + 1);
        }
        if !module.items.contains(name) {
            for glob in &module.globs {
                if self.declares(&glob.path, name, depth + 1) {
                    return self.target(&[&glob.path[..], &path[length..]].concat(), depth + 1);
                }
            }
        }
        Some(&module.file)
    }

    fn declares(&self, module: &[String], name: &str, depth: usize) -> bool {
        depth <= 20
            && self.modules.get(module).is_some_and(|module| {
                module.items.contains(name)
                    || module.imports.contains_key(name)
                    || module.globs.iter().any(|glob| self.declares(&glob.path, name, depth + 1))
            })
    }

    /// Every name that a glob import of `module` brings.
    fn brought(&self, module: &[String]) -> BTreeSet<&str> {
        let Some(module) = self.modules.get(module) else { return BTreeSet::new() };
        module.items.iter().chain(module.imports.keys()).map(String::as_str).collect()
    }

    /// Which file uses which.
    pub fn edges(&self) -> BTreeSet<Edge> {
        let mut found = BTreeSet::new();
        for (path, module) in &self.modules {
            let mut add = |absolute: &[String], line: usize| {
                let Some(to) = self.target(absolute, 0).filter(|to| *to != module.file) else {
                    return;
                };
                let because = format!("{}:{line} uses crate::{}", module.file, absolute.join("::"));
                let edge = Edge { from: module.file.clone(), to: to.to_owned(), because };
                found.insert(edge);
            };
            for (name, import) in &module.imports {
                if !import.is_public || module.names.contains(name) {
                    add(&import.path, import.line);
                }
            }
            for import in &module.nameless {
                add(&import.path, import.line);
            }
            for glob in &module.globs {
                for name in self.brought(&glob.path) {
                    if module.names.contains(name) {
                        add(&[&glob.path[..], &[name.to_owned()]].concat(), glob.line);
                    }
                }
            }
            for (written, line) in &module.paths {
                if let Some(absolute) = self.absolute(path, written, None) {
                    add(&absolute, *line);
                }
            }
        }
        found
    }

    /// The circles: files that use each other over any number of steps, with the edges between them.
    pub fn circles(&self) -> Vec<Vec<Edge>> {
        let edges = self.edges();
        let mut reached: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for file in self.files() {
            let mut waiting = vec![file];
            let mut seen = BTreeSet::new();
            while let Some(from) = waiting.pop() {
                for edge in edges.iter().filter(|edge| edge.from == from) {
                    if seen.insert(edge.to.as_str()) {
                        waiting.push(&edge.to);
                    }
                }
            }
            reached.insert(file, seen);
        }
        let is_mutual =
            |one: &str, other: &str| reached[one].contains(other) && reached[other].contains(one);
        let mut circles = Vec::new();
        let mut done = BTreeSet::new();
        for file in self.files() {
            if done.contains(file) || !is_mutual(file, file) {
                continue;
            }
            let members: BTreeSet<&str> =
                self.files().into_iter().filter(|other| is_mutual(file, other)).collect();
            let is_inside = |edge: &&Edge| {
                members.contains(edge.from.as_str()) && members.contains(edge.to.as_str())
            };
            circles.push(edges.iter().filter(is_inside).cloned().collect());
            done.extend(members);
        }
        circles
    }
}

/// Reads the tokens of one file.
struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    file: &'a str,
    modules: &'a mut BTreeMap<ModulePath, Module>,
}

impl Reader<'_> {
    fn kind(&self, at: usize) -> Option<&Kind> {
        self.tokens.get(at).map(|token| &token.kind)
    }

    fn name(&self, at: usize) -> Option<&str> {
        self.tokens.get(at).and_then(Token::ident)
    }

    /// Reads one module, up to its closing brace or the end of the file; gives the modules declared in other files.
    fn module(&mut self, path: &[String], is_file: bool) -> Vec<ModulePath> {
        let mut module = Module { file: self.file.to_owned(), ..Module::default() };
        let mut elsewhere = Vec::new();
        let mut depth = 0;
        while let Some(token) = self.tokens.get(self.at) {
            match &token.kind {
                Kind::Open(_) => depth += 1,
                Kind::Close(_) if depth == 0 && !is_file => break,
                Kind::Close(_) => depth -= 1,
                Kind::Ident(word)
                    if word == "use" && self.kind(self.at + 1) != Some(&Kind::Punct('<')) =>
                {
                    let is_public = self.is_public();
                    self.at += 1;
                    self.use_tree(&[], is_public, &mut module.written);
                    continue;
                }
                Kind::Ident(word) if word == "mod" && depth == 0 => {
                    let name = self.name(self.at + 1).expect("a module has a name").to_owned();
                    module.children.insert(name.clone());
                    let child = [path, &[name]].concat();
                    let is_elsewhere = self.kind(self.at + 2) == Some(&Kind::Punct(';'));
                    self.at += 3;
                    if is_elsewhere {
                        elsewhere.push(child);
                    } else {
                        elsewhere.extend(self.module(&child, false));
                        self.at += 1;
                    }
                    continue;
                }
                Kind::Ident(_) => self.word(depth, &mut module),
                _ => {}
            }
            self.at += 1;
        }
        self.modules.insert(path.to_vec(), module);
        elsewhere
    }

    /// Whether the token before is the end of `pub` or `pub(…)`.
    fn is_public(&self) -> bool {
        let Some(before) = self.at.checked_sub(1) else { return false };
        self.name(before) == Some("pub") || self.kind(before) == Some(&Kind::Close(')'))
    }

    /// Notes a name in code: what it declares, and the path that begins with it.
    fn word(&mut self, depth: usize, module: &mut Module) {
        let token = &self.tokens[self.at];
        let name = token.ident().expect("a name");
        let before = self.at.checked_sub(1);
        let is_declared =
            before.and_then(|at| self.name(at)).is_some_and(|word| DECLARING.contains(&word));
        if is_declared {
            if depth == 0 && !DECLARING.contains(&name) {
                module.items.insert(name.to_owned());
            }
            return;
        }
        let before = before.and_then(|at| self.kind(at));
        if before == Some(&Kind::PathSeparator) || before == Some(&Kind::Punct('.')) {
            return;
        }
        module.names.insert(name.to_owned());
        let mut path = vec![name.to_owned()];
        let mut at = self.at + 1;
        while self.kind(at) == Some(&Kind::PathSeparator) {
            let Some(name) = self.name(at + 1) else { break };
            path.push(name.to_owned());
            at += 2;
        }
        if path.len() > 1 {
            module.paths.push((path, token.line));
        }
    }

    /// Reads a tree of imports below `prefix`.
    fn use_tree(
        &mut self,
        prefix: &[String],
        is_public: bool,
        found: &mut Vec<(Option<String>, Vec<String>, usize, bool)>,
    ) {
        let mut path = prefix.to_vec();
        loop {
            let Some(token) = self.tokens.get(self.at) else { return };
            let line = token.line;
            self.at += 1;
            match &token.kind {
                Kind::PathSeparator => {}
                Kind::Punct('*') => {
                    found.push((None, path, line, is_public));
                    return;
                }
                Kind::Open('{') => {
                    while self.kind(self.at) != Some(&Kind::Close('}')) {
                        if self.kind(self.at) == Some(&Kind::Punct(',')) {
                            self.at += 1;
                        } else {
                            self.use_tree(&path, is_public, found);
                        }
                    }
                    self.at += 1;
                    return;
                }
                Kind::Ident(name) => {
                    // `a::{self}` names `a` itself.
                    if name != "self" || path.is_empty() {
                        path.push(name.clone());
                    }
                    if self.kind(self.at) == Some(&Kind::PathSeparator) {
                        continue;
                    }
                    let mut alias = path.last().cloned();
                    if self.name(self.at) == Some("as") {
                        alias = self.name(self.at + 1).map(str::to_owned);
                        self.at += 2;
                    }
                    found.push((alias, path, line, is_public));
                    return;
                }
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests;
