//! Files that are cut, altered, lengthened or out of order: none is proved unless it still says the same.

use ledger::{
    bundle::{CheckOutcome, Outcome},
    foreign::{Claim, Kind, SigsumProof, TlogProof, Trust, verify as verify_with},
};

use crate::{Foreign, all, check, published, verify};

#[test]
fn a_file_of_another_form_cannot_be_told_and_says_its_line_and_what_was_expected() {
    let (sigsum, tlog) = (published::ONE_WITNESS.file(), published::parcel_file());
    // The same witness again, with a cosignature of its own or not.
    let twice = |file: &str| {
        let line = file.lines().find(|line| line.starts_with("cosignature=")).unwrap();
        file.replacen(line, &format!("{line}\n{line}"), 1)
    };
    let path = |file: &str| file.replacen("node_hash=", &"node_hash=".repeat(2), 1);
    let many = format!("{sigsum}{}", format!("node_hash={}\n", "ab".repeat(32)).repeat(80));
    let long = tlog.replacen(
        "\n\n",
        &format!("\n{}\n", format!("{}\n", published::PARCEL_ROOT).repeat(80)),
        1,
    );
    for (file, line, problem) in [
        (sigsum.replace("version=2", "version=3"), 1, "got `3`, expected version 1 or 2"),
        (sigsum.replace("version=2", "version=2 "), 1, "got `2 `, expected version 1 or 2"),
        (sigsum.replace("version=2", "version=1"), 3, "got `"),
        (sigsum.replace("\nlog=", "\nlig="), 2, "got `lig="),
        (sigsum.replace("\nleaf=", "\nleaf= "), 3, "got ` 8a"),
        (sigsum.replace("\n\nsize=4", "\nsize=4"), 4, "got `size=4`, expected an empty line"),
        (sigsum.replace("size=4", "size=04"), 5, "got `04`, expected a decimal number"),
        (sigsum.replace("size=4", "size=9223372036854775808"), 5, "got `9223372036854775808`"),
        (sigsum.replace("size=4", "size=1"), 9, "got ``, expected the end of the file"),
        (twice(&sigsum), 9, "got `"),
        (sigsum.replace("\nroot_hash=3d", "\nroot_hash=3"), 6, "got `"),
        (sigsum.replace("\nsignature=", "\nsignature=0x"), 7, "got `0x"),
        (sigsum.replace("\ncosignature=", "\n\ncosignature="), 9, "got `cosignature="),
        (sigsum.replace("leaf_index=3", "leaf_index=+3"), 10, "got `+3`"),
        (path(&sigsum), 11, "got `node_hash="),
        (many, 75, "got `one more`, expected at most 64 hashes"),
        (format!("{sigsum}\n"), 13, "got ``, expected `node_hash=…`"),
        (format!("{sigsum}more\n"), 13, "got `more`, expected `node_hash=…`"),
        (sigsum.replace('\n', "\r\n"), 1, "got `2\r`, expected version 1 or 2"),
        (sigsum.trim_end().to_owned(), 12, "got `node_hash="),
        (tlog.replace("proof@v1", "proof@v2"), 1, "got `c2sp.org/tlog-proof@v2`, expected"),
        (tlog.replace("extra cG", "extra c"), 2, "got `c"),
        (tlog.replace("index 6", "index 06"), 3, "got `06`, expected a decimal number"),
        (tlog.replace("index 6", "index -6"), 3, "got `-6`"),
        (tlog.replace("index 6", "6"), 3, "got `6`, expected `index <number>`"),
        (tlog.replace("index 6\n", ""), 3, "got `5n9"),
        (tlog.replace("5n9Z", "5n9"), 4, "got `5n9"),
        (long, 68, "got `"),
        (
            tlog.replacen("\n\n", "\n", 1),
            8,
            "got `log.example.org/parcels`, expected 32 bytes in base64",
        ),
        (tlog.replace("\n11\n", "\n011\n"), 9, "signed checkpoint: got size `011`"),
        (
            tlog.replace("\n11\n", "\n\n11\n"),
            9,
            "signed checkpoint: got a checkpoint with an empty line",
        ),
        (tlog.replace("— w1", "- w1"), 9, "signed checkpoint: got signature line"),
        (format!("{tlog}\n"), 9, "signed checkpoint: the last line does not end in a newline"),
        (format!("{tlog}more\n"), 9, "signed checkpoint: got signature line `more`"),
        (format!("{tlog}{tlog}"), 9, "signed checkpoint: got a checkpoint with an empty line"),
        (
            tlog.trim_end().to_owned(),
            9,
            "signed checkpoint: the last line does not end in a newline",
        ),
        ("version=2\n".to_owned(), 2, "got the end, expected `log=…`"),
    ] {
        let claim = Claim::Leaf(ledger::Hash::EMPTY);
        let found = verify(file.as_bytes(), Some(&published::parcel_policy("any")), &claim);
        assert_eq!(found.report.outcome, Outcome::CannotTell, "{file}{found:#?}");
        assert_eq!((found.entry.is_some(), found.report.checks.len()), (false, 1), "{found:#?}");
        let (outcome, detail) = check(&found, "form of the file");
        assert_eq!(outcome, CheckOutcome::NotChecked);
        let begin = format!("line {line}: {problem}").replace('\r', "\\u{d}");
        assert!(detail.starts_with(&begin), "expected {begin}: {detail}");
        assert!(detail.ends_with("as the log's tool wrote it"), "{detail}");
    }
    let large = format!("version=2\n{}", " ".repeat(1 << 20));
    let found = verify(large.as_bytes(), None, &Claim::Nothing);
    assert!(check(&found, "form of the file").1.starts_with("line 1: got 1048586 bytes"));
    for other in ["", "c2sp.org/tlog-proof", "{}", "<html>", " version=2", "Version=2"] {
        assert_eq!(Kind::of(other.as_bytes()), None, "{other}");
    }
}

