//! Whom a verifier trusts: a text file of keys and contracts, never taken from a bundle.
//!
//! ```text
//! # a comment
//! log <verifier key> [<url>]            a ledger's key; one line for each of its two keys
//! witness <name> <verifier key> [<url>]
//! group <name> any|all|<number> <witness or group>…
//! quorum <witness, group or none>
//! hub <verifier key>                    ours: a key of the hub
//! chain <id> <0x contract>              ours: the registry contract on the chain of that id
//! ```
//!
//! What holds: every line is understood or refused with its number; `Display` writes what `FromStr` reads, but for
//! comments and the addresses of logs.
//!
//! Not here: checking witnesses' lines (no bundle carries any yet; a policy that asks for a quorum cannot be met).
//!
//! Source: C2SP tlog-policy.

use std::{fmt, str::FromStr};

use thiserror::Error;

use crate::{checkpoint::parse_decimal, keys::VerifierKey, note};

/// Trust roots.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// Keys of ledgers.
    pub logs: Vec<VerifierKey>,
    /// Keys of the hub.
    pub hub: Vec<VerifierKey>,
    /// Witnesses, kept as text.
    pub witnesses: Vec<Witness>,
    /// Groups of witnesses.
    pub groups: Vec<Group>,
    /// Witness or group whose cosignatures are asked for; `None` for no such wish.
    pub quorum: Option<String>,
    /// Contracts whose events count as anchors.
    pub chains: Vec<ChainRoot>,
}

/// A witness, as the file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its name in this file.
    pub name: String,
    /// Its verifier key, as text.
    pub key: String,
    /// Where it is reached.
    pub url: Option<String>,
}

/// A group of witnesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name in this file.
    pub name: String,
    /// How many of its members must have signed: `any`, `all` or a number.
    pub threshold: String,
    /// Names of witnesses and groups.
    pub members: Vec<String>,
}

/// The registry contract on one chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainRoot {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Address of the contract, 20 bytes.
    pub contract: [u8; 20],
}

/// A line of a policy is not understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("policy line {line}: {problem}")]
pub struct PolicyError {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl Policy {
    /// Keys of the ledger `origin`.
    pub fn keys_of(&self, origin: &str) -> impl Iterator<Item = &VerifierKey> {
        self.logs.iter().filter(move |key| key.name() == origin)
    }

    fn read_line(&mut self, line: &str) -> Result<(), String> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match words[..] {
            ["log", key] | ["log", key, _] => add_key(&mut self.logs, key),
            ["hub", key] => add_key(&mut self.hub, key),
            ["witness", name, key] => self.add_witness(name, key, None),
            ["witness", name, key, url] => self.add_witness(name, key, Some(url)),
            ["group", name, threshold, ref members @ ..] if !members.is_empty() => {
                self.add_group(name, threshold, members)
            }
            ["quorum", "none"] | [] => Ok(()),
            ["quorum", name] if self.quorum.is_none() => {
                self.check_known(name)?;
                self.quorum = Some(name.to_owned());
                Ok(())
            }
            ["quorum", _] => Err("a second quorum; one would be right".into()),
            ["chain", id, contract] => self.add_chain(id, contract),
            [word, ..] => Err(format!(
                "`{word}` with {} words; `log <key>`, `hub <key>`, `chain <id> <0xcontract>`, `witness <name> \
                 <key>`, `group <name> any|all|<number> <member>…` or `quorum <name>` would be right",
                words.len() - 1
            )),
        }
    }

    fn is_known(&self, name: &str) -> bool {
        self.witnesses.iter().any(|witness| witness.name == name)
            || self.groups.iter().any(|group| group.name == name)
    }

    fn check_known(&self, name: &str) -> Result<(), String> {
        if self.is_known(name) {
            return Ok(());
        }
        Err(format!("`{name}` is not named above; a witness or a group would be right"))
    }

    fn check_new(&self, name: &str) -> Result<(), String> {
        if name == "none" || self.is_known(name) {
            return Err(format!("`{name}` is taken; another name would be right"));
        }
        Ok(())
    }

    fn add_witness(&mut self, name: &str, key: &str, url: Option<&str>) -> Result<(), String> {
        self.check_new(name)?;
        if !key.split('+').next().is_some_and(note::is_key_name) || key.matches('+').count() < 2 {
            return Err(format!("`{key}` is no verifier key; `name+id+key` would be right"));
        }
        self.witnesses.push(Witness {
            name: name.to_owned(),
            key: key.to_owned(),
            url: url.map(str::to_owned),
        });
        Ok(())
    }

