//! Whose signatures count for a proof of another log: its policy file.
//!
//! It is our policy file, which is C2SP tlog-policy with additions, and it is Sigsum's, where keys are 64 hex digits:
//!
//! ```text
//! log <verifier key or hex> [<url>] [from <size>] [until <size>]
//! witness <name> <verifier key of type 0x04, or hex> [<url>]
//! group <name> any|all|<number> <witness or group>…
//! quorum <witness, group or none>
//! ```
//!
//! What holds: there is exactly one `quorum` line, so that a file that was cut off does not ask for less; no two
//! witnesses have one key, no witness has the key of a log, and nobody is a member twice, so that nobody counts twice.
//!
//! Not here: reading the lines ([`crate::policy`]), whether a log signed
//! ([`Policy::open_foreign_checkpoint`]).
//!
//! Sources: C2SP tlog-policy; the Sigsum policy format.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

use super::SigsumProof;
use crate::{
    keys::{Algorithm, PlainKey},
    note::NoteSignature,
    policy::{Policy, PolicyError},
};

/// Logs, witnesses and how many of these are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    policy: Policy,
    /// In order; `None` for a key of a kind that cannot be checked here.
    witnesses: Vec<(String, Option<PlainKey>)>,
}

/// Who made a cosignature, as the proof names it.
pub(super) enum Cosigner<'a> {
    /// By a signature line.
    Line { name: &'a str, key_id: [u8; 4] },
    /// By the hash of the key.
    Hash(&'a crate::Hash),
}

/// A cosignature that a proof holds.
pub(super) struct Cosignature<'a> {
    pub(super) by: Cosigner<'a>,
    /// Seconds since 1970; `None` if the line is too short to hold it.
    pub(super) time: Option<u64>,
    pub(super) signature: &'a [u8],
}

impl<'a> Cosignature<'a> {
    /// A line of a note.
    pub(super) fn of_line(line: &'a NoteSignature) -> Self {
        let parts = line.bytes.split_first_chunk::<8>();
        Self {
            by: Cosigner::Line { name: &line.name, key_id: line.key_id },
            time: parts.map(|(time, _)| u64::from_be_bytes(*time)),
            signature: parts.map_or(&[], |(_, signature)| signature),
        }
    }

    pub(super) fn is_named(&self, key: &PlainKey) -> bool {
        match self.by {
            Cosigner::Line { name, key_id } => key.cosigner_id(name) == key_id,
            Cosigner::Hash(hash) => key.hash() == *hash,
        }
    }

    pub(super) fn verifies(&self, key: &PlainKey, body: &str) -> Option<u64> {
        let time = self.time.filter(|time| i64::try_from(*time).is_ok())?;
        let message = format!("cosignature/v1\ntime {time}\n{body}");
        key.verify(message.as_bytes(), self.signature).then_some(time)
    }
}

impl Trust {
    /// Logs and their keys.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Name of the witness or group whose cosignatures are required; `None` if none are.
    #[must_use]
    pub fn quorum(&self) -> Option<&str> {
        self.policy.quorum.as_deref()
    }

    /// Names of witnesses whose keys are of a kind that cannot be checked here.
    pub(super) fn unusable(&self) -> impl Iterator<Item = &str> {
        self.witnesses.iter().filter(|(_, key)| key.is_none()).map(|(name, _)| &**name)
    }

