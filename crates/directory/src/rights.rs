//! The rights that the directory's records add up to, and the one question that they answer.
//!
//! The way through: replaying the directory gives [`Rights`]; [`Rights::speaker`] names the party behind a ledger,
//! [`Rights::standing`] says in which role that party makes a statement about a thing.
//!
//! What holds: a right must hold both when the event is said to have happened and when the hub first covered its
//! record, with [`Rights::late`] of grace at the end; so back-dating a statement gives nobody a right. Without a
//! directory ([`Rights::default`]) everybody is a stranger.
//!
//! Not here: who holds an item (that follows from its records, in `history`), which role may make which statement
//! (the table in `history::authority`).
//!
//! Source: docs/formats/directory-v1.md, "Rights".

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

pub use crate::parties::{Parties, Party, PartyId};

/// A time from which and until before which something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First moment.
    pub from: Timestamp,
    /// First moment at which it no longer holds.
    pub until: Timestamp,
}

impl Span {
    /// Every moment.
    pub const ALWAYS: Self = Self { from: Timestamp::MIN, until: Timestamp::MAX };

    /// Whether it holds at `at`.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }

    /// Whether it holds for a statement, with grace for one that was late to reach the hub.
    fn covers(&self, at: Moment, late: SignedDuration) -> bool {
        let end = self.until.checked_add(late).unwrap_or(Timestamp::MAX);
        self.contains(at.event) && self.from <= at.seal && at.seal < end
    }

    /// Whether it had begun when the statement reached the hub.
    fn had_begun(&self, at: Moment) -> bool {
        self.from <= at.seal
    }
}

/// The two times of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// When it is said to have happened: the speaker's word.
    pub event: Timestamp,
    /// When the hub first covered its record; the present if it does not yet.
    pub seal: Timestamp,
}

/// How well it was checked that a prefix is licensed to a party.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// A chain of GS1 credentials.
    A,
    /// Two registrars looked it up in a registry.
    B,
    /// The party's own word.
    C,
}

/// Whose ledger an origin is, by record index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenure {
    /// The party.
    pub party: PartyId,
    /// First record that is its own.
    pub from: u64,
    /// First record that is no longer; none if it still is.
    pub until: Option<u64>,
}

/// A company prefix, or a single key of twelve digits, that a party may issue under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Licence {
    /// The licensee.
    pub party: PartyId,
    /// How it was checked.
    pub grade: Grade,
    /// When it holds.
    pub span: Span,
}

/// Acts that a party lends another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Who lends; its licence must cover the thing.
    pub from: PartyId,
    /// Who may act.
    pub to: PartyId,
    /// What it may do.
    pub acts: BTreeSet<Act>,
    /// With what.
    pub scope: Scope,
    /// When it holds.
    pub span: Span,
}

/// The power of an authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Power {
    /// Who has it.
    pub party: PartyId,
    /// What it may do.
    pub acts: BTreeSet<Act>,
    /// With what.
    pub scope: Scope,
    /// When it holds.
    pub span: Span,
}

/// Things that a grant or a power is about. An empty member is no bound.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Leading digits of the key ([`epc::licence_digits`]).
    pub prefixes: Vec<String>,
    /// GTINs, 14 digits.
    pub gtins: Vec<String>,
    /// Lot numbers.
    pub lots: Vec<String>,
    /// First and last serial, whole numbers of at most 20 digits without leading zeros.
    pub serials: Option<(u128, u128)>,
    /// GLNs of the sites at which it holds, 13 digits.
    pub sites: Vec<String>,
}

impl Scope {
    fn covers(&self, subject: &Subject) -> bool {
        let among = |bound: &[String], found: Option<&str>| {
            bound.is_empty() || found.is_some_and(|found| bound.iter().any(|one| one == found))
        };
        let in_prefix = self.prefixes.is_empty()
            || self.prefixes.iter().any(|prefix| subject.digits.starts_with(prefix.as_str()));
        let in_serials = self.serials.is_none_or(|(first, last)| {
            let serial = subject.serial.as_deref().and_then(whole_number);
            serial.is_some_and(|serial| (first..=last).contains(&serial))
        });
        in_prefix
            && in_serials
            && among(&self.gtins, subject.gtin.as_deref())
            && among(&self.lots, subject.lot.as_deref())
            && among(&self.sites, subject.site.as_deref())
    }
}