#[test]
fn a_place_or_size_that_the_path_does_not_lead_to_is_refuted() {
    let [_, go, _, parcel] = &all()[..] else { panic!() };
    for (from, to) in
        [("leaf_index=3", "leaf_index=2"), ("leaf_index=3", "leaf_index=4"), ("size=4", "size=5")]
    {
        let file = go.file.replace(from, to);
        let found = verify(file.as_bytes(), Some(&go.policy), &go.claim);
        assert_eq!(found.report.outcome, Outcome::Refuted, "{to}: {found:#?}");
    }
    let of_none = go.file.replace("size=4", "size=0");
    let (head, _) = of_none.split_once("\n\nleaf_index").unwrap();
    let found = verify(format!("{head}\n").as_bytes(), Some(&go.policy), &go.claim);
    assert_eq!(found.report.outcome, Outcome::Refuted, "{found:#?}");
    let name = format!("entry 0 of {}", found.entry.as_ref().unwrap().origin);
    assert_eq!(check(&found, &name).1, "leaf index 0 is not in a tree of 0 leaves");
    for (from, to) in [("index 6", "index 5"), ("index 6", "index 11"), ("\n11\n", "\n12\n")] {
        let file = parcel.file.replacen(from, to, 1);
        let found = verify(file.as_bytes(), Some(&parcel.policy), &parcel.claim);
        assert_eq!(found.report.outcome, Outcome::Refuted, "{to}: {found:#?}");
    }
}

/// Whether a changed file still says what the original says: the same entry in the same checkpoint, and no signature that
/// the original has not. Extra data is nobody's statement.
fn says_the_same(file: &[u8], original: &[u8]) -> bool {
    if let (Ok((one, _)), Ok((other, _))) = (TlogProof::parse(file), TlogProof::parse(original)) {
        // A line of a name that nobody knows states nothing; what counts is looked at by its key.
        return (one.index, one.path, one.note.text) == (other.index, other.path, other.note.text);
    }
    let (Ok(one), Ok(other)) = (SigsumProof::parse(file), SigsumProof::parse(original)) else {
        return false;
    };
    let mut same = other;
    same.cosignatures.clone_from(&one.cosignatures);
    same.short_checksum = one.short_checksum;
    one == same
}