    fn add_group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), String> {
        self.check_new(name)?;
        for member in members {
            self.check_known(member)?;
        }
        let most = members.len() as u64;
        let fits = matches!(threshold, "any" | "all")
            || parse_decimal(threshold).is_some_and(|count| (1..=most).contains(&count));
        if !fits {
            return Err(format!("`{threshold}`; any, all or 1 to {most} would be right"));
        }
        self.groups.push(Group {
            name: name.to_owned(),
            threshold: threshold.to_owned(),
            members: members.iter().map(|member| (*member).to_owned()).collect(),
        });
        Ok(())
    }

    fn add_chain(&mut self, id: &str, contract: &str) -> Result<(), String> {
        let chain_id = parse_decimal(id)
            .ok_or_else(|| format!("chain id `{id}`; a decimal number would be right"))?;
        let mut address = [0; 20];
        contract
            .strip_prefix("0x")
            .and_then(|digits| hex::decode_to_slice(digits, &mut address).ok())
            .ok_or_else(|| format!("contract `{contract}`; 0x and 40 hex digits would be right"))?;
        self.chains.push(ChainRoot { chain_id, contract: address });
        Ok(())
    }
}

fn add_key(keys: &mut Vec<VerifierKey>, text: &str) -> Result<(), String> {
    let key: VerifierKey = text.parse().map_err(|error| format!("{error}"))?;
    if keys.contains(&key) {
        return Err(format!("the {} key of `{}` stands above", key.algorithm(), key.name()));
    }
    keys.push(key);
    Ok(())
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut policy = Self::default();
        for (place, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.starts_with('#') {
                policy
                    .read_line(line)
                    .map_err(|problem| PolicyError { line: place + 1, problem })?;
            }
        }
        Ok(policy)
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for key in &self.logs {
            writeln!(out, "log {key}")?;
        }
        for Witness { name, key, url } in &self.witnesses {
            match url {
                Some(url) => writeln!(out, "witness {name} {key} {url}")?,
                None => writeln!(out, "witness {name} {key}")?,
            }
        }
        for Group { name, threshold, members } in &self.groups {
            writeln!(out, "group {name} {threshold} {}", members.join(" "))?;
        }
        if let Some(name) = &self.quorum {
            writeln!(out, "quorum {name}")?;
        }
        for key in &self.hub {
            writeln!(out, "hub {key}")?;
        }
        for chain in &self.chains {
            writeln!(out, "chain {} 0x{}", chain.chain_id, hex::encode(chain.contract))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn a_policy_is_read_and_written_line_by_line() {
        let text = format!(
            "log {KEY}\nwitness w1 {KEY} https://w1.example/\nwitness w2 {KEY}\ngroup both 2 w1 w2\n\
             quorum both\nhub {KEY}\nchain 31337 0x5fbdb2315678afecb367f032d93f642f64180aa3\n"
        );
        let policy: Policy = text.parse().unwrap();
        assert_eq!(policy.to_string(), text);
        assert_eq!((policy.logs.len(), policy.hub.len(), policy.chains.len()), (1, 1, 1));
        let commented = format!("# roots\n\n  {}", text.replace('\n', "\r\n"));
        assert_eq!(commented.parse(), Ok(policy));
    }

    #[test]
    fn a_line_that_is_not_understood_is_refused_with_its_number() {
        for (line, what) in [
            ("logs a", "`logs` with 1 words"),
            ("log a", "verifier key `a`: `name+id+key` would be right"),
            ("chain x 0x00", "chain id `x`; a decimal number would be right"),
            ("chain 1 0x00", "contract `0x00`; 0x and 40 hex digits would be right"),
            ("quorum w", "`w` is not named above"),
            ("group g 2 w", "`w` is not named above"),
            ("witness none a+b+c", "`none` is taken"),
            (&format!("log {KEY}"), "the Ed25519 key of `PeterNeumann` stands above"),
        ] {
            let error = format!("log {KEY}\n{line}").parse::<Policy>().unwrap_err();
            assert_eq!(error.line, 2);
            assert!(error.problem.starts_with(what), "{line}: {error}");
        }
    }
}
