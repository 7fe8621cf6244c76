//! The reader of codes of the start page: whether its files are there, and are those that this program serves.

use process::config::Installation;
use trace_api::scanner::Found;

use super::check::Check;

/// The files that `scanner` of `[trace_api]` names.
pub fn look(installation: &Installation) -> Option<Check> {
    let section = installation.trace_api.as_ref()?;
    let what = "scanner of the start page";
    let Some(folder) = &section.scanner else {
        return Some(Check::absent(
            what,
            "none is configured; the camera is offered where the browser itself reads codes",
        ));
    };
    let folder = installation.at(folder);
    let found = Found::in_folder(&folder);
    if found.faults.is_empty() {
        return Some(Check::ok(what, format!("{}: as this program pins it", folder.display())));
    }
    let remedy =
        "install the package zxing-wasm of this version there, or take `scanner` out of the file";
    Some(Check::warning(what, found.faults.join("; "), remedy))
}
