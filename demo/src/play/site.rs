//! The sites of the demo: who they are, what they make, the files that configure them.
//!
//! What holds: everything here follows from one seed, so the demo is the same every time, except for keys,
//! tokens, ports and the time of day. The company prefixes are of the range 952 that GS1 keeps for
//! demonstrations.
//!
//! Not here: starting anything ([`super::stage`]), what happens ([`super::scene`]).

use demo::simulators::seeded::Seeded;
use epc::{Epc, TagEpc};

/// Items on the pallet.
pub const ITEMS: usize = 1_700;
/// Items in one case.
pub const ITEMS_PER_CASE: usize = 100;
/// Gift boxes on the second pallet, in one case.
pub const BOXES: usize = 24;
/// Items that the despatch advice announces and that never came onto the pallet.
pub const ANNOUNCED_TOO_MANY: usize = 2;

/// Origins of the ledgers.
pub const FACTORY: &str = "factory.example/packing";
/// The distribution centre's ledger.
pub const CENTRE: &str = "centre.example/docks";
/// The shop's ledger.
pub const SHOP: &str = "shop.example/till";
/// The ledger of somebody who has nothing to do with the factory's goods.
pub const RIVAL: &str = "rival.example/shed";
/// The ledger that says who is who.
pub const DIRECTORY: &str = "who.example/directory";
/// The ledger of ledgers.
pub const HUB: &str = "hub.example/checkpoints";

/// Location of the factory.
pub const FACTORY_PLACE: &str = "urn:epc:id:sgln:9521141.00001.0";
/// Its packing station.
pub const PACKING_STATION: &str = "urn:epc:id:sgln:9521141.00001.101";
/// Location of the distribution centre.
pub const CENTRE_PLACE: &str = "urn:epc:id:sgln:9521142.00001.0";
/// Its dock door.
pub const DOCK_DOOR: &str = "urn:epc:id:sgln:9521142.00001.3";
/// Its cold store.
pub const COLD_STORE: &str = "urn:epc:id:sgln:9521142.00001.7";
/// Location of the shop.
pub const SHOP_PLACE: &str = "urn:epc:id:sgln:9521143.00001.0";

/// Location of the rival.
pub const RIVAL_PLACE: &str = "urn:epc:id:sgln:9521148.00001.0";

/// Lot number of the bottles.
pub const LOT: &str = "L2611A";
/// Lot number of the gift boxes.
const BOX_LOT: &str = "L2611G";
/// The bottles' lot as a class.
pub const LOT_CLASS: &str = "urn:epc:class:lgtin:9521141.012345.L2611A";
/// Reference of the despatch advice for the bottles.
pub const DESPATCH_ADVICE: &str = "urn:epcglobal:cbv:bt:9521141000012:DESADV-88001";
/// Reference of the despatch advice for the gift boxes.
pub const BOX_DESPATCH_ADVICE: &str = "urn:epcglobal:cbv:bt:9521141000012:DESADV-88002";
/// Highest temperature allowed in the cold store, degrees Celsius.
pub const COLD_STORE_MAX: &str = "8.0";

/// A gift box that was made long ago, for the page of an expired one.
pub const EXPIRED_ITEM: &str = "urn:epc:id:sgtin:9521141.012346.1001";

/// GTIN of a tin with a code under a scratch layer; none of it was delivered yet.
pub const CODE_GTIN: &str = "09521141123478";

/// Days from now until the lot expires.
const SHELF_LIFE_DAYS: i64 = 180;

/// The goods of the demo.
#[derive(Debug, Clone)]
pub struct Goods {
    /// The bottles, in the order of packing.
    pub items: Vec<TagEpc>,
    /// Announced, never made.
    pub never_made: Vec<TagEpc>,
    /// One case per hundred items.
    pub cases: Vec<TagEpc>,
    /// The bottles' pallet.
    pub pallet: TagEpc,
    /// The gift boxes.
    pub boxes: Vec<TagEpc>,
    /// Their case.
    pub box_case: TagEpc,
    /// Their pallet.
    pub box_pallet: TagEpc,
    /// Items of another sender at the neighbouring door.
    pub strays: Vec<TagEpc>,
}

