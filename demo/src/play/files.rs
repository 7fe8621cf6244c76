//! The files that configure the demo, written as an operator would write them.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;

use super::parties;
use super::site::{
    CENTRE, CENTRE_PLACE, CODE_GTIN, COLD_STORE, DIRECTORY, DOCK_DOOR, FACTORY, FACTORY_PLACE, HUB,
    PACKING_STATION, RIVAL, SHOP, SHOP_PLACE, box_gtin, centre_rules, factory_rules, gtin,
};
use crate::program::{new_bridge, new_ledger, new_token};
use crate::world::{free_address, write_secret};

/// The configuration of the processes that run on the copy of the database.
pub const COPY_FILE: &str = "attacked.toml";

/// The operator's master data: what places and products are called, and where the places are.
pub const NAMES_FILE: &str = "names.csv";

/// The key of hidden codes.
pub const CODE_KEY: &str = "keys/code.key";

/// The npm package with the start page's reader of codes, where `make setup` put it.
const SCANNER: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../trace-api/scanner/node_modules/zxing-wasm");
/// A drawing of the bottle.
const BOTTLE: &str = include_str!("bottle.svg");
/// A drawing of the gift box.
const GIFT_BOX: &str = include_str!("box.svg");

/// Addresses that the processes listen on.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// Ingest.
    pub ingest: SocketAddr,
    /// The anchor worker.
    pub anchor: SocketAddr,
    /// Trace-api, as the public reaches it.
    pub trace: SocketAddr,
    /// Trace-api, as its operator reaches it.
    pub operator: SocketAddr,
    /// The factory's bridge.
    pub factory_bridge: SocketAddr,
    /// The distribution centre's bridge.
    pub centre_bridge: SocketAddr,
}

impl Addresses {
    /// Free addresses on the loopback interface.
    ///
    /// # Errors
    ///
    /// If the machine has none.
    pub fn free() -> anyhow::Result<Self> {
        Ok(Self {
            ingest: free_address()?,
            anchor: free_address()?,
            trace: free_address()?,
            operator: free_address()?,
            factory_bridge: free_address()?,
            centre_bridge: free_address()?,
        })
    }
}

/// Tokens of the partners, known only to the demo's own ERPs.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The factory's ERP.
    pub factory: String,
    /// The distribution centre's ERP.
    pub centre: String,
    /// The shop's till.
    pub shop: String,
    /// The rival.
    pub rival: String,
}

/// What the files must name.
#[derive(Debug, Clone, Copy)]
pub struct Wiring<'a> {
    /// Addresses of the processes.
    pub addresses: Addresses,
    /// Addresses of the processes that run on the copy of the database.
    pub copy_addresses: Addresses,
    /// The database.
    pub database: &'a str,
    /// Its copy, which the attacks are played on.
    pub copy_database: &'a str,
    /// The chain's endpoint.
    pub rpc: &'a str,
    /// The contract.
    pub contract: &'a str,
    /// Path of the factory's reader.
    pub station: &'a Path,
    /// Path of the cold store's sensor.
    pub sensor: &'a Path,
    /// The broker.
    pub broker: SocketAddr,
}

