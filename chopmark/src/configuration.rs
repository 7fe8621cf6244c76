//! A configuration file, checked whole: what `chopmark up` starts with, and what `chopmark config check` and
//! `chopmark doctor` report.
//!
//! The way through: [`Checked::read`] reads the file, resolves every role that it describes, and gives each problem its
//! place in the file.
//!
//! What holds:
//!
//! - everything that is wrong is reported at once, once, in the order of the file: a section with a wrong key is checked
//!   with the rest of what it says;
//! - nothing is given to start with while there is any problem.
//!
//! Not here: what is wrong with a value (the roles' own `config`).

use std::path::Path;

use process::config::locate::Places;
use process::config::{Installation, Problem, Problems};

use crate::database;
use crate::one_address;
use crate::role::{Resolved, Role};

/// A file that was checked.
pub struct Checked {
    /// What it says; where there are problems, as far as it could be read.
    pub installation: Installation,
    /// The roles that were checked.
    pub roles: Vec<Role>,
    /// What is wrong, in the order of the file.
    pub problems: Problems,
    resolved: Vec<Resolved>,
}

impl Checked {
    /// Checks the file at `path` for these roles; for every role with a section if there are none.
    pub fn read(path: &Path, roles: &[Role]) -> Self {
        let text = match Installation::text(path) {
            Ok(text) => text,
            Err(problem) => return Self::unreadable(problem.into()),
        };
        let (installation, found) = match Installation::parse_repaired(path, &text) {
            Ok(parsed) => parsed,
            Err(problems) => return Self::unreadable(problems),
        };
        let roles = if roles.is_empty() { Role::configured(&installation) } else { roles.to_vec() };
        let mut own = Problems::default();
        own.keep(process::log::check(&installation.log));
        own.keep(database::check(&installation, &roles));
        own.keep(one_address::check(&installation, &roles));
        let mut resolved = Vec::new();
        for role in &roles {
            resolved.extend(own.keep(role.resolve(&installation)));
        }
        let own = own.filtered(|problem| !follows(problem, &found));
        let mut problems = found;
        problems.append(Places::parse(path, &text).locate(own));
        problems.sort();
        Self { installation, roles, problems, resolved }
    }

    fn unreadable(mut problems: Problems) -> Self {
        problems.sort();
        Self {
            installation: Installation::default(),
            roles: Vec::new(),
            problems,
            resolved: Vec::new(),
        }
    }

    /// The installation, and its roles ready to start.
    ///
    /// # Errors
    ///
    /// Everything that is wrong.
    pub fn ready(self) -> Result<(Installation, Vec<Role>, Vec<Resolved>), Problems> {
        self.problems.unless_any(Some((self.installation, self.roles, self.resolved)))
    }
}

/// Whether a problem only follows from what is wrong with the text: it is about a key that was reported already, about an
/// entry whose name is missing, or about the name of a ledger while a ledger's name is missing.
fn follows(problem: &Problem, found: &Problems) -> bool {
    let Some((section, key)) = problem.subject() else { return false };
    let first = |key: &str| key.split(['.', ' ']).next().unwrap_or_default().to_owned();
    let is_reported = found
        .iter()
        .filter_map(Problem::subject)
        .any(|(other, name)| other == section && (first(name) == first(key) || name == "section"));
    let is_missing = |section: &str, key: &str| {
        found
            .iter()
            .filter_map(Problem::subject)
            .any(|(other, name)| other.starts_with(section) && (name == key || name == "section"))
    };
    is_reported
        || section.ends_with("``")
        || (first(key) == "ledger" && is_missing("[[ledger]]", "origin"))
        || (section == "[[firmware_bridge.reader]]" && is_missing(section, &first(key)))
        || (key == "section" && is_missing(section, "section"))
}
