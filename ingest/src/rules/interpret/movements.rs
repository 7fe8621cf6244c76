//! What follows from movements: items that arrived at, moved between and departed from places where they rest.
//!
//! The way through: movements in order of time -> rules at the place of each -> groups of the same
//! rule and kind -> one event a group.
//!
//! What holds:
//!
//! - a movement is matched by its own place, not by the delivery's: one reader may serve several shelves;
//! - the events of one item, and their times, are in the order in which it moved;
//! - a movement that no rule accepts is refused and counted.
//!
//! Not here: how a movement is found (`firmware-bridge`).
//!
//! Source: docs/decisions/0012-site-rules.md.

use std::collections::HashMap;

use jiff::Timestamp;
use reads::{Movement, MovementKind};

use super::{Concluded, Pass, is_of_kind};
use crate::items::{self, Item};
use crate::rules::event::Frame;
use crate::rules::site::{Conclusion, Rule};

/// Items that one rule accepts for one step, not yet an event.
struct Group<'a> {
    rule: &'a Rule,
    kind: MovementKind,
    /// The latest of the steps.
    at: Timestamp,
    uris: Vec<String>,
}

impl<'a> Pass<'a> {
    /// Turns the delivery's movements into events, group by group.
    pub(super) fn movements(&mut self) {
        let mut steps: Vec<&'a Movement> = self.delivery.movements.iter().collect();
        steps.sort_by_key(|step| step.at);
        let mut groups: Vec<Group<'a>> = Vec::new();
        let mut open: HashMap<String, (MovementKind, &'a str)> = HashMap::new();
        for step in steps {
            let item = match items::name(&step.epc_hex, &self.rules.company_prefixes) {
                Ok(item) => item,
                Err(why) => {
                    self.refused.add_unnamed(&why, &step.epc_hex);
                    continue;
                }
            };
            let Some(place) = place_of(step) else {
                let detail = "a movement without its place".to_owned();
                self.refused.add(("no-rule", detail), &step.epc_hex);
                continue;
            };
            let rules: Vec<&'a Rule> =
                self.rules.at(place).filter(|rule| accepts(rule, &item)).collect();
            if rules.is_empty() {
                let detail = format!("no rule accepts a movement of this kind of item at {place}");
                self.refused.add(("no-rule", detail), &step.epc_hex);
                continue;
            }
            match open.get(&item.key) {
                // Two tags of one number that made the same step together.
                Some(before) if *before == (step.kind, place) => continue,
                // The same item again: its earlier movement comes first.
                Some(_) => {
                    self.conclude_movements(&mut groups);
                    open.clear();
                }
                None => {}
            }
            for rule in rules {
                join(&mut groups, rule, step, &item.uri);
            }
            open.insert(item.key, (step.kind, place));
        }
        self.conclude_movements(&mut groups);
    }

    fn conclude_movements(&mut self, groups: &mut Vec<Group<'a>>) {
        for mut group in groups.drain(..) {
            let rule = group.rule;
            let Conclusion::Movement { arrived, departed, disposition, .. } = &rule.conclusion
            else {
                continue;
            };
            group.uris.sort_unstable();
            // Where an item is afterwards: at rest here, or unknown.
            let (step, disposition, biz_location) = match group.kind {
                MovementKind::Arrived | MovementKind::Moved => {
                    let location = rule.biz_location.as_ref().unwrap_or(&rule.read_point);
                    (arrived, disposition.as_deref(), Some(location.as_str()))
                }
                MovementKind::Departed => (departed, None, None),
            };
            let frame = Frame { rules: self.rules, rule, at: group.at, biz_location };
            let event = frame.object_event("OBSERVE", step, disposition, &group.uris, vec![]);
            self.out.events.push(Concluded { rule: rule.id.clone(), event, difference: None });
        }
    }
}

/// Adds an item to the group of its rule and kind.
fn join<'a>(groups: &mut Vec<Group<'a>>, rule: &'a Rule, step: &Movement, uri: &str) {
    let is_same = |group: &&mut Group<'a>| group.rule.id == rule.id && group.kind == step.kind;
    if let Some(group) = groups.iter_mut().find(is_same) {
        group.at = group.at.max(step.at);
        group.uris.push(uri.to_owned());
    } else {
        let uris = vec![uri.to_owned()];
        groups.push(Group { rule, kind: step.kind, at: step.at, uris });
    }
}

fn accepts(rule: &Rule, item: &Item) -> bool {
    match &rule.conclusion {
        Conclusion::Movement { things, .. } => is_of_kind(item, things),
        _ => false,
    }
}

/// The place of a movement: where the item is, or where it was if it departed.
fn place_of(step: &Movement) -> Option<&str> {
    match step.kind {
        MovementKind::Arrived | MovementKind::Moved => step.to.as_deref(),
        MovementKind::Departed => step.from.as_deref(),
    }
}