/// Makes keys and writes every file.
///
/// # Errors
///
/// If a file cannot be written.
pub fn write(folder: &Path, wiring: &Wiring<'_>) -> anyhow::Result<Tokens> {
    let keys = folder.join("keys");
    make_ledger_keys(&keys)?;
    fs::write(folder.join("rules/factory.toml"), factory_rules())?;
    fs::write(folder.join("rules/centre.toml"), centre_rules())?;
    fs::create_dir_all(folder.join("pictures"))?;
    fs::write(folder.join(NAMES_FILE), names())?;
    fs::write(folder.join("pictures/bottle.svg"), BOTTLE)?;
    fs::write(folder.join("pictures/box.svg"), GIFT_BOX)?;
    let factory_key = new_bridge(&keys.join("factory-bridge.pem"))?;
    let centre_key = new_bridge(&keys.join("centre-bridge.pem"))?;
    for file in ["keys/scan.secret", "keys/tag.secret", CODE_KEY] {
        write_secret(&folder.join(file), &new_token()?.0)?;
    }
    let (factory, factory_digest) = new_token()?;
    let (centre, centre_digest) = new_token()?;
    let (shop, shop_digest) = new_token()?;
    let (rival, rival_digest) = new_token()?;
    let digests = [factory_digest, centre_digest, shop_digest, rival_digest];
    let bridges = [factory_key.as_str(), &centre_key];
    parties::found_directory(folder, wiring.database, wiring.contract, bridges)?;
    let copy =
        Wiring { addresses: wiring.copy_addresses, database: wiring.copy_database, ..*wiring };
    for (name, wiring) in [("chopmark.toml", wiring), (COPY_FILE, &copy)] {
        fs::write(folder.join(name), main_file(wiring, &digests, [&factory_key, &centre_key]))
            .with_context(|| format!("could not write {name}"))?;
    }
    fs::write(folder.join("factory-bridge.toml"), factory_bridge(wiring))?;
    fs::write(folder.join("centre-bridge.toml"), centre_bridge(wiring))?;
    Ok(Tokens { factory, centre, shop, rival })
}

/// Makes the keys of every ledger, each in a thread of its own because RSA keys take long.
fn make_ledger_keys(keys: &Path) -> anyhow::Result<()> {
    let ledgers = [
        (FACTORY, "factory"),
        (CENTRE, "centre"),
        (SHOP, "shop"),
        (RIVAL, "rival"),
        (HUB, "hub"),
        (DIRECTORY, "directory"),
    ];
    std::thread::scope(|scope| {
        let threads = ledgers.map(|(origin, name)| {
            let file = keys.join(format!("{name}.pem"));
            scope.spawn(move || new_ledger(origin, &file))
        });
        threads.into_iter().try_for_each(|thread| {
            let made = thread.join();
            made.unwrap_or_else(|_| Err(anyhow::anyhow!("making keys panicked"))).map(drop)
        })
    })
}

fn main_file(wiring: &Wiring<'_>, digests: &[String; 4], bridges: [&str; 2]) -> String {
    [
        ledgers(wiring.database),
        senders(wiring.addresses.ingest, digests, bridges),
        chain_and_pages(wiring),
        products_and_places(),
    ]
    .concat()
}

/// The database and its ledgers.
fn ledgers(database: &str) -> String {
    format!(
        r#"# The demo's installation. Written by the demo, read by every process.

[database]
url = "{database}"

[[ledger]]
origin = "{FACTORY}"
party = {{ name = "示例工厂 · Example Factory", pgln = "urn:epc:id:pgln:9521141.00000" }}
keys = "keys/factory.pem"
rules = "rules/factory.toml"

[[ledger]]
origin = "{CENTRE}"
party = {{ name = "示例配送中心 · Example Distribution Centre", pgln = "urn:epc:id:pgln:9521142.00000" }}
keys = "keys/centre.pem"
rules = "rules/centre.toml"

[[ledger]]
origin = "{SHOP}"
party = {{ name = "示例商店 · Example Shop", pgln = "urn:epc:id:pgln:9521143.00000" }}
keys = "keys/shop.pem"

[[ledger]]
origin = "{RIVAL}"
party = {{ name = "示例竞争者 · Example Rival", pgln = "urn:epc:id:pgln:9521148.00000" }}
keys = "keys/rival.pem"

[[ledger]]
origin = "{HUB}"
kind = "hub"
party = {{ name = "Chopmark", pgln = "urn:epc:id:pgln:9521140.00000" }}
keys = "keys/hub.pem"

"#
    )
}

