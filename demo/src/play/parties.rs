//! The demo's directory: whose each ledger, company prefix, site and bridge is, and the policy that follows from it.
//!
//! The way through: [`found_directory`] makes a person's key for each party, describes the parties in files, and runs
//! `chopmark directory init` and `export`, as an operator would.
//!
//! What holds: the policy that all processes of the demo read is the one that the directory proves.

use std::fs;
use std::path::Path;

use ledger::json::{Json, object};

use super::site::{
    CENTRE, CENTRE_PLACE, COLD_STORE, DIRECTORY, DOCK_DOOR, FACTORY, FACTORY_PLACE,
    PACKING_STATION, RIVAL_PLACE, SHOP_PLACE,
};
use crate::program;

/// A party beside the factory, which keeps the directory.
struct Party {
    id: &'static str,
    name: &'static str,
    prefix: &'static str,
    place: &'static str,
    /// File of its admin's key.
    admin: &'static str,
}

const OTHERS: [Party; 3] = [
    Party {
        id: "centre",
        name: "示例配送中心 · Example Distribution Centre",
        prefix: "9521142",
        place: CENTRE_PLACE,
        admin: "wu.pem",
    },
    Party {
        id: "shop",
        name: "示例商店 · Example Shop",
        prefix: "9521143",
        place: SHOP_PLACE,
        admin: "zhao.pem",
    },
    Party {
        id: "rival",
        name: "示例竞争者 · Example Rival",
        prefix: "9521148",
        place: RIVAL_PLACE,
        admin: "qian.pem",
    },
];

/// Installs the directory and writes `policy.txt`.
///
/// - `contract`: address of the registry on the demo's chain.
/// - `bridges`: public keys of the factory's and the centre's bridge.
///
/// # Errors
///
/// If a command fails or a file cannot be written.
pub fn found_directory(
    folder: &Path,
    database: &str,
    contract: &str,
    bridges: [&str; 2],
) -> anyhow::Result<()> {
    let [factory_bridge, centre_bridge] = bridges;
    for (holder, file) in [
        ("factory/lin", "keys/lin.pem"),
        ("centre/wu", "keys/wu.pem"),
        ("shop/zhao", "keys/zhao.pem"),
        ("rival/qian", "keys/qian.pem"),
    ] {
        program::output(folder, &["directory", "key", holder, "--out", file])?;
    }
    for party in &OTHERS {
        let file = folder.join(format!("keys/{}.party.json", party.id));
        fs::write(file, describe(party, centre_bridge).canonical())?;
    }
    let bridge = format!("factory-bridge,{factory_bridge},{FACTORY},{PACKING_STATION}");
    let (chain, site) = (format!("31337:{contract}"), gln(FACTORY_PLACE));
    let mut words = vec!["directory", "init", "--database", database, "--origin", DIRECTORY];
    words.extend(["--name", "示例工厂 · Example Factory", "--site", &site]);
    words.extend(["--chain", &chain, "--bridge", &bridge]);
    let files = "--keys keys/directory.pem --key keys/lin.pem --hub keys/hub.pem --party factory \
                 --pgln urn:epc:id:pgln:9521141.00000 --ledger keys/factory.pem --prefix 9521141 --since-days 1 \
                 --more keys/centre.party.json --more keys/shop.party.json --more keys/rival.party.json";
    words.extend(files.split_whitespace());
    fs::write(folder.join("pin.txt"), program::output(folder, &words)?)?;
    let words = ["directory", "export", "--policy", "pin.txt", "--out", "exported", "--database"];
    program::output(folder, &[&words[..], &[database]].concat())?;
    fs::copy(folder.join("exported/policy.txt"), folder.join("policy.txt"))?;
    Ok(())
}

/// The file of a party, for `--more`. The centre has a bridge.
fn describe(party: &Party, centre_bridge: &str) -> Json {
    let text = |value: &str| Json::from(value);
    let one = |value: String| Json::Array(vec![Json::from(value)]);
    let bridge = object([
        ("name", text("centre-bridge")),
        ("key", text(centre_bridge)),
        ("ledger", text(CENTRE)),
        ("read_points", Json::Array(vec![text(DOCK_DOOR), text(COLD_STORE)])),
    ]);
    let bridges = if party.id == "centre" { vec![bridge] } else { Vec::new() };
    object([
        ("id", text(party.id)),
        ("name", text(party.name)),
        ("pgln", one(format!("urn:epc:id:pgln:{}.00000", party.prefix))),
        ("sites", one(gln(party.place))),
        ("admins", one(party.admin.to_owned())),
        ("ledgers", one(format!("{}.pem", party.id))),
        ("prefixes", one(party.prefix.to_owned())),
        ("bridges", Json::Array(bridges)),
    ])
}

/// The 13 digits of a location's GLN.
fn gln(sgln: &str) -> String {
    let key = epc::thing_key(sgln);
    key.split('/').nth(4).unwrap_or_default().to_owned()
}