/// A serial as a number; `None` if it has leading zeros or anything but digits, since `07` is not `7`.
fn whole_number(text: &str) -> Option<u128> {
    let is_plain = text == "0" || !text.starts_with('0');
    let is_number = text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain && is_number)
}

/// What a bridge may speak for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bridge {
    /// Verifier key, base64 of 32 bytes.
    pub key: String,
    /// Ledger that its deliveries go into.
    pub ledger: String,
    /// Read points that it may report, SGLN URIs.
    pub read_points: BTreeSet<String>,
    /// When.
    pub span: Span,
}

/// A party whose statements are claims for some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// Who is suspended.
    pub party: PartyId,
    /// For how long, by seal.
    pub span: Span,
}

/// What one can be entitled to do to another's thing. Holding an item is no right of the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Commission; state lot and expiry.
    Issue,
    /// Recall, and lift one's own recall.
    Recall,
    /// Void a serial.
    Void,
    /// Report stolen or found.
    ReportTheft,
    /// Ship, pack, sell and everything else that a holder does.
    Handle,
}

impl Act {
    /// All acts, each with its word in directory records.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Issue, "issue"),
        (Self::Recall, "recall"),
        (Self::Void, "void"),
        (Self::ReportTheft, "report_theft"),
        (Self::Handle, "handle"),
    ];

    /// The act of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, own)| *own == word).map(|(act, _)| *act)
    }

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(act, _)| *act == self).map_or("", |(_, word)| word)
    }
}

/// What a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject {
    /// Digits of the key, company prefix first ([`epc::licence_digits`]); empty if it has no GS1 key.
    pub digits: String,
    /// GTIN, 14 digits.
    pub gtin: Option<String>,
    /// Lot number.
    pub lot: Option<String>,
    /// Serial.
    pub serial: Option<String>,
    /// GLN of the site where it is said to have happened, 13 digits.
    pub site: Option<String>,
}

/// In which role a party speaks; the columns of the table in docs/formats/directory-v1.md but for the holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The key's licensee.
    Licensee,
    /// Somebody whom the licensee lent this act.
    Grantee,
    /// An authority with this power.
    Authority,
    /// Somebody whose licence, grant or power has ended, or had not begun when the event happened.
    Former,
    /// Anybody else.
    Stranger,
}

/// A role, and whether the party's statements are only claims at that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The role.
    pub role: Role,
    /// The party is suspended.
    pub is_suspended: bool,
}

/// What the directory's records add up to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights {
    /// Whether there is a directory. Without one everything that is said is a claim.
    pub has_directory: bool,
    /// Grace for statements that reached the hub after a right had ended.
    pub late: SignedDuration,
    /// Parties by id, by identifier and by site.
    pub parties: Parties,
    /// Ledgers by origin.
    pub ledgers: BTreeMap<String, Vec<Tenure>>,
    /// Licences by prefix; no prefix begins another.
    pub licences: BTreeMap<String, Vec<Licence>>,
    /// Delegations.
    pub grants: Vec<Grant>,
    /// Authorities.
    pub powers: Vec<Power>,
    /// Bridges by name.
    pub bridges: BTreeMap<String, Vec<Bridge>>,
    /// Suspensions.
    pub suspensions: Vec<Suspension>,
}

impl Rights {
    /// The party whose record `index` of the ledger `origin` is.
    #[must_use]
    pub fn speaker(&self, origin: &str, index: u64) -> Option<&PartyId> {
        let owns = |tenure: &&Tenure| {
            tenure.from <= index && tenure.until.is_none_or(|until| index < until)
        };
        self.ledgers.get(origin)?.iter().find(owns).map(|tenure| &tenure.party)
    }

    /// The party one of whose sites has the GLN `gln` (13 digits).
    #[must_use]
    pub fn party_at(&self, gln: &str) -> Option<&PartyId> {
        self.parties.at(gln)
    }

