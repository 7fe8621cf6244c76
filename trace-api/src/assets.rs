//! What pages load besides themselves: scripts and the icon, from this server only, under names that change with them.
//!
//! The way through: [`path`] gives the address of an asset for a page; [`find`] gives the asset of an address.
//!
//! What holds:
//!
//! - an address names its content: it begins with a hash over all assets, because scripts import one another by their
//!   relative names; so a browser may keep it for ever, and a page never runs scripts of two versions together;
//! - each is compressed once, when the first is asked for.
//!
//! Not here: pictures of products ([`crate::names`]), the scanner, which is installed ([`crate::scanner`]), the style of pages, which is in them (`frame`).
//!
//! Source: docs/decisions/0079-assets-and-compression.md.

use std::sync::LazyLock;

use ledger::hash::sha256;

use crate::compressed;

const SCRIPT: &str = "text/javascript; charset=utf-8";
/// Name, media type, content.
const FILES: [(&str, &str, &str); 15] = [
    ("local.js", SCRIPT, include_str!("../pages/verify/local.js")),
    ("verify.js", SCRIPT, include_str!("../pages/verify/verify.js")),
    ("page.js", SCRIPT, include_str!("../pages/verify/page.js")),
    ("pack.js", SCRIPT, include_str!("../pages/verify/pack.js")),
    ("archive.js", SCRIPT, include_str!("../pages/verify/archive.js")),
    ("form.js", SCRIPT, include_str!("../pages/verify/form.js")),
    ("evm.js", SCRIPT, include_str!("../pages/verify/evm.js")),
    ("checkpoint.js", SCRIPT, include_str!("../pages/verify/checkpoint.js")),
    ("directory.js", SCRIPT, include_str!("../pages/verify/directory.js")),
    ("names.js", SCRIPT, include_str!("../pages/verify/names.js")),
    ("scan.js", SCRIPT, include_str!("../pages/scan.js")),
    ("codes.js", SCRIPT, include_str!("../pages/codes.js")),
    ("own.js", SCRIPT, include_str!("../pages/own.js")),
    ("icon.svg", "image/svg+xml", include_str!("../pages/icon.svg")),
    ("outline.svg", "image/svg+xml", inquiry::map::OUTLINE),
];
/// Digits of the hash in an address.
const DIGITS: usize = 16;

/// An asset.
#[derive(Debug)]
pub struct Asset {
    /// Media type.
    pub media_type: &'static str,
    /// Its content.
    pub body: &'static str,
    /// The same, compressed with Brotli.
    pub brotli: Vec<u8>,
}

struct Assets {
    version: String,
    all: Vec<(&'static str, Asset)>,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let digests: String =
        FILES.iter().map(|(_, _, body)| sha256(body.as_bytes()).to_string()).collect();
    let version = sha256(digests.as_bytes()).to_string().chars().take(DIGITS).collect();
    let asset = |(name, media_type, body): (&'static str, &'static str, &'static str)| {
        (name, Asset { media_type, body, brotli: compressed::smallest(body.as_bytes()) })
    };
    Assets { version, all: FILES.map(asset).into() }
});

/// The address of an asset: `/assets/1f0c…/verify.js`.
#[must_use]
pub fn path(name: &str) -> String {
    format!("/assets/{}/{name}", ASSETS.version)
}

/// The asset of an address; none if nothing has this name now, or had it in another version.
#[must_use]
pub fn find(version: &str, name: &str) -> Option<&'static Asset> {
    let assets = &*ASSETS;
    let is_now = assets.version == version;
    assets.all.iter().find(|(other, _)| is_now && *other == name).map(|(_, asset)| asset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_is_found_under_its_own_path_and_under_no_other_version() {
        for (name, _, body) in FILES {
            let path = path(name);
            let mut parts = path.rsplit('/');
            let (last, version) = (parts.next().unwrap(), parts.next().unwrap());
            assert_eq!(find(version, last).unwrap().body, body);
            assert!(find("0000000000000000", name).is_none());
        }
        assert!(find(&ASSETS.version, "../verify.js").is_none());
    }

    #[test]
    fn whatever_a_script_imports_is_an_asset_beside_it() {
        for (name, media_type, body) in FILES {
            if media_type != SCRIPT {
                continue;
            }
            let beside = ["from \"./", "import(\"./"].map(|begin| body.split(begin).skip(1));
            for import in beside.into_iter().flatten() {
                let other = import.split('"').next().unwrap();
                assert!(FILES.iter().any(|(file, _, _)| *file == other), "{name} imports {other}");
            }
        }
    }
}