impl Goods {
    /// Makes the goods that belong to `seed`.
    ///
    /// # Errors
    ///
    /// Never in practice; the tag crate's own words if an identity were malformed.
    pub fn seeded(seed: u64) -> anyhow::Result<Self> {
        let mut numbers = Seeded::new(seed);
        let mut serials = std::collections::BTreeSet::new();
        let mut order = Vec::new();
        // Serials are scattered over the 38 bits of SGTIN-96, so that one does not tell the next.
        while order.len() < ITEMS + ANNOUNCED_TOO_MANY + BOXES {
            let serial = numbers.draw() >> 26;
            if serials.insert(serial) {
                order.push(serial);
            }
        }
        let (bottles, boxes) = order.split_at(ITEMS + ANNOUNCED_TOO_MANY);
        let item = |serial: &u64| tag(&format!("sgtin-96:1.9521141.012345.{serial}"));
        let inner_pack = |serial: &u64| tag(&format!("sgtin-96:4.9521141.012346.{serial}"));
        let case = |number: usize| tag(&format!("sscc-96:2.9521141.1{number:09}"));
        let stray = |number: usize| tag(&format!("sgtin-96:1.9521149.054321.{}", 700_000 + number));
        Ok(Self {
            items: bottles[..ITEMS].iter().map(item).collect::<Result<_, _>>()?,
            never_made: bottles[ITEMS..].iter().map(item).collect::<Result<_, _>>()?,
            cases: (1..=ITEMS / ITEMS_PER_CASE).map(case).collect::<Result<_, _>>()?,
            pallet: tag("sscc-96:6.9521141.2000000001")?,
            boxes: boxes.iter().map(inner_pack).collect::<Result<_, _>>()?,
            box_case: case(ITEMS / ITEMS_PER_CASE + 1)?,
            box_pallet: tag("sscc-96:6.9521141.2000000002")?,
            strays: (0..60).map(stray).collect::<Result<_, _>>()?,
        })
    }

    /// The items of one case.
    pub fn in_case(&self, case: usize) -> &[TagEpc] {
        &self.items[case * ITEMS_PER_CASE..(case + 1) * ITEMS_PER_CASE]
    }
}

fn tag(rest: &str) -> Result<TagEpc, epc::EpcError> {
    TagEpc::from_tag_uri(&format!("urn:epc:tag:{rest}"))
}

/// The path under which a phone asks for an item: `/01/{gtin}/21/{serial}`.
pub fn scan_path(item: &Epc) -> String {
    let gtin = item.gtin14().unwrap_or_default();
    let serial = item.serial().unwrap_or_default();
    format!("/01/{gtin}/21/{serial}")
}

/// Rules of the factory: what is seen first is made; what is seen with one case is packed into it.
pub fn factory_rules() -> String {
    let expiry = jiff::Zoned::now().date().saturating_add(jiff::Span::new().days(SHELF_LIFE_DAYS));
    format!(
        r#"# What an observation means at the factory.
version = "1"
time_zone_offset = "+08:00"
location = "{FACTORY_PLACE}"

# SGTIN filter 1 is an item for the till, 4 an inner pack (GS1 Tag Data Standard, table of SGTIN filter values).
[[rule]]
id = "make-bottles"
read_point = "{PACKING_STATION}"
biz_location = "{FACTORY_PLACE}"
min_reads = 2
concludes.commission = {{ things = {{ scheme = "sgtin", filter = 1 }}, lot = "{LOT}", expiry = "{expiry}" }}

[[rule]]
id = "make-gift-boxes"
read_point = "{PACKING_STATION}"
biz_location = "{FACTORY_PLACE}"
min_reads = 2
concludes.commission = {{ things = {{ scheme = "sgtin", filter = 4 }}, lot = "{BOX_LOT}", expiry = "{expiry}" }}

# SSCC filter 2 is a full case, 6 a unit load (GS1 Tag Data Standard, table of SSCC filter values).
[[rule]]
id = "pack-case"
read_point = "{PACKING_STATION}"
biz_location = "{FACTORY_PLACE}"
concludes.pack = {{ container = {{ scheme = "sscc", filter = 2 }}, contents = {{ scheme = "sgtin" }} }}

[[rule]]
id = "build-pallet"
read_point = "{PACKING_STATION}"
biz_location = "{FACTORY_PLACE}"
concludes.pack = {{ container = {{ scheme = "sscc", filter = 6 }}, contents = {{ scheme = "sscc", filter = 2 }} }}
"#
    )
}

/// Rules of the distribution centre: what passes the door is received; the cold store has a limit.
pub fn centre_rules() -> String {
    format!(
        r#"# What an observation means at the distribution centre.
version = "1"
time_zone_offset = "+08:00"
location = "{CENTRE_PLACE}"

# A tag that passes is read often and strongly; one parked at the next door seldom and weakly.
[[rule]]
id = "dock-door-3"
read_point = "{DOCK_DOOR}"
biz_location = "{CENTRE_PLACE}"
min_reads = 5
min_rssi_mean_dbm = -60.0
concludes.receive.things = {{ scheme = "sgtin" }}

# In the demo two seconds replace the ten minutes that a real store would allow.
[[rule]]
id = "cold-store-limit"
read_point = "{COLD_STORE}"
biz_location = "{CENTRE_PLACE}"
concludes.excursion = {{ quantity = "temperature", max = "{COLD_STORE_MAX}", allowed_s = 2.0, lots = ["{LOT_CLASS}"] }}
"#
    )
}

/// GTIN of the bottles, 14 digits.
pub fn gtin() -> String {
    gtin_of("urn:epc:id:sgtin:9521141.012345.1")
}

/// GTIN of the gift boxes, 14 digits.
pub fn box_gtin() -> String {
    gtin_of("urn:epc:id:sgtin:9521141.012346.1")
}

fn gtin_of(item: &str) -> String {
    Epc::from_uri(item).ok().and_then(|epc| epc.gtin14()).unwrap_or_default()
}
