//! Whether a record may be the next one: what it must fit, and who must have approved it.
//!
//! What holds: adding takes registrars of as many parties as the root asks for, and the party itself; ending a party,
//! a ledger's keys or a prefix takes two people where there are two, ending anything else one; a revocation that reaches
//! back takes the root. Under an expired root nothing is added.
//!
//! Not here: the step from one root to the next (`ledger::directory::root`).
//!
//! Source: docs/formats/directory-v1.md, "Approvals" and "Rules".

use jiff::{SignedDuration, Timestamp};
use ledger::directory::signers::{ambiguous, parties};
use ledger::directory::{Root, Signer};

use crate::approve::Approvals;
use crate::book::{Book, PartyEntry};
use crate::problem::Problem;
use crate::record::{
    ActRecord, Body, Deed, DeviceRecord, GrantRecord, KeysetRecord, PartyRecord, PrefixRecord,
    Record, RevokeRecord, SuspendRecord,
};
use crate::rights::Grade;

/// How far before it is written a record may date the end of something without reaching back.
pub const SLACK: SignedDuration = SignedDuration::from_hours(1);
/// Longest life of a root.
const LONGEST_ROOT: SignedDuration = SignedDuration::from_hours(400 * 24);

/// One record against the records before it.
pub(crate) struct Check<'a> {
    /// The records before.
    pub book: &'a Book,
    /// The record.
    pub record: &'a Record,
    /// When it is written.
    pub at: Timestamp,
}

