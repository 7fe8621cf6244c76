//! Proofs of other logs and their policies: a file has one form, and none proves anything to a policy that knows nobody.
#![no_main]

use ledger::Hash;
use ledger::bundle::Outcome;
use ledger::checkpoint::ForeignCheckpoint;
use ledger::foreign::{Claim, Kind, SigsumProof, TlogProof, Trust, verify};
use ledger::note::Note;
use libfuzzer_sys::fuzz_target;

/// A log and a witness whose keys sign nothing here.
const POLICY: &str = "log 0707070707070707070707070707070707070707070707070707070707070707\n\
    witness w 0808080808080808080808080808080808080808080808080808080808080808\nquorum w\n";

fuzz_target!(|bytes: &[u8]| {
    match TlogProof::parse(bytes) {
        Ok((proof, checkpoint)) => {
            assert_eq!(proof.to_string().as_bytes(), bytes);
            assert_eq!(checkpoint.body(), proof.note.text);
        }
        Err(error) => fuzz::contract::reason(&error.to_string()),
    }
    if let Err(error) = SigsumProof::parse(bytes) {
        fuzz::contract::reason(&error.to_string());
    }
    if let Some(kind) = Kind::of(bytes) {
        let trust: Trust = POLICY.parse().expect("a policy");
        let claims = [
            Claim::Nothing,
            Claim::Leaf(Hash::EMPTY),
            Claim::Data { data: bytes, submitters: &[] },
        ];
        for claim in claims {
            for trust in [None, Some(&trust)] {
                let found = verify(kind, bytes, trust, &claim);
                assert_ne!(found.report.outcome, Outcome::Proved);
                for check in found.report.checks {
                    fuzz::contract::reason(&check.name);
                }
            }
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Err(error) = text.parse::<Trust>() {
        fuzz::contract::reason(&error.to_string());
    }
    if let Ok(note) = Note::parse(text)
        && let Ok(checkpoint) = ForeignCheckpoint::parse_body(&note.text)
    {
        assert_eq!(checkpoint.body(), note.text);
    }
});
