//! The rules of scans, run over lives of items: the code that answers scans, with what is counted kept in memory.
//!
//! The way through: [`run`] takes the looks of a life in their order; each is marked (`trace_api::marks`), compared with what
//! is counted (`trace_api::findings::facts_of`, `history::scans::find`), and counted; [`Tally`] adds outcomes up.
//!
//! What holds: a finding that was opened stays open, so every later look at the item is answered with CONFLICT.
//!
//! Not here: rule 3, which looks at records only ([`super::sales`]).

use std::collections::BTreeMap;

use history::scans::find;
use trace_api::findings::{About, Examined, facts_of};
use trace_api::marks::MarkKeys;
use trace_api::scan::{ScanRequest, ScanRole};

use super::counted::Counted;
use super::lives::Life;

/// What became of one item.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Looks at it.
    pub looks: usize,
    /// Looks that were answered with CONFLICT.
    pub conflicts: usize,
    /// The rules whose findings were opened, by code.
    pub rules: Vec<&'static str>,
    /// Most networks that were counted within a week after a sale.
    pub networks: usize,
}

/// Answers the looks of a life.
///
/// - `number`: of the item; its marks follow from that.
pub fn run(life: &Life, number: usize, keys: &MarkKeys) -> Outcome {
    let item = format!("https://id.gs1.org/01/09521141123454/21/{number}");
    let mut counted = Counted::default();
    let mut outcome = Outcome { looks: life.looks.len(), ..Outcome::default() };
    for look in &life.looks {
        let request = ScanRequest {
            at: look.at,
            role: ScanRole::Consumer,
            place: look.place.clone(),
            country: None,
            address: look.address,
            agent: look.agent.clone(),
            target: String::new(),
        };
        let marks = request.marks(&item, keys);
        let sales = life.sales_at(look.at);
        let about = About { sales: &sales, ..About::default() };
        let examined =
            Examined { item: &item, request: &request, marks: &marks, counts: true, about };
        let facts = facts_of(examined, &counted.seen());
        outcome.networks = outcome.networks.max(facts.networks.len());
        for evidence in find(&facts).iter().filter(|evidence| evidence.conflict().is_some()) {
            let code = evidence.rule().code();
            if !outcome.rules.contains(&code) {
                outcome.rules.push(code);
            }
        }
        outcome.conflicts += usize::from(!outcome.rules.is_empty());
        counted.add(look.at, &marks, look.place.as_ref());
    }
    outcome
}

/// Many outcomes.
#[derive(Debug, Default)]
pub struct Tally {
    /// Items.
    pub items: usize,
    /// Looks at them.
    pub looks: usize,
    /// Items of which a finding was opened.
    pub found: usize,
    /// Looks that were answered with CONFLICT.
    pub conflicts: usize,
    /// Items by the rule of which a finding was opened.
    pub rules: BTreeMap<&'static str, usize>,
    /// Items by the most networks that were counted within a week after a sale.
    pub networks: BTreeMap<usize, usize>,
}

impl Tally {
    /// Adds an outcome.
    pub fn add(&mut self, outcome: &Outcome) {
        self.items += 1;
        self.looks += outcome.looks;
        self.found += usize::from(!outcome.rules.is_empty());
        self.conflicts += outcome.conflicts;
        for rule in &outcome.rules {
            *self.rules.entry(rule).or_default() += 1;
        }
        *self.networks.entry(outcome.networks).or_default() += 1;
    }

    /// Items for which more than this many networks were counted.
    pub fn above(&self, networks: usize) -> usize {
        self.networks.range(networks + 1..).map(|(_, items)| items).sum()
    }
}
