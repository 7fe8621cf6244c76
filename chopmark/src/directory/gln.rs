//! GLNs that a person types into the directory: with their check digit, or not at all.
//!
//! What holds: one mistyped digit is refused before anything is signed. What is in a directory already is replayed as it is:
//! a rule that came later refuses nothing that was accepted.
//!
//! Not here: who may state a site (`directory::rules`).
//!
//! Source: GS1 General Specifications, sections 3.7.9 and 7.9.

use ledger::json::Json;

/// Checks the GLNs of `member`.
///
/// # Errors
///
/// The first that is none, with the check digit that was expected.
pub fn check<'t>(member: &str, glns: impl IntoIterator<Item = &'t str>) -> anyhow::Result<()> {
    for gln in glns {
        let is_number = gln.len() == 13 && gln.bytes().all(|byte| byte.is_ascii_digit());
        anyhow::ensure!(is_number, "{member}: got `{gln}`, expected a GLN of 13 digits");
        let right = epc::check_digit::of(&gln[..12]);
        anyhow::ensure!(
            right.is_some_and(|digit| gln.ends_with(digit)),
            "{member}: got `{gln}`, whose check digit is wrong, expected {}{} if the others are right",
            &gln[..12],
            right.unwrap_or_default()
        );
    }
    Ok(())
}

/// Checks the GLNs of a record that is to be proposed: those of a party's sites, and of a scope.
///
/// # Errors
///
/// As [`check`].
pub fn check_record(record: &Json) -> anyhow::Result<()> {
    let texts = |json: Option<&Json>| -> Vec<String> {
        let all = json.and_then(Json::as_array).unwrap_or_default();
        all.iter().filter_map(Json::as_str).map(str::to_owned).collect()
    };
    let own = texts(record.get("sites"));
    check("member `sites`", own.iter().map(String::as_str))?;
    let scope = texts(record.get("scope").and_then(|scope| scope.get("sites")));
    check("member `scope.sites`", scope.iter().map(String::as_str))
}
