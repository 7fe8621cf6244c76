//! Where a lot, or any thing, came from and went, as a tree that can be folded.
//!
//! The way through: `history::trace` walks over containers, transformations and lots; [`tree`] hangs what it found below the first thing,
//! and [`lot_tree`] does both.
//!
//! What holds: what the walk found of a thing stands below it once, and elsewhere the thing only refers to that place, so that a cycle
//! ends and nothing is counted twice; children beyond a page are counted; depth is bounded by the walk.
//!
//! Not here: the walk (`history::trace`), pages (`desk`).
//!
//! Source: EPCIS 2.0 sections 7.4.3 and 7.4.6; decision 0060.

use std::collections::{BTreeMap, HashMap, HashSet};

use access::Sight;
use history::sight::sees;
use history::trace::{Direction, Kind, Limits, Line, Source, Span, Trace, trace};
use sql::Db;

/// Children of one thing that a tree shows, if none are asked for.
pub const PAGE: usize = 50;
/// Most levels.
pub const MOST_DEPTH: u32 = 20;

/// How a thing hangs on the one above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// How.
    pub kind: Kind,
    /// Nobody says it of these two: what was made of all inputs is said of each.
    pub is_inferred: bool,
    /// For how long.
    pub span: Span,
    /// The event that says it began.
    pub begun_by: Option<Source>,
    /// The event that ended it.
    pub ended_by: Option<Source>,
}

/// A thing in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The thing, as an event names it.
    pub thing: String,
    /// How it hangs on the one above; none of the first.
    pub via: Option<Via>,
    /// What hangs on it, as far as a page goes.
    pub children: Vec<Node>,
    /// Children before that page, and behind it.
    pub others: (usize, usize),
    /// What hangs on it stands elsewhere in the tree.
    pub is_repeated: bool,
}

/// A tree, and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotTree {
    /// The thing that was asked for.
    pub root: Node,
    /// Things that were reached, without the first.
    pub things: u64,
    /// Events that the reader may not see and that were not followed.
    pub hidden: u64,
    /// Rows of the projection that do not lead to their record.
    pub faults: u64,
    /// There is more than was looked at.
    pub is_cut: bool,
}

/// What of a tree is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Back or forward; of a neighbourhood both sides hang on the first thing.
    pub direction: Direction,
    /// Levels, 1 to [`MOST_DEPTH`].
    pub depth: u32,
    /// Which page of the first thing's children, from 0.
    pub page: usize,
    /// Children of a page.
    pub per_page: usize,
}

/// The tree of a thing or lot, as a reader may see it.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn lot_tree(
    db: &Db,
    sight: &Sight,
    start: &str,
    wanted: Wanted,
) -> Result<LotTree, sql::Error> {
    let limits = Limits { depth: wanted.depth.clamp(1, MOST_DEPTH), ..Limits::default() };
    let found = trace(db, start, wanted.direction, (limits, None), |own| {
        sees(sight, &own.stated_by, &own.event)
    })
    .await?;
    Ok(tree(start, wanted, &found))
}

/// A trace as a tree.
#[must_use]
pub fn tree(start: &str, wanted: Wanted, found: &Trace) -> LotTree {
    let mut below: HashMap<String, Vec<(&Line, bool)>> = HashMap::new();
    let mut depths: HashMap<String, u32> = HashMap::new();
    let first = epc::thing_key(start);
    depths.insert(first.clone(), 0);
    for line in &found.lines {
        let ends = (epc::thing_key(&line.from), epc::thing_key(&line.to));
        // A line was found from the end that was reached one level before it.
        let depth = |key: &String| depths.get(key).copied();
        let before = |key: &String| depth(key).is_some_and(|own| own + 1 == line.depth);
        let is_forward = match (before(&ends.0), before(&ends.1)) {
            (true, false) => true,
            (false, true) => false,
            _ => depth(&ends.0).is_some_and(|from| depth(&ends.1).is_none_or(|to| from <= to)),
        };
        let (upper, lower) = if is_forward { ends } else { (ends.1, ends.0) };
        depths.entry(lower).or_insert(line.depth);
        below.entry(upper).or_default().push((line, is_forward));
    }
    let mut hanging = Hanging { below, sources: &found.sources, shown: HashSet::new() };
    let root = hanging.node((start.to_owned(), first), None, wanted, true);
    LotTree {
        root,
        things: found.things,
        hidden: found.hidden,
        faults: found.faults,
        is_cut: found.is_cut,
    }
}