impl Check<'_> {
    /// Whether the record may be the next one; states are checked by the replay.
    ///
    /// # Errors
    ///
    /// [`Problem`] with the first rule that it breaks.
    pub fn run(&self) -> Result<(), Problem> {
        self.check_place()?;
        let Some(root) = &self.book.root else {
            return self.first_root();
        };
        let adds = !matches!(
            self.record.body,
            Body::Root(_) | Body::State(_) | Body::Revoke(_) | Body::Suspend(_) | Body::Act(_)
        );
        if adds && root.until.parse::<Timestamp>().is_ok_and(|until| self.at >= until) {
            return Err(self.broken(format!(
                "root version {} expired at {}; nothing is added before the next version",
                root.version, root.until
            )));
        }
        match &self.record.body {
            Body::Root(next) => {
                root.check_step(next, &self.record.entry.note)?;
                self.check_root(next)
            }
            Body::State(_) => Ok(()),
            Body::Party(body) => self.party(root, body),
            Body::Keyset(body) => self.keyset(root, body),
            Body::Device(body) => self.device(body),
            Body::Prefix(body) => self.prefix(root, body),
            Body::Grant(body) => self.grant(body),
            Body::Power(body) => {
                self.admitted(&body.party)?;
                self.approvals().root(root)
            }
            Body::Revoke(body) => self.revoke(root, body),
            Body::Suspend(body) => self.suspend(root, body),
            Body::Act(body) => self.act(root, body),
        }
    }

    fn broken(&self, problem: impl Into<String>) -> Problem {
        Problem::Rule { subject: self.record.head.subject.clone(), problem: problem.into() }
    }

    fn approvals(&self) -> Approvals<'_> {
        Approvals { note: &self.record.entry.note, subject: &self.record.head.subject }
    }

    /// The record is the next one of its subject.
    fn check_place(&self) -> Result<(), Problem> {
        let head = &self.record.head;
        let last = self.book.last.get(&head.subject);
        let expected = last.map_or(0, |(seq, _)| *seq) + 1;
        if head.seq != expected {
            return Err(Problem::Seq { subject: head.subject.clone(), got: head.seq, expected });
        }
        let last = last.map(|(_, leaf)| *leaf);
        if head.prev != last {
            let shown = |hash: Option<ledger::Hash>| {
                hash.map_or_else(|| "null".to_owned(), |hash| hash.to_string())
            };
            return Err(Problem::Prev {
                subject: head.subject.clone(),
                got: shown(head.prev),
                expected: shown(last),
            });
        }
        Ok(())
    }

    fn first_root(&self) -> Result<(), Problem> {
        match &self.record.body {
            Body::Root(root) => {
                root.check_threshold(&self.record.entry.note)?;
                self.check_root(root)
            }
            _ => Err(self.broken("got this record before any root, expected root version 1")),
        }
    }

    fn check_root(&self, root: &Root) -> Result<(), Problem> {
        let length = match (root.from.parse::<Timestamp>(), root.until.parse::<Timestamp>()) {
            (Ok(from), Ok(until)) => until.duration_since(from),
            _ => SignedDuration::MAX,
        };
        if length > LONGEST_ROOT {
            return Err(self.broken("got a root that holds for more than 400 days"));
        }
        let admins = self.book.parties.values().flat_map(|party| &party.body.admins);
        let offices = root.keys.iter().chain(&root.registrars).chain(&root.emergency);
        self.check_people(&admins.chain(offices).collect::<Vec<_>>())
    }

    /// Each person has one key and one party, and each key one person, in all offices.
    fn check_people(&self, people: &[&Signer]) -> Result<(), Problem> {
        match ambiguous(people) {
            Some(holder) => Err(self.broken(format!(
                "`{holder}` is listed with two keys or parties, or the key is also another's"
            ))),
            None => Ok(()),
        }
    }

    fn admitted(&self, party: &str) -> Result<&PartyEntry, Problem> {
        let found = self.book.admitted(party, self.at);
        found.ok_or_else(|| self.broken(format!("`{party}` is no admitted party")))
    }

    fn own_admin(&self, party: &str) -> Result<(), Problem> {
        let entry = self.admitted(party)?;
        self.approvals().admins(party, &entry.body.admins, 1)
    }

    fn party(&self, root: &Root, body: &PartyRecord) -> Result<(), Problem> {
        let others = || self.book.parties.values().filter(|other| other.body.id != body.id);
        for other in others() {
            let other = &other.body;
            if let Some(gln) = body.sites.iter().find(|gln| other.sites.contains(gln)) {
                return Err(self.broken(format!("the site {gln} is one of `{}`", other.id)));
            }
            let keys: Vec<String> = other.pglns.iter().map(|pgln| epc::thing_key(pgln)).collect();
            if let Some(pgln) = body.pglns.iter().find(|pgln| keys.contains(&epc::thing_key(pgln)))
            {
                return Err(self.broken(format!("{pgln} names `{}`", other.id)));
            }
        }
        let offices = root.keys.iter().chain(&root.registrars).chain(&root.emergency);
        let admins = others().flat_map(|other| &other.body.admins).chain(&body.admins);
        self.check_people(&offices.chain(admins).collect::<Vec<_>>())?;
        let before = self.book.parties.get(&body.id);
        let own = before.map_or(&body.admins, |before| &before.body.admins);
        match self.approvals().admins(&body.id, own, 1) {
            // Whose people all lost their keys is helped by the root, and a new admin signs.
            Err(problem) if before.is_some() => {
                self.approvals().root(root).map_err(|_| problem)?;
                self.approvals().admins(&body.id, &body.admins, 1)?;
            }
            outcome => outcome?,
        }
        self.approvals().registrars(root, root.registrar_threshold)
    }

    fn keyset(&self, root: &Root, body: &KeysetRecord) -> Result<(), Problem> {
        let entry = self.admitted(&body.party)?;
        let is_reserved = |keysets: &[ledger::directory::LedgerKeyset]| {
            keysets.iter().any(|keyset| keyset.ed25519.name() == body.origin)
        };
        if is_reserved(&root.directory) || is_reserved(&root.hub) {
            return Err(self.broken("got the directory or its hub, whose keys the root states"));
        }
        let known = self.book.keysets.get(&body.origin).map_or(&[][..], Vec::as_slice);
        let is_known = |one: &ledger::directory::KeysetInterval| {
            one.keys.ed25519 == body.keys.ed25519 || one.keys.rsa == body.keys.rsa
        };
        if known.iter().any(is_known) {
            return Err(self.broken("got a key that this ledger had before, expected new ones"));
        }
        let needed = entry.body.admins.len().min(2);
        self.approvals().admins(&body.party, &entry.body.admins, needed)?;
        let Some(last) = known.last() else {
            if body.after.is_some() {
                return Err(self.broken("got `after` in the first keyset, expected none"));
            }
            return self.approvals().registrars(root, 1);
        };
        self.check_follows(last, body)?;
        if last.party != body.party {
            self.own_admin(&last.party)?;
            self.approvals().registrars(root, 1)?;
        }
        Ok(())
    }

    fn check_follows(
        &self,
        last: &ledger::directory::KeysetInterval,
        body: &KeysetRecord,
    ) -> Result<(), Problem> {
        let Some(after) = body.after else {
            return Err(
                self.broken("got no `after`, expected the last checkpoint under the pair before")
            );
        };
        if last.last_good.is_some_and(|good| good != after) {
            return Err(self
                .broken("got another `after` than the last good checkpoint of the revoked pair"));
        }
        // A revoked pair's last good checkpoint may be signed again by the new pair.
        let lowest = if last.last_good.is_some() { after.size } else { after.size + 1 };
        let begun = last.after.map_or(0, |earlier| earlier.size);
        if body.keys.from_size < lowest
            || after.size < begun
            || body.keys.from_size < last.keys.from_size
        {
            return Err(self.broken(format!(
                "got `from_size` {} after size {}, expected sizes that rise from {begun}",
                body.keys.from_size, after.size
            )));
        }
        Ok(())
    }

    fn device(&self, body: &DeviceRecord) -> Result<(), Problem> {
        let Some(keeper) = self.book.keeper(&body.ledger) else {
            return Err(
                self.broken(format!("the directory has no keys of the ledger `{}`", body.ledger))
            );
        };
        for (bridge, records) in &self.book.devices {
            let has_key = records.iter().any(|device| device.body.key == body.key);
            if *bridge != body.bridge && has_key {
                return Err(self.broken(format!("the key is the one of `{bridge}`")));
            }
            let last = records.last().and_then(|device| self.book.keeper(&device.body.ledger));
            if *bridge == body.bridge && last.is_some_and(|last| last != keeper) {
                return Err(self.broken("the bridge is another party's"));
            }
        }
        self.own_admin(keeper)
    }

    fn prefix(&self, root: &Root, body: &PrefixRecord) -> Result<(), Problem> {
        let overlaps = |other: &&String| {
            **other != body.digits
                && (other.starts_with(&body.digits) || body.digits.starts_with(other.as_str()))
        };
        if let Some(other) = self.book.prefixes.keys().find(overlaps) {
            return Err(
                self.broken(format!("it overlaps the prefix {other}; no prefix may begin another"))
            );
        }
        let earlier = self.book.prefixes.get(&body.digits).into_iter().flatten();
        for other in earlier.filter(|other| other.body.party != body.party) {
            if body.span.from < other.span.until && other.span.from < other.span.until {
                return Err(self.broken(format!(
                    "it is licensed to `{}` until {}",
                    other.body.party, other.span.until
                )));
            }
        }
        self.own_admin(&body.party)?;
        let least = if body.grade == Grade::B { 2 } else { 1 };
        self.approvals().registrars(root, root.registrar_threshold.max(least))
    }

    fn grant(&self, body: &GrantRecord) -> Result<(), Problem> {
        if let Some(last) = self.book.grants.get(&body.id).and_then(|all| all.last())
            && (&last.body.grantor, &last.body.grantee) != (&body.grantor, &body.grantee)
        {
            return Err(self.broken("a grant of this id is between other parties"));
        }
        self.own_admin(&body.grantor)?;
        self.own_admin(&body.grantee)
    }

    /// The parties whose admins may end the subject.
    fn owners(&self) -> Vec<String> {
        let subject = &self.record.head.subject;
        let (kind, id) = subject.split_once('/').unwrap_or((subject, ""));
        let book = self.book;
        match kind {
            "party" => vec![id.to_owned()],
            "keyset" => book.keeper(id).map(str::to_owned).into_iter().collect(),
            "device" => {
                let last = book.devices.get(id).and_then(|all| all.last());
                last.and_then(|device| book.keeper(&device.body.ledger))
                    .map(str::to_owned)
                    .into_iter()
                    .collect()
            }
            "prefix" => {
                let last = book.prefixes.get(id).and_then(|all| all.last());
                last.map(|prefix| prefix.body.party.clone()).into_iter().collect()
            }
            "grant" => {
                let last = book.grants.get(id).and_then(|all| all.last());
                let both = |grant: &GrantRecord| [grant.grantor.clone(), grant.grantee.clone()];
                last.map(|grant| both(&grant.body)).into_iter().flatten().collect()
            }
            _ => {
                let last = book.powers.get(id).and_then(|all| all.last());
                last.map(|power| power.body.party.clone()).into_iter().collect()
            }
        }
    }

    fn revoke(&self, root: &Root, body: &RevokeRecord) -> Result<(), Problem> {
        if self.record.head.seq == 1 {
            return Err(self.broken("there is nothing of this name to revoke"));
        }
        let approvals = self.approvals();
        if approvals.root(root).is_ok() {
            return Ok(());
        }
        let reaches_back = match body.last_good {
            Some(good) => {
                let id = self.record.head.subject.trim_start_matches("keyset/");
                let last = self.book.keysets.get(id).and_then(|all| all.last());
                let begun = last.and_then(|keyset| keyset.after).map_or(0, |after| after.size);
                good.size < begun
            }
            None => body.since.is_some_and(|since| self.at.duration_since(since) > SLACK),
        };
        if reaches_back {
            return approvals.root(root);
        }
        // Whoever stole one key must not be able to silence a party; what cannot wait for a second person is a suspension.
        let kind = self.record.head.subject.split('/').next().unwrap_or_default();
        let least = if matches!(kind, "party" | "keyset" | "prefix") { 2 } else { 1 };
        let mut short = None;
        for owner in self.owners() {
            let Some(entry) = self.book.parties.get(&owner) else { continue };
            let admins = &entry.body.admins;
            match approvals.admins(&owner, admins, admins.len().min(least)) {
                Ok(()) => return Ok(()),
                Err(problem) if problem.is_partly_approved() => short = Some(problem),
                Err(_) => {}
            }
        }
        let offices: Vec<&Signer> = root.registrars.iter().collect();
        let needed = root.registrar_threshold.max(parties(&offices).min(least));
        approvals.registrars(root, needed).map_err(|problem| short.unwrap_or(problem))
    }

    fn suspend(&self, root: &Root, body: &SuspendRecord) -> Result<(), Problem> {
        self.admitted(&body.party)?;
        if self.at.duration_since(body.span.from) > SLACK {
            return Err(self.broken(format!(
                "got `from` {}, expected at most an hour before {}, when it is written",
                body.span.from, self.at
            )));
        }
        // An emergency holder suspends a party once; whoever wants more convinces the holders of the root.
        if self.record.head.seq > 1 {
            self.approvals().root(root)
        } else {
            self.approvals().emergency(root)
        }
    }

    fn act(&self, root: &Root, body: &ActRecord) -> Result<(), Problem> {
        let entry = self.admitted(&body.party)?;
        let admins = &entry.body.admins;
        if body.deed == Deed::Deleted {
            return self.approvals().admins(&body.party, admins, admins.len().min(2));
        }
        let own = self.approvals().admins(&body.party, admins, 1);
        own.or_else(|problem| self.approvals().registrars(root, 1).map_err(|_| problem))
    }
}