    /// The witnesses that cosigned a checkpoint's text, with the times that they say.
    ///
    /// # Errors
    ///
    /// The name of a witness whose cosignature does not verify.
    pub(super) fn cosigned(
        &self,
        body: &str,
        cosignatures: &[Cosignature<'_>],
    ) -> Result<BTreeMap<&str, u64>, &str> {
        let mut found = BTreeMap::new();
        for (name, key) in &self.witnesses {
            let Some(key) = key else { continue };
            for one in cosignatures.iter().filter(|one| one.is_named(key)) {
                let time = one.verifies(key, body).ok_or(&**name)?;
                found.insert(&**name, time);
            }
        }
        Ok(found)
    }

    /// Whether these witnesses are as many as the quorum asks for.
    pub(super) fn is_quorum(&self, cosigned: &BTreeMap<&str, u64>) -> bool {
        let Some(quorum) = self.quorum() else { return true };
        let mut holds: BTreeSet<&str> = cosigned.keys().copied().collect();
        // A group names only witnesses and groups of lines above it.
        for group in &self.policy.groups {
            let count = group.members.iter().filter(|member| holds.contains(&***member)).count();
            let wanted = match &*group.threshold {
                "any" => 1,
                "all" => group.members.len(),
                number => number.parse().unwrap_or(usize::MAX),
            };
            if count >= wanted {
                holds.insert(&group.name);
            }
        }
        holds.contains(quorum)
    }

    fn check(&self, lines: &[Vec<&str>]) -> Result<(), PolicyError> {
        let (mut keys, mut members, mut quorums) = (Vec::new(), BTreeSet::new(), 0);
        for trusted in &self.policy.logs {
            if trusted.key.algorithm() == Algorithm::Ed25519 {
                keys.extend(PlainKey::of_verifier(&trusted.key));
            }
        }
        for (place, words) in lines.iter().enumerate() {
            let wrong = |problem| Err(PolicyError { line: place + 1, problem });
            match &words[..] {
                ["witness", name, ..] => {
                    let mut named = self.witnesses.iter().filter(|(other, _)| other == name);
                    let Some(key) = named.next().and_then(|(_, key)| *key) else { continue };
                    if keys.contains(&key) {
                        return wrong(format!(
                            "the key of witness `{name}` is that of a log or witness above, expected a key of its own"
                        ));
                    }
                    keys.push(key);
                }
                ["group", name, _, all @ ..] => {
                    for member in all {
                        if !members.insert(*member) {
                            return wrong(format!(
                                "got `{member}` in group `{name}` again, expected each name in one group, once"
                            ));
                        }
                    }
                }
                ["quorum", ..] => quorums += 1,
                _ => {}
            }
        }
        if quorums == 1 {
            return Ok(());
        }
        Err(PolicyError {
            line: lines.len(),
            problem: format!(
                "got {quorums} `quorum` lines in all, expected one; it is `quorum none` where no witness is required"
            ),
        })
    }
}

impl FromStr for Trust {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut ours = String::with_capacity(text.len());
        let mut lines: Vec<Vec<&str>> = Vec::new();
        for line in text.lines() {
            let words: Vec<&str> = match line.trim() {
                comment if comment.starts_with('#') => Vec::new(),
                line => line.split_ascii_whitespace().collect(),
            };
            ours.push_str(&to_ours(&words));
            ours.push('\n');
            lines.push(words);
        }
        let policy: Policy = ours.parse()?;
        let mut witnesses = Vec::new();
        for witness in &policy.witnesses {
            let key = PlainKey::of_cosigner(&witness.key).map_err(|error| {
                let is_its =
                    |words: &Vec<&str>| words.get(..2) == Some(&["witness", &witness.name]);
                let line = lines.iter().position(is_its).map_or(0, |place| place + 1);
                PolicyError { line, problem: error.to_string() }
            })?;
            witnesses.push((witness.name.clone(), key));
        }
        let trust = Self { policy, witnesses };
        trust.check(&lines)?;
        Ok(trust)
    }
}