/// Ingest and those who may send to it.
fn senders(ingest: SocketAddr, digests: &[String; 4], bridges: [&str; 2]) -> String {
    let [factory_token, centre_token, shop_token, rival_token] = digests;
    let [factory_bridge, centre_bridge] = bridges;
    format!(
        r#"[ingest]
listen = "{ingest}"
policy = "policy.txt"

[[bridge]]
id = "factory-bridge"
public_key = "{factory_bridge}"
ledger = "{FACTORY}"

[[bridge]]
id = "centre-bridge"
public_key = "{centre_bridge}"
ledger = "{CENTRE}"

[[partner]]
name = "factory-erp"
token_sha256 = "{factory_token}"
ledger = "{FACTORY}"

[[partner]]
name = "centre-erp"
token_sha256 = "{centre_token}"
ledger = "{CENTRE}"

[[partner]]
name = "shop-till"
token_sha256 = "{shop_token}"
ledger = "{SHOP}"

[[partner]]
name = "rival"
token_sha256 = "{rival_token}"
ledger = "{RIVAL}"

"#
    )
}

/// The anchor worker and trace-api.
fn chain_and_pages(wiring: &Wiring<'_>) -> String {
    let Wiring { addresses: Addresses { anchor, trace, operator, .. }, rpc, contract, .. } = wiring;
    let has_scanner = Path::new(SCANNER).is_dir();
    let scanner = if has_scanner { format!("scanner = \"{SCANNER}\"\n") } else { String::new() };
    format!(
        r#"[anchor]
ledger = "{HUB}"
rpc = ["{rpc}"]
chain_id = 31337
contract = "{contract}"
key = "keys/publisher.key"
policy = "policy.txt"
listen = "{anchor}"
epoch_seconds = 1
confirmations = 2
poll_ms = 200

[trace_api]
listen = "{trace}"
internal_listen = "{operator}"
public_url = "http://{trace}"
policy = "policy.txt"
scan_secret = "keys/scan.secret"
tag_secret = "keys/tag.secret"
# The demo's phones reach trace-api as if through a proxy that says where they are.
trusted_proxies = ["127.0.0.1"]
place_header = "Chopmark-Place"
# The demo asks more often than people do.
requests_per_minute = 100000
requests_per_second = 10000
hub = "{HUB}"
# The demo's companies want to be named.
show_parties = true
report_contact = "mailto:care@factory.example"
{scanner}
"#
    )
}

/// What trace-api's pages say about products and places.
fn products_and_places() -> String {
    products() + &places()
}

fn products() -> String {
    format!(
        r#"[[trace_api.product]]
gtin = "{gtin}"
name_zh = "冷泡绿茶 330 毫升"
name_en = "Cold-brewed green tea, 330 ml"
brand_zh = "示例茶厂"
brand_en = "Example Tea"
picture = "pictures/bottle.svg"
recall_url = "https://factory.example/recall"
pack_zh = "瓶盖为墨绿色，有竖纹。盖下有一道金环，打开后断裂。批号激光刻在标签下沿，可摸到。"
pack_en = "Dark green cap, ribbed. A gold ring under the cap, broken once opened. The lot number lasered on the label's lower edge: you can feel it."

[[trace_api.product]]
gtin = "{box_gtin}"
name_zh = "冷泡绿茶礼盒，六瓶装"
name_en = "Cold-brewed green tea, gift box of six"
brand_zh = "示例茶厂"
brand_en = "Example Tea"
picture = "pictures/box.svg"
recall_url = "https://factory.example/recall"
pack_zh = "盒盖为墨绿色布纹纸。标签上有两竿竹，右竿高过左竿。封口为金色纸带，撕开后不能复原。"
pack_en = "Dark green lid of woven paper. Two bamboo canes on the label, the right one taller. A gold paper band that cannot be closed again once torn."

"#,
        gtin = gtin(),
        box_gtin = box_gtin()
    ) + &format!(
        r#"[[trace_api.product]]
gtin = "{CODE_GTIN}"
name_zh = "冷泡绿茶罐装"
name_en = "Cold-brewed green tea, tin"
brand_zh = "示例茶厂"
brand_en = "Example Tea"
pack_zh = "罐底涂层下有验证码，刮开后不能复原。"
pack_en = "A code under the layer on the tin's bottom, which cannot be closed again once scratched."
code_key = "{CODE_KEY}"

"#
    )
}