    /// The party with the identifier `pgln`, in any spelling.
    #[must_use]
    pub fn party_named(&self, pgln: &str) -> Option<&PartyId> {
        self.parties.named(pgln)
    }

    /// The prefix that `digits` begin with and its licences, past ones included; `None` if nobody was ever licensed.
    #[must_use]
    pub fn licences_of(&self, digits: &str) -> Option<(&str, &[Licence])> {
        (4..=12).find_map(|length| {
            let (prefix, licences) = self.licences.get_key_value(digits.get(..length)?)?;
            Some((prefix.as_str(), licences.as_slice()))
        })
    }

    /// Who is licensed to issue under `digits` at `at`.
    #[must_use]
    pub fn licensee(&self, digits: &str, at: Timestamp) -> Option<&Licence> {
        self.licences_of(digits)?.1.iter().find(|licence| licence.span.contains(at))
    }

    /// In which role `party` says that `act` was done to `subject`.
    #[must_use]
    pub fn standing(&self, party: &str, act: Act, subject: &Subject, at: Moment) -> Standing {
        let is_suspended = self
            .suspensions
            .iter()
            .any(|suspension| &*suspension.party == party && suspension.span.contains(at.seal));
        Standing { role: self.role(party, act, subject, at), is_suspended }
    }

    fn role(&self, party: &str, act: Act, subject: &Subject, at: Moment) -> Role {
        let licences = self.licences_of(&subject.digits).map_or(&[][..], |(_, licences)| licences);
        let mut was_entitled = false;
        for licence in licences.iter().filter(|licence| &*licence.party == party) {
            if licence.span.covers(at, self.late) {
                return Role::Licensee;
            }
            was_entitled |= licence.span.had_begun(at);
        }
        for grant in self.grants.iter().filter(|grant| &*grant.to == party) {
            let is_lent = licences
                .iter()
                .any(|licence| licence.party == grant.from && licence.span.covers(at, self.late));
            if !grant.acts.contains(&act) || !grant.scope.covers(subject) {
                continue;
            }
            if is_lent && grant.span.covers(at, self.late) {
                return Role::Grantee;
            }
            let was_lent = licences.iter().any(|licence| licence.party == grant.from);
            was_entitled |= was_lent && grant.span.had_begun(at);
        }
        for power in self.powers.iter().filter(|power| &*power.party == party) {
            if !power.acts.contains(&act) || !power.scope.covers(subject) {
                continue;
            }
            if power.span.covers(at, self.late) {
                return Role::Authority;
            }
            was_entitled |= power.span.had_begun(at);
        }
        if was_entitled { Role::Former } else { Role::Stranger }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: u8) -> Timestamp {
        format!("2026-11-{number:02}T00:00:00Z").parse().unwrap()
    }

    fn days(from: u8, until: u8) -> Span {
        Span { from: day(from), until: day(until) }
    }

    fn at(event: u8, seal: u8) -> Moment {
        Moment { event: day(event), seal: day(seal) }
    }

    fn item() -> Subject {
        Subject {
            digits: "952114112345".into(),
            gtin: Some("09521141123454".into()),
            lot: Some("L1".into()),
            serial: Some("602".into()),
            site: None,
        }
    }

    fn rights() -> Rights {
        let licence = Licence { party: "brand".into(), grade: Grade::C, span: days(5, 20) };
        let grant = Grant {
            from: "brand".into(),
            to: "maker".into(),
            acts: [Act::Issue].into(),
            scope: Scope { serials: Some((600, 700)), ..Scope::default() },
            span: days(6, 10),
        };
        let power = Power {
            party: "office".into(),
            acts: [Act::Recall].into(),
            scope: Scope { prefixes: vec!["9521".into()], ..Scope::default() },
            span: days(1, 28),
        };
        Rights {
            has_directory: true,
            late: SignedDuration::from_hours(72),
            licences: [("952114112".to_owned(), vec![licence])].into(),
            grants: vec![grant],
            powers: vec![power],
            ..Rights::default()
        }
    }

