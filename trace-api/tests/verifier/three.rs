//! The three verifiers, each run once on many inputs: ours, the browser's (by Node), the one in Python.
//!
//! What holds: an outcome is `proved`, `refuted`, `cannot tell`, or `policy` if the policy file is refused.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use ledger::{
    bundle::{self, Outcome},
    policy::Policy,
};

/// Inputs of a verifier.
#[derive(Default)]
pub struct Batch {
    policies: Vec<Vec<u8>>,
    /// Places in `policies`, and the bundles' bytes.
    cases: Vec<(usize, Vec<u8>)>,
}

/// What the three say about one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcomes {
    pub ours: String,
    pub browser: String,
    pub python: String,
}

impl Outcomes {
    /// Whether all three say the same.
    pub fn agree(&self) -> bool {
        self.ours == self.browser && self.ours == self.python
    }
}

/// A path from the root of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The outcome of our verifier.
pub fn ours(bundle: &[u8], policy: &[u8]) -> String {
    let policy = std::str::from_utf8(policy).ok().and_then(|text| text.parse::<Policy>().ok());
    let Some(policy) = policy else { return "policy".to_owned() };
    match bundle::verify(bundle, &policy).outcome {
        Outcome::Proved => "proved",
        Outcome::Refuted => "refuted",
        Outcome::CannotTell => "cannot tell",
    }
    .to_owned()
}

impl Batch {
    /// Adds an input.
    pub fn add(&mut self, bundle: Vec<u8>, policy: &[u8]) {
        let known = self.policies.iter().position(|other| other == policy);
        let place = known.unwrap_or_else(|| {
            self.policies.push(policy.to_vec());
            self.policies.len() - 1
        });
        self.cases.push((place, bundle));
    }

    /// The bundle of an input.
    pub fn bundle(&self, place: usize) -> &[u8] {
        &self.cases[place].1
    }

    /// Runs all three on every input.
    pub fn run(&self) -> Vec<Outcomes> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("inputs");
        std::fs::write(&file, self.to_bytes()).unwrap();
        let node = Command::new("node")
            .arg(repository("trace-api/tests/verifier/batch.mjs"))
            .arg(&file)
            .stdout(Stdio::piped())
            .spawn()
            .expect("Node.js 20 or newer is needed to run the browser's verifier (Debian: nodejs)");
        let python = Command::new(python())
            .arg("-B")
            .arg(repository("tests/verifiers/batch.py"))
            .arg(&file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (browser, python) = thread::scope(|scope| {
            let browser = scope.spawn(|| lines(node));
            let python = lines(python);
            (browser.join().unwrap(), python)
        });
        let ours = self.cases.iter().map(|(policy, bundle)| ours(bundle, &self.policies[*policy]));
        assert_eq!((browser.len(), python.len()), (self.cases.len(), self.cases.len()));
        ours.zip(browser)
            .zip(python)
            .map(|((ours, browser), python)| Outcomes { ours, browser, python })
            .collect()
    }

    /// As batch.mjs and batch.py read it.
    fn to_bytes(&self) -> Vec<u8> {
        let number = |number: usize| u32::try_from(number).unwrap().to_be_bytes();
        let mut out = number(self.policies.len()).to_vec();
        for policy in &self.policies {
            out.extend([&number(policy.len())[..], policy].concat());
        }
        for (policy, bundle) in &self.cases {
            out.extend([&number(*policy)[..], &number(bundle.len()), bundle].concat());
        }
        out
    }
}

fn lines(process: Child) -> Vec<String> {
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "a verifier ended with {}", output.status);
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// A Python that has the package `cryptography`.
pub fn python() -> PathBuf {
    let own = repository("var/tools/venv/bin/python");
    let named = std::env::var_os("CHOPMARK_PYTHON").filter(|name| !name.is_empty());
    let places = named.map(PathBuf::from).into_iter().chain([own, PathBuf::from("python3")]);
    let has_package = |place: &PathBuf| {
        let check = Command::new(place).args(["-c", "import cryptography"]).output();
        check.is_ok_and(|output| output.status.success())
    };
    let found = places.into_iter().find(has_package);
    found.expect("Python 3 with the package `cryptography` is needed; `make setup` installs it")
}
