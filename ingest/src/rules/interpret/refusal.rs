//! What was refused, with the reason: collected per tag, reported per reason.
//!
//! What holds: nothing that was observed is dropped without being counted here; a detail lists at most
//! `LISTED` names, the tags themselves are all kept.
//!
//! Not here: storing and counting ([`crate::writer`]).
//!
//! Source: docs/operations.md, codes of refusals.

use std::collections::BTreeMap;

use crate::items::Unnamed;

/// Most names in a detail.
const LISTED: usize = 20;

/// Something that no rule accepted, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Machine-readable code of the reason; the list is in docs/operations.md.
    pub code: &'static str,
    /// The reason for people.
    pub detail: String,
    /// The tags concerned, as hex; empty if it is not about tags.
    pub tags: Vec<String>,
    /// How many tags, readings, gaps or passages.
    pub count: u64,
}

impl Refusal {
    /// A refusal of `count` readings, gaps or passages.
    pub(super) fn plain(code: &'static str, detail: String, count: usize) -> Self {
        Self { code, detail, tags: Vec::new(), count: count as u64 }
    }

    /// A refusal of tags.
    pub(super) fn of_tags(code: &'static str, detail: String, tags: Vec<String>) -> Self {
        let count = tags.len() as u64;
        Self { code, detail, tags, count }
    }
}

/// Code and detail.
pub(super) type Reason = (&'static str, String);

/// Refused tags, by reason.
#[derive(Debug, Default)]
pub(super) struct RefusedTags {
    by_reason: BTreeMap<Reason, Vec<String>>,
    /// Digital Links and tags whose company prefix is not known.
    unknown: Vec<(String, String)>,
}

impl RefusedTags {
    /// Adds the tag `epc_hex`, refused for `reason`.
    pub fn add(&mut self, reason: Reason, epc_hex: &str) {
        self.by_reason.entry(reason).or_default().push(epc_hex.to_owned());
    }

    /// Adds the tag `epc_hex`, whose item cannot be named.
    pub fn add_unnamed(&mut self, why: &Unnamed, epc_hex: &str) {
        match why {
            Unnamed::NotGs1 => {
                let detail = "the tag contains no supported GS1 EPC";
                self.add(("not-gs1", detail.to_owned()), epc_hex);
            }
            Unnamed::PrefixUnknown { link } => {
                self.unknown.push((link.clone(), epc_hex.to_owned()));
            }
        }
    }

    /// One refusal per reason.
    pub fn into_refusals(self) -> Vec<Refusal> {
        let mut refusals: Vec<Refusal> = self
            .by_reason
            .into_iter()
            .map(|((code, detail), tags)| Refusal::of_tags(code, detail, tags))
            .collect();
        if !self.unknown.is_empty() {
            let (links, tags): (Vec<String>, Vec<String>) = self.unknown.into_iter().unzip();
            let detail = format!(
                "no company prefix of this site matches the key; \
                 add it to company_prefixes in the site rules: {}",
                listed(links)
            );
            refusals.push(Refusal::of_tags("prefix-unknown", detail, tags));
        }
        refusals
    }
}

/// The first names, and how many more there are.
pub(super) fn listed(names: impl IntoIterator<Item = String>) -> String {
    let names: Vec<String> = names.into_iter().collect();
    let shown = names.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_stays_short_and_says_how_many_it_leaves_out() {
        let names = |n: usize| (0..n).map(|n| n.to_string());
        assert_eq!(listed(names(2)), "0, 1");
        assert!(listed(names(LISTED)).ends_with(", 19"));
        assert!(listed(names(1000)).ends_with(", 19 and 980 more"));
    }
}
