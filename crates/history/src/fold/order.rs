//! The order in which statements take effect.
//!
//! What holds: the hub's order decides, then the ledger's. What a speaker says about time can only bring a shipping
//! before the receiving that answers it, and a party's own commissioning or packing before its own later steps, both
//! within the grace for late records; so a record that reached the hub late breaks no journey, and back-dating buys
//! nothing from anybody else.
//!
//! Not here: what the statements do ([`crate::fold`]).

use jiff::SignedDuration;

use crate::entry::HistoryEntry;
use crate::statement::Deed;

/// A record with what it states.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Its place among the entries.
    pub entry: usize,
    /// What it states.
    pub deeds: Vec<Deed>,
}

/// Sorts `statements`.
///
/// - `late`: grace for records that reach the hub late.
pub fn sort(statements: &mut [Statement], entries: &[HistoryEntry], late: SignedDuration) {
    statements.sort_by(|one, other| {
        let key = |statement: &Statement| {
            let entry = &entries[statement.entry];
            (entry.seal.order(), entry.origin.clone(), entry.index)
        };
        key(one).cmp(&key(other))
    });
    let can_move = |deed: &Deed| matches!(deed, Deed::Commission | Deed::Pack(_) | Deed::Ship(_));
    for place in 1..statements.len() {
        let (before, rest) = statements.split_at(place);
        let Some(found) = rest.first().filter(|one| one.deeds.iter().any(can_move)) else {
            continue;
        };
        let is_first = |earlier: &Statement| goes_before(found, earlier, entries, late);
        if let Some(target) = before.iter().position(is_first) {
            statements[target..=place].rotate_right(1);
        }
    }
}

/// Whether `late_one`, which the hub had later, belongs before `earlier`.
fn goes_before(
    late_one: &Statement,
    earlier: &Statement,
    entries: &[HistoryEntry],
    late: SignedDuration,
) -> bool {
    let (own, other) = (&entries[late_one.entry], &entries[earlier.entry]);
    if own.speaker.is_none() || own.seal.at.duration_since(other.seal.at) > late {
        return false;
    }
    let prepares = |deed: &Deed| matches!(deed, Deed::Commission | Deed::Pack(_));
    if own.speaker == other.speaker {
        return own.at < other.at && late_one.deeds.iter().any(prepares);
    }
    let answers = |deed: &Deed| matches!(deed, Deed::Receive(_) | Deed::Return(Some(_)));
    own.at <= other.at
        && earlier.deeds.iter().any(answers)
        && late_one.deeds.iter().any(|deed| {
            matches!(deed, Deed::Ship(to) if to.possessor.is_some() && to.possessor == other.speaker)
        })
}