fn places() -> String {
    format!(
        r#"[[trace_api.place]]
sgln = "{FACTORY_PLACE}"
name_zh = "示例工厂，杭州"
name_en = "Example Factory, Hangzhou"
city_zh = "杭州"
city_en = "Hangzhou"

[[trace_api.place]]
sgln = "{CENTRE_PLACE}"
name_zh = "示例配送中心，上海"
name_en = "Example Distribution Centre, Shanghai"
city_zh = "上海"
city_en = "Shanghai"

[[trace_api.place]]
sgln = "{SHOP_PLACE}"
name_zh = "示例商店，上海"
name_en = "Example Shop, Shanghai"
city_zh = "上海"
city_en = "Shanghai"

[log]
level = "info"
"#
    )
}

/// Names of places and products and positions of the places, as `chopmark master import` takes them.
fn names() -> String {
    format!(
        "id,name@en,name@zh,city@en,city@zh,latitude,longitude\n\
         {FACTORY_PLACE},\"Example Factory, Hangzhou\",示例工厂，杭州,Hangzhou,杭州,30.25,120.17\n\
         {CENTRE_PLACE},\"Example Distribution Centre, Shanghai\",示例配送中心，上海,Shanghai,上海,31.19,121.70\n\
         {SHOP_PLACE},\"Example Shop, Shanghai\",示例商店，上海,Shanghai,上海,31.23,121.47\n\
         https://id.gs1.org/01/{bottle},\"Cold-brewed green tea, 330 ml\",冷泡绿茶 330 毫升,,,,\n\
         https://id.gs1.org/01/{gift_box},\"Cold-brewed green tea, gift box of six\",冷泡绿茶礼盒，六瓶装,,,,\n",
        bottle = gtin(),
        gift_box = box_gtin()
    )
}

fn factory_bridge(wiring: &Wiring<'_>) -> String {
    format!(
        r#"# The bridge at the factory: one serial reader at the packing station.
[firmware_bridge]
id = "factory-bridge"
key = "keys/factory-bridge.pem"
spool = "factory-spool.sqlite"
ingest_url = "http://{ingest}"
ledger = "{FACTORY}"
listen = "{listen}"

[[firmware_bridge.reader]]
id = "packing-station"
read_point = "{PACKING_STATION}"
settle = {{ quiet_ms = 400, longest_ms = 30000 }}
device.r200 = {{ port = "{port}", power_dbm = 20.0 }}
"#,
        ingest = wiring.addresses.ingest,
        listen = wiring.addresses.factory_bridge,
        port = wiring.station.display()
    )
}

fn centre_bridge(wiring: &Wiring<'_>) -> String {
    format!(
        r#"# The bridge at the distribution centre: a dock door and a cold store.
[firmware_bridge]
id = "centre-bridge"
key = "keys/centre-bridge.pem"
spool = "centre-spool.sqlite"
ingest_url = "http://{ingest}"
ledger = "{CENTRE}"
listen = "{listen}"

[[firmware_bridge.reader]]
id = "dock-door-3"
read_point = "{DOCK_DOOR}"
settle = {{ quiet_ms = 1500, longest_ms = 60000 }}
device.impinj-r700 = {{ broker = "{broker}", topic = "door/3/tags" }}

# A sensor's window is a minute in production; here one second, so that the demo need not wait.
[[firmware_bridge.reader]]
id = "cold-store-7"
read_point = "{COLD_STORE}"
settle = {{ quiet_ms = 5000, longest_ms = 1000 }}
device.xy-md02 = {{ port = "{sensor}", sensor = "urn:epc:id:giai:9521142.COLD7", every_ms = 200 }}
"#,
        ingest = wiring.addresses.ingest,
        listen = wiring.addresses.centre_bridge,
        broker = wiring.broker,
        sensor = wiring.sensor.display()
    )
}
