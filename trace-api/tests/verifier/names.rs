//! The key of a name, by which bundles are verified, in the three verifiers.

use std::process::Command;

use crate::mutations::Numbers;
use crate::three::{python, repository};

/// Names that are changed: every form of docs/formats/bundle-v2.md, "Names", and some that are none of them.
const NAMES: [&str; 40] = [
    "urn:epc:id:sgtin:4012345.011111.a%2Fb",
    "URN:EPC:ID:SGTIN:401234.0511111.1",
    "urn:epc:idpat:sgtin:4012345.011111.*",
    "urn:epc:class:lgtin:4012345.011111.L.1",
    "urn:epc:id:sscc:4012345.1234567890",
    "urn:epc:id:sgln:4012345.11111.0",
    "urn:epc:id:sgln:4012345.11111.9.8",
    "urn:epc:id:pgln:4012345.00000",
    "urn:epc:id:grai:4012345.11111.4PX1.",
    "urn:epc:id:giai:4012345.a.b%2Fc",
    "urn:epc:id:gdti:4012345.11111.987",
    "urn:epc:id:sgcn:4012345.11111.987",
    "urn:epc:id:gsrn:4012345.1111111111",
    "urn:epc:id:gsrnp:4012345.1111111111",
    "urn:epc:id:ginc:4012345.xyz47%2F11",
    "urn:epc:id:gsin:4012345.222222222",
    "urn:epc:id:itip:4012345.011111.01.02.987",
    "urn:epc:idpat:itip:4012345.011111.01.02.*",
    "urn:epc:id:cpi:4012345.5PQ7%2FZ43.12345",
    "urn:epc:id:upui:4012345.011111.T",
    "urn:epc:id:gid:1.2.3",
    "urn:epc:tag:sgtin-96:3.4012345.011111.1",
    "urn:uuid:0",
    "https://id.gs1.org/01/04012345111118/21/602",
    "https://brand.example/x/01/4012345111118/22/V/10/L/21/S?17=271231#x",
    "HTTP://brand.example:80/01/04012345111118/235/T",
    "https://x/01/04012345111118?21=S&10=L",
    "https://x/01/04012345111118/21/S?10=L&x=%zz",
    "https://x/01/04012345111118/22/V",
    "https://x/414/4012345111118/254/7",
    "https://x/417/4012345000009/7040/1ABC",
    "https://x/8003/04012345111118987",
    "https://x/8006/040123451111180102/21/987",
    "https://x/8010/4012345AB%2F1/8011/12",
    "https://x/253/4012345111118987;255/1",
    "https://x/8018/401234511111111115/8019/12",
    "https://x/00/140123452345678902",
    "https://x/exMBZFlvQMDly-mRqD",
    "https://x/01/04012345111118/constructor/1",
    "https://brand.example/about",
];
const CASES: usize = 10_000;

/// Some characters changed, added or taken out.
fn changed(numbers: &mut Numbers) -> String {
    let characters: Vec<char> = "0129aAzZ%24.:/?=&;#*-_~ é\n+\"".chars().collect();
    let mut name: Vec<char> = NAMES[numbers.below(NAMES.len())].chars().collect();
    for _ in 0..numbers.below(4) {
        let place = numbers.below(name.len() + 1);
        let one = characters[numbers.below(characters.len())];
        match numbers.below(3) {
            0 => name.insert(place, one),
            1 if place < name.len() => name[place] = one,
            _ if place < name.len() => drop(name.remove(place)),
            _ => {}
        }
    }
    name.into_iter().collect()
}

/// The digits in which a verifier looks up the licence: none of a name that is bits.
fn digits(name: &str) -> Option<String> {
    (epc::thing_key(name) == epc::written_key(name)).then(|| epc::licence_digits(name)).flatten()
}

fn lines(mut command: Command) -> Vec<[Option<String>; 2]> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn all_verifiers_give_a_name_the_same_key_and_the_same_digits() {
    let mut numbers = Numbers(0x6b65_7973);
    let mut names: Vec<String> = NAMES.map(str::to_owned).into();
    names.extend((0..CASES).map(|_| changed(&mut numbers)));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("names.json");
    std::fs::write(&file, serde_json::to_vec(&names).unwrap()).unwrap();
    let browsers = format!(
        "import {{ keyOf, digitsOf }} from {:?}; import {{ readFileSync }} from 'node:fs'; \
         const names = JSON.parse(readFileSync(process.argv[1])); \
         console.log(names.map((name) => JSON.stringify([keyOf(name), digitsOf(name) ?? null])).join('\\n'));",
        repository("trace-api/pages/verify/names.js").canonicalize().unwrap()
    );
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", &browsers]).arg(&file);
    let text = "import json, sys; sys.path.insert(0, sys.argv[1]); from names import digits_of, key_of\n\
                for name in json.load(open(sys.argv[2])): print(json.dumps([key_of(name), digits_of(name)]))";
    let mut program = Command::new(python());
    program.args(["-B", "-c", text]).arg(repository("tests/verifiers")).arg(&file);
    let (browsers, pythons) = (lines(node), lines(program));
    assert_eq!((browsers.len(), pythons.len()), (names.len(), names.len()));
    let mut read = 0;
    for ((name, browsers), pythons) in names.iter().zip(browsers).zip(pythons) {
        let ours = [Some(epc::written_key(name)), digits(name)];
        assert_eq!((&browsers, &pythons), (&ours, &ours), "{name}");
        read += usize::from(ours[0].as_ref() != Some(name));
    }
    assert!(read > CASES / 5, "only {read} names had another key than their text");
}