/// Outcomes of changed files; fails if one is proved that says something else.
fn try_all(foreign: &Foreign, files: impl Iterator<Item = Vec<u8>>) -> [usize; 3] {
    let trust: Trust = foreign.policy.parse().unwrap();
    let mut counts = [0; 3];
    for file in files {
        let Some(kind) = Kind::of(&file) else { continue };
        let found = verify_with(kind, &file, Some(&trust), &foreign.claim);
        let text = || format!("{found:#?}\n{}", String::from_utf8_lossy(&file));
        match found.report.outcome {
            Outcome::Proved => {
                assert!(says_the_same(&file, foreign.file.as_bytes()), "{}", text());
                counts[0] += 1;
            }
            Outcome::Refuted => counts[1] += 1,
            Outcome::CannotTell => counts[2] += 1,
        }
    }
    counts
}

#[test]
fn a_proof_that_is_cut_anywhere_is_never_proved() {
    for foreign in all() {
        let bytes = foreign.file.as_bytes();
        let [proved, ..] =
            try_all(&foreign, (0..bytes.len()).map(|length| bytes[..length].to_vec()));
        assert_eq!(proved, 0);
    }
}

#[test]
fn a_proof_with_a_flipped_bit_is_not_proved_unless_it_says_the_same() {
    for (number, foreign) in all().into_iter().enumerate() {
        let stride = if number == 0 { 13 } else { 3 };
        let bits = (0..foreign.file.len() * 8).step_by(stride);
        let flipped = bits.map(|bit| {
            let mut bytes = foreign.file.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            bytes
        });
        let counts = try_all(&foreign, flipped);
        assert!(counts[1] > 50 && counts[2] > 50, "{counts:?}");
    }
}

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    /// A copy of a file with lines and words moved, repeated, left out, exchanged or taken from another file.
    fn mutant(&mut self, file: &str, other: &str) -> Vec<u8> {
        let mut lines: Vec<String> = file.split_inclusive('\n').map(str::to_owned).collect();
        let others: Vec<&str> = other.split_inclusive('\n').collect();
        for _ in 0..=self.below(2) {
            let (place, second) = (self.below(lines.len()), self.below(lines.len()));
            match self.below(9) {
                0 => drop(lines.remove(place)),
                1 => lines.insert(second, lines[place].clone()),
                2 => lines.swap(place, second),
                3 => lines.insert(place, others[self.below(others.len())].to_owned()),
                4 => others[self.below(others.len())].clone_into(&mut lines[place]),
                5 => lines.insert(place, "\n".into()),
                6 => lines[place] = lines[place].replace(' ', "  "),
                7 => {
                    let digit = char::from(b"0123456789abcdef="[self.below(17)]);
                    let mut characters: Vec<char> = lines[place].chars().collect();
                    let at = self.below(characters.len());
                    characters[at] = digit;
                    lines[place] = characters.into_iter().collect();
                }
                _ => lines[place] = lines[place].to_uppercase(),
            }
            if lines.is_empty() {
                lines.push("\n".into());
            }
        }
        lines.concat().into_bytes()
    }
}

#[test]
fn changed_structures_are_not_proved_unless_they_say_the_same() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let files = all();
    for (number, foreign) in files.iter().enumerate() {
        let other = &files[(number + 1) % files.len()].file;
        let mutants = (0..2500).map(|_| numbers.mutant(&foreign.file, other)).collect::<Vec<_>>();
        let [proved, refuted, untold] = try_all(foreign, mutants.into_iter());
        assert!(proved > 5 && refuted > 50 && untold > 500, "{proved} {refuted} {untold}");
    }
}