struct Hanging<'a> {
    below: HashMap<String, Vec<(&'a Line, bool)>>,
    sources: &'a [Source],
    shown: HashSet<String>,
}

impl Hanging<'_> {
    fn node(
        &mut self,
        (thing, key): (String, String),
        via: Option<Via>,
        wanted: Wanted,
        is_first: bool,
    ) -> Node {
        let mut node =
            Node { thing, via, children: Vec::new(), others: (0, 0), is_repeated: false };
        let lines = self.below.get(&key).cloned().unwrap_or_default();
        if lines.is_empty() {
            return node;
        }
        if !self.shown.insert(key) {
            node.is_repeated = true;
            return node;
        }
        // Several stays of one thing in a container are one child with its first.
        let mut children: BTreeMap<(u32, usize, String), (&Line, bool)> = BTreeMap::new();
        let mut seen = HashSet::new();
        for (number, (line, is_forward)) in lines.iter().enumerate() {
            let name = if *is_forward { &line.to } else { &line.from };
            if seen.insert((line.kind, epc::thing_key(name), *is_forward)) {
                children.insert((line.depth, number, name.clone()), (line, *is_forward));
            }
        }
        let page = if is_first { wanted.page } else { 0 };
        let per_page = wanted.per_page.max(1);
        let before = page.saturating_mul(per_page).min(children.len());
        let after = children.len() - before - per_page.min(children.len() - before);
        node.others = (before, after);
        for ((.., name), (line, _)) in children.into_iter().skip(before).take(per_page) {
            let key = epc::thing_key(&name);
            let via = self.via(line);
            let child = self.node((name, key), Some(via), wanted, false);
            node.children.push(child);
        }
        node
    }

    fn via(&self, line: &Line) -> Via {
        Via {
            kind: line.kind,
            is_inferred: line.is_inferred,
            span: line.span,
            begun_by: self.sources.get(line.begun_by).cloned(),
            ended_by: line.ended_by.and_then(|place| self.sources.get(place).cloned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn line(from: &str, to: &str, depth: u32) -> Line {
        Line {
            from: format!("urn:x:{from}"),
            to: format!("urn:x:{to}"),
            kind: Kind::Containment,
            depth,
            span: Span { from: Timestamp::UNIX_EPOCH, until: Timestamp::MAX },
            is_inferred: false,
            begun_by: 0,
            ended_by: None,
        }
    }

    fn shape(node: &Node) -> String {
        let name = node.thing.trim_start_matches("urn:x:");
        let sign = if node.is_repeated { "^" } else { "" };
        let (before, after) = node.others;
        let others = if before + after > 0 { format!("<{before},{after}>") } else { String::new() };
        let below: Vec<String> = node.children.iter().map(shape).collect();
        let below = if below.is_empty() { String::new() } else { format!("({})", below.join(" ")) };
        format!("{name}{sign}{others}{below}")
    }

    fn of(lines: Vec<Line>, page: usize, per_page: usize) -> String {
        let found = Trace { lines, ..Trace::default() };
        let wanted = Wanted { direction: Direction::Forward, depth: 20, page, per_page };
        shape(&tree("urn:x:a", wanted, &found).root)
    }

    #[test]
    fn things_hang_on_what_they_were_reached_from_in_both_directions() {
        let lines =
            vec![line("a", "b", 1), line("c", "a", 1), line("b", "d", 2), line("e", "c", 2)];
        assert_eq!(of(lines, 0, 9), "a(b(d) c(e))");
    }

    #[test]
    fn what_is_reached_twice_stands_once_and_a_cycle_ends() {
        let lines = vec![
            line("a", "b", 1),
            line("a", "c", 1),
            line("b", "d", 2),
            line("c", "d", 2),
            line("d", "e", 3),
            line("d", "a", 3),
        ];
        assert_eq!(of(lines, 0, 9), "a(b(d(e a^)) c(d^))");
        assert_eq!(of(vec![line("a", "a", 1)], 0, 9), "a(a^)");
        assert_eq!(of(Vec::new(), 0, 9), "a");
    }

    #[test]
    fn children_beyond_a_page_are_counted() {
        let lines: Vec<Line> = (0..7).map(|number| line("a", &number.to_string(), 1)).collect();
        assert_eq!(of(lines.clone(), 0, 3), "a<0,4>(0 1 2)");
        assert_eq!(of(lines.clone(), 2, 3), "a<6,0>(6)");
        assert_eq!(of(lines, 9, 3), "a<7,0>");
    }
}
