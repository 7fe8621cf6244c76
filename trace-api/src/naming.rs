//! How a record is named, and to whom: the public reads of no ledger and of no place in one, and of parties by name
//! only if the configuration says so; the operator reads all of it.
//!
//! What holds: every sentence about a record gets its name here, so nothing else decides what the public learns of it.
//!
//! Not here: the sentences ([`crate::words`]), places and times ([`crate::consumer`]).
//!
//! Source: docs/decisions/0027-scans-and-findings.md.

use history::RecordRef;

use crate::config::Config;
use crate::words::who;

/// Who reads, and so what a record is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// The public, where parties are not named.
    Unnamed,
    /// The public, where parties are named.
    Parties,
    /// The operator.
    Whole,
}

impl Naming {
    /// What the public reads.
    #[must_use]
    pub fn of_public(config: &Config) -> Self {
        if config.show_parties { Self::Parties } else { Self::Unnamed }
    }

    /// The party that keeps the record's ledger, for the operator with ledger and place; Chinese and English.
    #[must_use]
    pub fn who(self, record: &RecordRef) -> (String, String) {
        let name = match self {
            Self::Unnamed => {
                let (zh, en) = who::A_COMPANY;
                return (zh.to_owned(), en.to_owned());
            }
            Self::Parties => record.party.to_string(),
            Self::Whole => record.to_string(),
        };
        (name.clone(), name)
    }

    /// Two records; none where names say nothing.
    #[must_use]
    pub fn both(self, one: &RecordRef, other: &RecordRef) -> Option<(String, String)> {
        if self == Self::Unnamed {
            return None;
        }
        let (one, other) = (self.who(one).0, self.who(other).0);
        if one == other {
            return Some((one.clone(), one));
        }
        Some(who::both(&one, &other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_operator_reads_of_ledgers_and_parties_are_named_only_where_they_are_to_be() {
        let record = |party: &str, index| RecordRef {
            origin: "log.example/1".into(),
            index,
            party: party.into(),
        };
        let (one, other, third) = (record("Factory", 1), record("Shop", 2), record("Shop", 3));
        let text = |text: &str| (text.to_owned(), text.to_owned());
        assert_eq!(Naming::Unnamed.who(&one), ("一家企业".to_owned(), "a company".to_owned()));
        assert_eq!(Naming::Parties.who(&one), text("Factory"));
        assert_eq!(Naming::Whole.who(&one), text("Factory · log.example/1 #1"));
        assert_eq!(Naming::Unnamed.both(&one, &other), None);
        assert_eq!(Naming::Parties.both(&one, &other).unwrap().1, "Factory and Shop");
        assert_eq!(Naming::Parties.both(&other, &third), Some(text("Shop")));
        assert_eq!(
            Naming::Whole.both(&other, &third).unwrap().0,
            "Shop · log.example/1 #2 与 Shop · log.example/1 #3"
        );
    }
}
