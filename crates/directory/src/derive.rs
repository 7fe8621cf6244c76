//! What follows from the records: rights, the verifiers' policy, the state's tree.
//!
//! What holds: all three are made from the same intervals, so they cannot disagree.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use ledger::directory::keyset::runs;
use ledger::directory::{KeysetInterval, StateTree};
use ledger::json::{Json, object};
use ledger::policy::Policy;

use crate::book::{Book, Dated};
use crate::rights::{
    Bridge, Grant, Licence, Parties, Party, PartyId, Power, Rights, Span, Suspension, Tenure,
};

/// The rights that the records add up to.
pub(crate) fn rights(book: &Book) -> Rights {
    let Some(root) = &book.root else { return Rights::default() };
    let late = i64::try_from(root.late_h).unwrap_or(0).min(24 * 400);
    Rights {
        has_directory: true,
        late: SignedDuration::from_hours(late),
        parties: parties(book),
        ledgers: book.keysets.iter().map(|(origin, all)| (origin.clone(), tenures(all))).collect(),
        licences: intervals(&book.prefixes, |dated| Licence {
            party: PartyId::from(dated.body.party.as_str()),
            grade: dated.body.grade,
            span: dated.span,
        }),
        grants: flat(&book.grants, |dated| Grant {
            from: PartyId::from(dated.body.grantor.as_str()),
            to: PartyId::from(dated.body.grantee.as_str()),
            acts: dated.body.acts.clone(),
            scope: dated.body.scope.clone(),
            span: dated.span,
        }),
        powers: flat(&book.powers, |dated| Power {
            party: PartyId::from(dated.body.party.as_str()),
            acts: dated.body.acts.clone(),
            scope: dated.body.scope.clone(),
            span: dated.span,
        }),
        bridges: intervals(&book.devices, |dated| Bridge {
            key: dated.body.key.clone(),
            ledger: dated.body.ledger.clone(),
            read_points: dated.body.read_points.clone(),
            span: dated.span,
        }),
        suspensions: flat(&book.suspensions, |dated| Suspension {
            party: PartyId::from(dated.body.party.as_str()),
            span: dated.span,
        }),
    }
}

/// Intervals that hold some time; one that was ended before it began holds none.
fn held<T>(all: &[Dated<T>]) -> impl Iterator<Item = &Dated<T>> {
    all.iter().filter(|dated| dated.span.from < dated.span.until)
}

fn intervals<T, R>(
    all: &BTreeMap<String, Vec<Dated<T>>>,
    make: impl Fn(&Dated<T>) -> R,
) -> BTreeMap<String, Vec<R>> {
    all.iter().map(|(id, all)| (id.clone(), held(all).map(&make).collect())).collect()
}

fn flat<T, R>(all: &BTreeMap<String, Vec<Dated<T>>>, make: impl Fn(&Dated<T>) -> R) -> Vec<R> {
    all.values().flat_map(|all| held(all)).map(make).collect()
}

fn parties(book: &Book) -> Parties {
    let party = |body: &crate::record::PartyRecord| Party {
        name: body.name.clone(),
        pglns: body.pglns.clone(),
        sites: body.sites.iter().cloned().collect(),
        admins: body
            .admins
            .iter()
            .map(|admin| (admin.holder.clone(), admin.key.to_string()))
            .collect(),
        first_key: book.first_keys.get(&body.id).cloned(),
    };
    book.parties
        .iter()
        .map(|(id, entry)| (PartyId::from(id.as_str()), party(&entry.body)))
        .collect()
}

fn tenures(all: &[KeysetInterval]) -> Vec<Tenure> {
    let tenure = |(party, from, until): (&str, u64, Option<u64>)| Tenure {
        party: PartyId::from(party),
        from,
        until,
    };
    runs(all).into_iter().map(tenure).collect()
}

/// The policy of a verifier who trusts this directory, without the line that pins it.
pub(crate) fn policy(book: &Book) -> Policy {
    let mut policy = book.root.as_ref().map(ledger::directory::Root::policy).unwrap_or_default();
    let own = book.keysets.values().flatten();
    policy.logs.extend(own.flat_map(KeysetInterval::trusted));
    policy
}

/// The tree over all subjects.
pub(crate) fn tree(book: &Book) -> StateTree {
    let mut entries = BTreeMap::new();
    let mut add = |key: String, intervals: Vec<Json>| {
        entries.insert(key, object([("intervals", Json::Array(intervals))]).canonical());
    };
    for (id, party) in &book.parties {
        let mut intervals = party.shown.clone();
        if let (Some(since), Some(last)) = (party.revoked, intervals.last_mut()) {
            last.set("revoked", Json::from(since.to_string()));
        }
        add(format!("party/{id}"), intervals);
    }
    for (origin, all) in &book.keysets {
        add(format!("keyset/{origin}"), all.iter().map(KeysetInterval::to_json).collect());
    }
    for (kind, id, intervals) in dated("device", &book.devices)
        .chain(dated("prefix", &book.prefixes))
        .chain(dated("grant", &book.grants))
        .chain(dated("power", &book.powers))
        .chain(dated("suspend", &book.suspensions))
    {
        add(format!("{kind}/{id}"), intervals);
    }
    StateTree::new(entries)
}

fn dated<'a, T>(
    kind: &'static str,
    all: &'a BTreeMap<String, Vec<Dated<T>>>,
) -> impl Iterator<Item = (&'static str, &'a String, Vec<Json>)> {
    all.iter().map(move |(id, all)| (kind, id, all.iter().map(shown).collect()))
}

/// An interval as the state shows it, with the end that it came to.
fn shown<T>(dated: &Dated<T>) -> Json {
    let Span { from, until } = dated.span;
    let mut json = dated.shown.clone();
    json.set("from", Json::from(from.to_string()));
    json.set("until", Json::from(until.to_string()));
    json
}