/// A line with keys as our own policy file has them, and without a URL of another form than ours.
fn to_ours(words: &[&str]) -> String {
    let is_hex = |key: &str| key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
    let key = |text: &str| text.parse::<PlainKey>().ok().filter(|_| is_hex(text));
    match *words {
        ["log", log, ref rest @ ..] => {
            let named = key(log)
                .and_then(|key| key.named(&SigsumProof::origin_of(&key.hash())).ok())
                .map_or_else(|| log.to_owned(), |key| key.to_string());
            // A single word behind the key is a URL.
            match rest {
                [_] => format!("log {named}"),
                rest => format!("log {named} {}", rest.join(" ")),
            }
        }
        ["witness", name, witness, ref rest @ ..] => {
            let named =
                key(witness).map_or_else(|| witness.to_owned(), |key| key.to_cosigner("witness"));
            format!("witness {name} {named} {}", rest.join(" "))
        }
        ref words => words.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> String {
        // Any 32 bytes can stand for a key until something is verified with it.
        hex::encode([seed; 32])
    }

    fn policy(lines: &str) -> Result<Trust, PolicyError> {
        format!("log {}\n{lines}", key(1)).parse()
    }

    #[test]
    fn a_quorum_is_reached_by_the_witnesses_that_its_groups_ask_for() {
        let trust = policy(&format!(
            "witness X1 {}\nwitness X2 {} https://x2.example\nwitness X3 {} x3.example/prefix\n\
             group X-witnesses 2 X1 X2 X3\nwitness Y1 {}\nwitness Y2 {}\ngroup Y-witnesses any Y1 Y2\n\
             group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n",
            key(11),
            key(12),
            key(13),
            key(21),
            key(22),
        ))
        .unwrap();
        for (signed, expected) in [
            (&["X1", "X2", "Y1"][..], true),
            (&["X1", "X3", "Y2"], true),
            (&["X1", "X2", "X3", "Y1", "Y2"], true),
            (&["X1", "X2", "X3"], false),
            (&["X1", "Y1", "Y2"], false),
            (&[], false),
        ] {
            let signed = signed.iter().map(|name| (*name, 7)).collect();
            assert_eq!(trust.is_quorum(&signed), expected, "{signed:?}");
        }
        assert!(policy("quorum none").unwrap().is_quorum(&BTreeMap::new()));
        let one = policy(&format!("witness w {}\nquorum w", key(11))).unwrap();
        assert!(!one.is_quorum(&BTreeMap::new()));
        assert!(one.is_quorum(&BTreeMap::from([("w", 7)])));
    }

    #[test]
    fn keys_in_hex_and_as_verifier_keys_are_the_same() {
        let in_hex = policy(&format!("witness w {}\nquorum w", key(2).to_uppercase())).unwrap();
        let [log] = &in_hex.policy.logs[..] else { panic!("{in_hex:?}") };
        let hash = key(1).parse::<PlainKey>().unwrap().hash();
        assert_eq!(log.key.name(), format!("sigsum.org/v1/tree/{hash}"));
        let named = key(2).parse::<PlainKey>().unwrap().to_cosigner("w.example");
        let in_notes: Trust =
            format!("log {} log.example/prefix\nwitness w {named}\nquorum w", log.key)
                .parse()
                .unwrap();
        assert_eq!(in_notes.witnesses, in_hex.witnesses);
        assert_eq!(in_notes.policy.logs, in_hex.policy.logs);
    }

    #[test]
    fn nobody_counts_twice_and_a_file_that_was_cut_off_does_not_ask_for_less() {
        let (one, two) = (key(2), key(3));
        let named = one.parse::<PlainKey>().unwrap().to_cosigner("other.example");
        for (lines, line, problem) in [
            (format!("witness a {one}\nwitness b {one}\nquorum none"), 3, "the key of witness `b`"),
            (
                format!("witness a {one}\nwitness b {named}\nquorum none"),
                3,
                "the key of witness `b`",
            ),
            (
                format!("witness a {}\nquorum a", key(1)),
                2,
                "the key of witness `a` is that of a log",
            ),
            (
                format!("witness a {one}\nwitness b {two}\ngroup g 2 a a b\nquorum g"),
                4,
                "got `a` in group `g` again",
            ),
            (
                format!("witness a {one}\ngroup g any a\ngroup h any a\nquorum h"),
                4,
                "got `a` in group `h` again",
            ),
            (format!("witness a {one}"), 2, "got 0 `quorum` lines in all, expected one"),
            ("quorum none\nquorum none".into(), 3, "got 2 `quorum` lines in all, expected one"),
            (format!("witness a {one}\nquorum none\nquorum a"), 4, "got 2 `quorum` lines"),
            (format!("witness a {one}\ngroup g 2 a\nquorum g"), 3, "got threshold `2`, expected"),
            (format!("quorum a\nwitness a {one}"), 2, "got `a`, expected a witness or group"),
            (
                "witness a a+b+c\nquorum a".into(),
                2,
                "verifier key `a+b+c`: expected a key in base64",
            ),
            (format!("witness a {}\nquorum a", &one[1..]), 2, "got verifier key"),
        ] {
            let error = policy(&lines).unwrap_err();
            assert_eq!(error.line, line, "{lines}: {error}");
            assert!(error.problem.starts_with(problem), "{lines}: {error}");
        }
    }
}