    #[test]
    fn a_right_must_hold_when_it_happened_and_when_the_hub_had_it() {
        for (party, moment, role) in [
            ("brand", at(5, 5), Role::Licensee),
            ("brand", at(19, 22), Role::Licensee),
            ("brand", at(19, 23), Role::Former),
            ("brand", at(4, 6), Role::Former),
            ("brand", at(20, 20), Role::Former),
            ("maker", at(7, 7), Role::Grantee),
            ("maker", at(9, 14), Role::Former),
            ("maker", at(11, 11), Role::Former),
            ("maker", at(5, 5), Role::Stranger),
            ("shop", at(7, 7), Role::Stranger),
        ] {
            let found = rights().standing(party, Act::Issue, &item(), moment);
            assert_eq!(found, Standing { role, is_suspended: false }, "{party} {moment:?}");
        }
    }

    #[test]
    fn a_grant_covers_its_acts_and_its_scope_and_ends_with_the_licence() {
        let role = |rights: &Rights, act, serial: &str, day| {
            let subject = Subject { serial: Some(serial.into()), ..item() };
            rights.standing("maker", act, &subject, at(day, day)).role
        };
        let all = rights();
        assert_eq!(role(&all, Act::Issue, "600", 7), Role::Grantee);
        assert_eq!(role(&all, Act::Issue, "700", 7), Role::Grantee);
        for serial in ["599", "701", "0650", "65x", "", "99999999999999999999999999999999999999999"]
        {
            assert_eq!(role(&all, Act::Issue, serial, 7), Role::Stranger, "{serial}");
        }
        assert_eq!(role(&all, Act::Recall, "650", 7), Role::Stranger);
        let mut ended = rights();
        ended.licences.get_mut("952114112").unwrap()[0].span = days(1, 3);
        assert_eq!(role(&ended, Act::Issue, "650", 7), Role::Former);
    }

    #[test]
    fn an_authority_has_its_power_within_its_scope_only() {
        let found = |digits: &str, act| {
            let subject = Subject { digits: digits.into(), ..item() };
            rights().standing("office", act, &subject, at(7, 7)).role
        };
        assert_eq!(found("952114112345", Act::Recall), Role::Authority);
        assert_eq!(found("400114112345", Act::Recall), Role::Stranger);
        assert_eq!(found("952114112345", Act::Issue), Role::Stranger);
    }

    #[test]
    fn a_suspension_leaves_the_role_and_is_said() {
        let mut rights = rights();
        rights.suspensions = vec![Suspension { party: "brand".into(), span: days(8, 9) }];
        let found = |seal| rights.standing("brand", Act::Recall, &item(), at(7, seal));
        assert_eq!(found(8), Standing { role: Role::Licensee, is_suspended: true });
        assert_eq!(found(9), Standing { role: Role::Licensee, is_suspended: false });
    }

    #[test]
    fn the_speaker_of_a_record_is_the_party_that_had_the_ledger_then() {
        let tenure = |party: &str, from, until| Tenure { party: party.into(), from, until };
        let rights = Rights {
            ledgers: [("a".to_owned(), vec![tenure("one", 2, Some(5)), tenure("two", 5, None)])]
                .into(),
            ..Rights::default()
        };
        let found: Vec<Option<&str>> =
            [1, 2, 4, 5, 900].map(|index| rights.speaker("a", index).map(|id| &**id)).into();
        assert_eq!(found, [None, Some("one"), Some("one"), Some("two"), Some("two")]);
        assert_eq!(rights.speaker("b", 3), None);
    }

    #[test]
    fn a_prefix_covers_the_keys_that_begin_with_it() {
        let rights = rights();
        assert_eq!(rights.licences_of("952114112345").unwrap().0, "952114112");
        assert_eq!(rights.licences_of("952114113345"), None);
        assert_eq!(rights.licences_of("9521"), None);
        assert_eq!(rights.licensee("952114112345", day(19)).unwrap().party, "brand".into());
        assert_eq!(rights.licensee("952114112345", day(20)), None);
    }
}
