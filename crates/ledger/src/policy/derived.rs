//! The policy that follows from a directory and a policy file that pins it.
//!
//! What holds: keys and contracts come from the directory; lines of the file never add any. A ledger or hub of which the
//! file lists keys has only those that both state, at the sizes that both state; so a key that the directory revoked
//! is revoked although an older file still lists it.
//!
//! Not here: whether the directory is the pinned one ([`crate::directory::verify_proof`], `history::directory`).
//!
//! Source: docs/formats/checkpoint-v1.md, "Policy file".

use super::trust::{Policy, TrustedKey};

impl Policy {
    /// The policy under which checkpoints and anchors are checked where this file pins a directory.
    ///
    /// - `directory`: the keys and contracts that the directory states; empty if it could not be verified, and then
    ///   nothing is trusted.
    /// - Witnesses, quorum and the pin stay those of this file.
    #[must_use]
    pub fn narrowed_from(&self, directory: &Self) -> Self {
        let is_listed = |chain| self.chains.is_empty() || self.chains.contains(chain);
        Self {
            logs: narrowed(&self.logs, &directory.logs),
            hub: narrowed(&self.hub, &directory.hub),
            chains: directory.chains.iter().filter(|chain| is_listed(*chain)).copied().collect(),
            ..self.clone()
        }
    }
}

fn narrowed(own: &[TrustedKey], stated: &[TrustedKey]) -> Vec<TrustedKey> {
    let mut found = Vec::new();
    for key in stated {
        let lines: Vec<&TrustedKey> =
            own.iter().filter(|line| line.key.name() == key.key.name()).collect();
        if lines.is_empty() {
            found.push(key.clone());
        }
        for line in lines.into_iter().filter(|line| line.key == key.key) {
            if let Some(window) = key.window.intersection(&line.window) {
                found.push(TrustedKey { key: key.key.clone(), url: line.url.clone(), window });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const CHAIN: &str = "chain 1 0x5fbdb2315678afecb367f032d93f642f64180aa3\n";

    fn policy(text: &str) -> Policy {
        text.parse().unwrap()
    }

    #[test]
    fn lines_beside_a_directory_only_narrow_what_it_states() {
        let stated = policy(&format!("log {KEY} from 2 until 9\nhub {KEY}\n{CHAIN}"));
        for (own, effective) in [
            ("", format!("log {KEY} from 2 until 9\nhub {KEY}\n{CHAIN}")),
            (&*format!("log {KEY}\n"), format!("log {KEY} from 2 until 9\nhub {KEY}\n{CHAIN}")),
            (
                &format!("log {KEY} until 5\nhub {KEY} from 7\n"),
                format!("log {KEY} from 2 until 5\nhub {KEY} from 7\n{CHAIN}"),
            ),
            // Neither sizes nor ledgers, hubs nor contracts are added.
            (&format!("log {KEY} from 9\n"), format!("hub {KEY}\n{CHAIN}")),
            (
                "chain 2 0x5fbdb2315678afecb367f032d93f642f64180aa3\n",
                format!("log {KEY} from 2 until 9\nhub {KEY}\n"),
            ),
        ] {
            assert_eq!(policy(own).narrowed_from(&stated), policy(&effective), "{own}");
        }
        let alone = policy(&format!("log {KEY}\nhub {KEY}\n{CHAIN}"));
        assert_eq!(alone.narrowed_from(&Policy::default()), Policy::default());
    }
}
